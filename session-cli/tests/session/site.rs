//! Sessions in a store, as an application makes them.

use std::sync::Arc;

use http::HeaderMap;
use http::header::SET_COOKIE;
use session_core::{Error, SecretKey, Session, Sessions};
use session_store::{SessionBackend, Store};

use crate::helpers::KEY;

/// Makes a session, and returns its cookie, `name=value`.
pub(crate) async fn session(
    backend: &SessionBackend,
    handler: impl FnOnce(&Session) -> Result<(), Error>,
) -> String {
    let exchange = backend.exchange(&HeaderMap::new());
    let session = backend.open(&exchange).await.unwrap();
    handler(&session).unwrap();
    let mut response = HeaderMap::new();
    let mut outgoing = backend.close(exchange).await;
    outgoing.apply(&mut response).unwrap();
    let set = response[SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// Makes two sessions of ada, one of bob, and one without a user. Returns their cookies.
pub(crate) async fn four_sessions(store: Arc<dyn Store>, encrypted: bool) -> Vec<String> {
    let builder = Sessions::builder(SecretKey::new(KEY).unwrap());
    let builder = if encrypted {
        builder.encrypted()
    } else {
        builder
    };
    let backend = SessionBackend::stored(builder.build_stored().unwrap(), store);
    let mut cookies = Vec::new();
    for (user, label, visits) in [
        (Some("ada"), Some("Firefox on Linux"), 1),
        (Some("ada"), Some("a\u{1b}[31m\u{202e}b \"c\""), 2),
        (Some("bob"), None, 3),
        (None, None, 4),
    ] {
        let made = session(&backend, |session| {
            if let Some(user) = user {
                session.log_in(user)?;
            }
            if let Some(label) = label {
                session.set_label(label)?;
            }
            session.insert("visits", visits)
        });
        cookies.push(made.await);
    }
    cookies
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}
