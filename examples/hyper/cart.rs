//! A shopping cart: a struct in the session, which a later release may give new fields.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin cart-hyper`, then
//! `curl -c jar -b jar -X POST http://127.0.0.1:5000/cart/mug` and `curl -b jar http://127.0.0.1:5000/cart`

use std::collections::BTreeMap;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde::{Deserialize, Serialize};
use session_hyper::session_core::Session;
use session_hyper::{Config, Error, RequestSession, SessionLayer, Sessions};
use tokio::net::TcpListener;

const PRODUCTS: [&str; 3] = ["mug", "pen", "lamp"];

/// The cart in the session. `default` gives a field its default value if the cart was stored before the field existed;
/// without it such a cart would be an error.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cart {
    items: BTreeMap<String, u32>,
    gift_wrapped: bool,
}

async fn route(request: Request<Incoming>) -> Result<Response<String>, Error> {
    let session = request.session().await?;
    let path: Vec<&str> = request.uri().path().split('/').collect();
    match (request.method(), &path[..]) {
        (&Method::GET, ["", "cart"]) => show(&session),
        (&Method::POST, ["", "cart", "wrap"]) => wrap(&session),
        // A cart in a cookie must stay small: it takes no names that a client makes up.
        (&Method::POST, ["", "cart", product]) if PRODUCTS.contains(product) => {
            add(&session, product)
        }
        (&Method::DELETE, ["", "cart", product]) => remove(&session, product),
        _ => Ok(empty(StatusCode::NOT_FOUND)),
    }
}

fn show(session: &Session) -> Result<Response<String>, Error> {
    let cart: Option<Cart> = session.get("cart")?;
    let json = serde_json::json!(cart.unwrap_or_default());
    Ok(Response::new(json.to_string()))
}

fn add(session: &Session, product: &str) -> Result<Response<String>, Error> {
    // `update` begins with `Cart::default()` if there is no cart, and stores the changed cart.
    let number = session.update("cart", |cart: &mut Cart| {
        let number = cart.items.entry(product.to_owned()).or_default();
        *number += 1;
        *number
    })?;
    Ok(Response::new(format!("{number} x {product}\n")))
}

fn remove(session: &Session, product: &str) -> Result<Response<String>, Error> {
    let removed = session.update("cart", |cart: &mut Cart| cart.items.remove(product))?;
    Ok(empty(match removed {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }))
}

fn wrap(session: &Session) -> Result<Response<String>, Error> {
    session.update("cart", |cart: &mut Cart| cart.gift_wrapped = true)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn empty(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}

/// Serves the application: its routes, wrapped in the layer that gives them sessions.
pub async fn serve(listener: TcpListener, sessions: Sessions) -> std::io::Result<()> {
    let service = SessionLayer::new(sessions).wrap(service_fn(route));
    loop {
        let (stream, service) = (TokioIo::new(listener.accept().await?.0), service.clone());
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            builder.serve_connection(stream, service).await
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.build()?;
    Ok(serve(TcpListener::bind("127.0.0.1:5000").await?, sessions).await?)
}
