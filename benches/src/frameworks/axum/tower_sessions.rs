//! tower-sessions: an id in the cookie, the values in a store.

use axum::Router;
use serde_json::{Map, Value};
use tower_sessions::cookie::Key;
use tower_sessions::session::Error;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use super::{answer, routes};
use crate::payload::KEY;

pub fn plain(fields: Map<String, Value>) -> Router {
    router(fields).layer(SessionManagerLayer::new(MemoryStore::default()))
}

pub fn signed(fields: Map<String, Value>) -> Router {
    router(fields)
        .layer(SessionManagerLayer::new(MemoryStore::default()).with_signed(Key::generate()))
}

fn router(fields: Map<String, Value>) -> Router {
    let fill = |session: Session| async move {
        for (key, value) in fields {
            session.insert(&key, value).await.unwrap();
        }
    };
    routes(
        |session| async { read(session).await.unwrap() },
        |session| async { write(session).await.unwrap() },
        fill,
    )
}

async fn read(session: Session) -> Result<&'static str, Error> {
    Ok(answer(session.get(KEY).await?.unwrap_or(0)))
}

async fn write(session: Session) -> Result<&'static str, Error> {
    let visits = session.get(KEY).await?.unwrap_or(0) + 1;
    session.insert(KEY, visits).await?;
    Ok(answer(visits))
}
