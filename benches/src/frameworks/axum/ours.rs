//! Our adapter.

use std::sync::Arc;

use axum::Router;
use serde_json::{Map, Value};
use session_axum::{Error, MemoryStore, SecretKey, Session, SessionLayer, Sessions};

use super::{answer, routes};
use crate::core;
use crate::payload::{KEY, SECRET};

pub fn signed(fields: Map<String, Value>) -> Router {
    router(fields).layer(SessionLayer::new(core::signed()))
}

pub fn encrypted(fields: Map<String, Value>) -> Router {
    router(fields).layer(SessionLayer::new(builder().encrypted().build().unwrap()))
}

pub fn memory(fields: Map<String, Value>) -> Router {
    let store = Arc::new(MemoryStore::new());
    router(fields).layer(SessionLayer::stored(
        builder().build_stored().unwrap(),
        store,
    ))
}

fn builder() -> session_core::Builder {
    Sessions::builder(SecretKey::new(SECRET).unwrap())
}

fn router(fields: Map<String, Value>) -> Router {
    let fill = |session: Session| async move {
        fields
            .iter()
            .for_each(|(key, value)| session.insert(key, value).unwrap());
    };
    routes(read, write, fill)
}

async fn read(session: Session) -> Result<&'static str, Error> {
    Ok(answer(session.get(KEY)?.unwrap_or(0)))
}

async fn write(session: Session) -> Result<&'static str, Error> {
    let visits = session.get(KEY)?.unwrap_or(0) + 1;
    session.insert(KEY, visits)?;
    Ok(answer(visits))
}
