//! The application: a route for each change, and one that holds the session until another request releases it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use session_axum::session_store::Store;
use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// All processes of the application have it.
const SECRET_KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
/// A busy machine is no fault.
const DEADLINE: Duration = Duration::from_secs(10);

/// For one request at a time.
#[derive(Default)]
struct Gate {
    arrived: Notify,
    opened: Notify,
}

async fn count(session: Session) -> Result<String, Error> {
    Ok(session.increment("count", 1)?.to_string())
}

async fn push(session: Session, Path(item): Path<String>) -> Result<(), Error> {
    Ok(session.push("list", item)?)
}

async fn flash(session: Session, Path(item): Path<String>) -> Result<(), Error> {
    Ok(session.flash(item, "info")?)
}

fn change(session: &Session, item: &str) -> Result<(), Error> {
    session.increment("count", 1)?;
    session.push("list", item)?;
    Ok(session.flash(item, "info")?)
}

async fn all(session: Session, Path(item): Path<String>) -> Result<(), Error> {
    change(&session, &item)
}

async fn take(session: Session) -> Result<Json<Vec<String>>, Error> {
    let taken = session.take_flashes()?;
    Ok(Json(
        taken
            .iter()
            .map(|flash| flash.message().to_owned())
            .collect(),
    ))
}

async fn login(session: Session, Path(user): Path<String>) -> Result<(), Error> {
    session.log_in(&user)?;
    Ok(session.insert("user", user)?)
}

async fn logout(session: Session) -> Result<(), Error> {
    Ok(session.clear()?)
}

/// Reads its session, waits, and then does to it what it was asked.
async fn slow(
    session: Session,
    Path(what): Path<String>,
    State(gate): State<Arc<Gate>>,
) -> Result<String, Error> {
    let seen = session.to_json();
    gate.arrived.notify_one();
    gate.opened.notified().await;
    match &*what {
        "change" => change(&session, "slow")?,
        "remember" => session.set_permanent(true)?,
        _ => assert_eq!(what, "read"),
    }
    Ok(seen)
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, store: Arc<dyn Store>) {
    let builder = Sessions::builder(SecretKey::new(SECRET_KEY).unwrap());
    let sessions = builder
        .deadlines(DEADLINE, DEADLINE)
        .build_stored()
        .unwrap();
    let application = Router::new()
        .route("/", get(async |session: Session| session.to_json()))
        .route("/count", post(count))
        .route("/push/{item}", post(push))
        .route("/flash/{item}", post(flash))
        .route("/all/{item}", post(all))
        .route("/take", post(take))
        .route("/login/{user}", post(login))
        .route("/logout", post(logout))
        .route("/slow/{what}", post(slow))
        .route(
            "/arrived",
            get(async |gate: State<Arc<Gate>>| gate.arrived.notified().await),
        )
        .route(
            "/open",
            post(async |gate: State<Arc<Gate>>| gate.opened.notify_one()),
        )
        .layer(SessionLayer::stored(sessions, store))
        .with_state(Arc::default());
    axum::serve(listener, application).await.unwrap();
}
