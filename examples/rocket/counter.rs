//! Counts the visits of each visitor.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin counter-rocket`, then open http://127.0.0.1:8000

use rocket::{Build, Rocket, get, routes};
use session_rocket::{Config, Error, Session, SessionFairing, Sessions};

#[get("/")]
fn visit(session: Session) -> Result<String, Error> {
    let visits = session.increment("visits", 1)?;
    Ok(format!("You have visited this page {visits} times\n"))
}

/// The application: its routes, and the fairing that gives them sessions.
pub fn app(sessions: Sessions) -> Rocket<Build> {
    rocket::build()
        .attach(SessionFairing::new(sessions))
        .mount("/", routes![visit])
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.build()?;
    app(sessions).launch().await?;
    Ok(())
}
