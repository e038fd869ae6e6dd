//! Requests, responses, and a clock.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    unused_imports
)]

pub mod model;

use http::{HeaderMap, HeaderValue, header};
use session_core::{Builder, Error, Event, EventKind, SecretKey, Session, Sessions};

pub use session_core::testing::ManualClock;

pub const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
pub const OTHER_KEY: &str = "1pQyVb8Rr4cu9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx";

pub fn key(text: &str) -> SecretKey {
    SecretKey::new(text).unwrap()
}

/// Returns a builder of each format, so that one test runs with all of them.
pub fn formats() -> [(&'static str, Builder); 3] {
    let ours = || Sessions::builder(key(KEY));
    [
        ("ours", ours()),
        ("encrypted", ours().encrypted()),
        ("flask", Sessions::flask_builder("dev")),
    ]
}

pub fn request(cookies: &[&str]) -> HeaderMap {
    cookies
        .iter()
        .map(|cookie| {
            (
                header::COOKIE,
                HeaderValue::from_bytes(cookie.as_bytes()).unwrap(),
            )
        })
        .collect()
}

/// A response and its events.
#[derive(Debug)]
pub struct Closed {
    pub headers: HeaderMap,
    pub events: Vec<Event>,
}

impl Closed {
    pub fn set_cookie(&self) -> Option<&str> {
        let mut all = self.headers.get_all(header::SET_COOKIE).iter();
        let first = all.next()?;
        assert!(all.next().is_none(), "two cookies: {:?}", self.headers);
        Some(first.to_str().unwrap())
    }

    /// Returns `name=value`, if a cookie is set that is not a removal.
    pub fn cookie(&self) -> Option<&str> {
        self.set_cookie()
            .map(|header| header.split(';').next().unwrap())
            .filter(|pair| !pair.ends_with('='))
    }

    /// Returns `name=value` of the cookie that is set.
    pub fn new_cookie(&self) -> String {
        self.cookie().unwrap().to_owned()
    }

    pub fn removes(&self) -> bool {
        self.set_cookie()
            .is_some_and(|header| header.contains("=;") && header.contains("Max-Age=0"))
    }

    pub fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn kinds(&self) -> Vec<EventKind> {
        self.events.iter().map(|event| event.kind).collect()
    }
}

/// Runs one request whose handler opens the session.
pub fn visit(
    sessions: &Sessions,
    cookies: &[&str],
    handler: impl FnOnce(&Session) -> Result<(), Error>,
) -> Result<Closed, Error> {
    respond(sessions, cookies, HeaderMap::new(), Some(handler))
}

/// Runs one request. The response already has these headers; without a handler the session is
/// not opened.
pub fn respond<F: FnOnce(&Session) -> Result<(), Error>>(
    sessions: &Sessions,
    cookies: &[&str],
    mut headers: HeaderMap,
    handler: Option<F>,
) -> Result<Closed, Error> {
    let exchange = sessions.exchange(&request(cookies));
    if let Some(handler) = handler {
        let session = exchange.open().done().unwrap().unwrap();
        handler(&session)?;
    }
    let mut outgoing = exchange.close().done().unwrap();
    outgoing.apply(&mut headers)?;
    Ok(Closed {
        headers,
        events: outgoing.events().to_vec(),
    })
}

/// Returns a cookie with one entry.
pub fn cookie_with(sessions: &Sessions, key: &str, value: impl serde::Serialize) -> String {
    visit(sessions, &[], |session| session.insert(key, value))
        .unwrap()
        .new_cookie()
}

/// Returns text that does not become shorter by compression and base64 together.
pub fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut text = String::new();
    for _ in 0..length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let letter = char::from(u8::try_from(33 + (state >> 33) % 90).unwrap());
        text.push(if "\"\\".contains(letter) { '_' } else { letter });
    }
    text
}
