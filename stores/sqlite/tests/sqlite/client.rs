//! An application over a store, and its browsers, without a server between them.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use session_core::{Error, SecretKey, Session, Sessions};
use session_store::{SessionBackend, Store};

/// The secret key, equal in every process.
const SECRET: &str = "r6mK0v5b3lXcP1Wd8uQeTz7yNf2hGjAs";

pub(crate) fn source(store: Arc<dyn Store>) -> SessionBackend {
    let sessions = Sessions::builder(SecretKey::new(SECRET).unwrap());
    SessionBackend::stored(sessions.build_stored().unwrap(), store)
}

/// The value of a browser's cookie.
pub(crate) type Cookie = Option<String>;

pub(crate) fn headers(cookie: &Cookie) -> HeaderMap {
    let pair = cookie.iter().map(|value| format!("__Host-session={value}"));
    pair.map(|pair| (header::COOKIE, HeaderValue::try_from(pair).unwrap()))
        .collect()
}

/// Runs a request with a handler, and returns the cookie after it. An error is that of opening or closing the session.
pub(crate) async fn request<T>(
    source: &SessionBackend,
    cookie: &Cookie,
    handler: impl FnOnce(&Session) -> T,
) -> Result<(T, Cookie), Error> {
    let exchange = source.exchange(&headers(cookie));
    let session = source.open(&exchange).await?;
    let result = handler(&session);
    let mut response = HeaderMap::new();
    source.close(exchange).await.apply(&mut response)?;
    let sent = response
        .get(header::SET_COOKIE)
        .map(|sent| sent.to_str().unwrap());
    let value = sent
        .and_then(|sent| sent.split(['=', ';']).nth(1))
        .map(str::to_owned);
    Ok((result, value.or_else(|| cookie.clone())))
}
