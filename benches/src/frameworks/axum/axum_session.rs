//! axum_session without a database: an id in the cookie, the values in its memory.

use axum::Router;
use axum_session::{Key, Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use serde_json::{Map, Value};

use super::{answer, finish, routes};
use crate::payload::KEY;

type Stored = Session<SessionNullPool>;

pub fn plain(fields: Map<String, Value>) -> Router {
    router(fields, SessionConfig::default())
}

pub fn with_key(fields: Map<String, Value>) -> Router {
    router(fields, SessionConfig::default().with_key(Key::generate()))
}

fn router(fields: Map<String, Value>, config: SessionConfig) -> Router {
    let store = finish(SessionStore::<SessionNullPool>::new(None, config)).unwrap();
    let fill = |session: Stored| async move {
        fields
            .iter()
            .for_each(|(key, value)| session.set(key, value));
    };
    routes(read, write, fill).layer(SessionLayer::new(store))
}

async fn read(session: Stored) -> &'static str {
    answer(session.get(KEY).unwrap_or(0))
}

async fn write(session: Stored) -> &'static str {
    let visits = session.get(KEY).unwrap_or(0) + 1;
    session.set(KEY, visits);
    answer(visits)
}
