//! A shopping cart: a struct in the session, which a later release may give new fields.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin cart-axum`, then
//! `curl -c jar -b jar -X POST http://127.0.0.1:5000/cart/mug` and `curl -b jar http://127.0.0.1:5000/cart`

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use session_axum::{Config, Error, Session, SessionLayer, Sessions};
use tokio::net::TcpListener;

const PRODUCTS: [&str; 3] = ["mug", "pen", "lamp"];

/// The cart in the session. `default` gives a field its default value if the cart was stored before the field existed;
/// without it such a cart would be an error.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cart {
    items: BTreeMap<String, u32>,
    gift_wrapped: bool,
}

async fn show(session: Session) -> Result<Json<Cart>, Error> {
    let cart: Option<Cart> = session.get("cart")?;
    Ok(Json(cart.unwrap_or_default()))
}

async fn add(session: Session, Path(product): Path<String>) -> Result<Response, Error> {
    // A cart in a cookie must stay small: it takes no names that a client makes up.
    if !PRODUCTS.contains(&product.as_str()) {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    // `update` begins with `Cart::default()` if there is no cart, and stores the changed cart.
    let number = session.update("cart", |cart: &mut Cart| {
        let number = cart.items.entry(product.clone()).or_default();
        *number += 1;
        *number
    })?;
    Ok(format!("{number} x {product}\n").into_response())
}

async fn remove(session: Session, Path(product): Path<String>) -> Result<StatusCode, Error> {
    let removed = session.update("cart", |cart: &mut Cart| cart.items.remove(&product))?;
    Ok(match removed {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    })
}

async fn wrap(session: Session) -> Result<StatusCode, Error> {
    session.update("cart", |cart: &mut Cart| cart.gift_wrapped = true)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The application: its routes, and the layer that gives them sessions.
pub fn app(sessions: Sessions) -> Router {
    Router::new()
        .route("/cart", get(show))
        .route("/cart/wrap", post(wrap))
        .route("/cart/{product}", post(add).delete(remove))
        .layer(SessionLayer::new(sessions))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.build()?;
    let listener = TcpListener::bind("127.0.0.1:5000").await?;
    Ok(axum::serve(listener, app(sessions)).await?)
}
