//! A shopping cart: a struct in the session, which a later release may give new fields.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin cart-rocket`, then
//! `curl -c jar -b jar -X POST http://127.0.0.1:8000/cart/mug` and `curl -b jar http://127.0.0.1:8000/cart`

use std::collections::BTreeMap;

use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Build, Rocket, delete, get, post, routes};
use serde::{Deserialize, Serialize};
use session_rocket::{Config, Error, Session, SessionFairing, Sessions};

const PRODUCTS: [&str; 3] = ["mug", "pen", "lamp"];

/// The cart in the session. `default` gives a field its default value if the cart was stored before the field existed;
/// without it such a cart would be an error.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cart {
    items: BTreeMap<String, u32>,
    gift_wrapped: bool,
}

#[get("/cart")]
fn show(session: Session) -> Result<Json<Cart>, Error> {
    let cart: Option<Cart> = session.get("cart")?;
    Ok(Json(cart.unwrap_or_default()))
}

#[post("/cart/<product>")]
fn add(session: Session, product: &str) -> Result<Result<String, Status>, Error> {
    // A cart in a cookie must stay small: it takes no names that a client makes up.
    if !PRODUCTS.contains(&product) {
        return Ok(Err(Status::NotFound));
    }
    // `update` begins with `Cart::default()` if there is no cart, and stores the changed cart.
    let number = session.update("cart", |cart: &mut Cart| {
        let number = cart.items.entry(product.to_owned()).or_default();
        *number += 1;
        *number
    })?;
    Ok(Ok(format!("{number} x {product}\n")))
}

#[delete("/cart/<product>")]
fn remove(session: Session, product: &str) -> Result<Status, Error> {
    let removed = session.update("cart", |cart: &mut Cart| cart.items.remove(product))?;
    Ok(match removed {
        Some(_) => Status::NoContent,
        None => Status::NotFound,
    })
}

#[post("/cart/wrap")]
fn wrap(session: Session) -> Result<Status, Error> {
    session.update("cart", |cart: &mut Cart| cart.gift_wrapped = true)?;
    Ok(Status::NoContent)
}

/// The application: its routes, and the fairing that gives them sessions.
pub fn app(sessions: Sessions) -> Rocket<Build> {
    rocket::build()
        .attach(SessionFairing::new(sessions))
        .mount("/", routes![show, add, remove, wrap])
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.build()?;
    app(sessions).launch().await?;
    Ok(())
}
