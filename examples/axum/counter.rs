//! Counts the visits of each visitor.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin counter-axum`, then open http://127.0.0.1:5000

use axum::Router;
use axum::routing::get;
use session_axum::{Config, Error, Session, SessionLayer, Sessions};
use tokio::net::TcpListener;

async fn visit(session: Session) -> Result<String, Error> {
    let visits = session.increment("visits", 1)?;
    Ok(format!("You have visited this page {visits} times\n"))
}

/// The application: its routes, and the layer that gives them sessions.
pub fn app(sessions: Sessions) -> Router {
    Router::new()
        .route("/", get(visit))
        .layer(SessionLayer::new(sessions))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.build()?;
    let listener = TcpListener::bind("127.0.0.1:5000").await?;
    Ok(axum::serve(listener, app(sessions)).await?)
}
