//! Properties as functions of bytes, which panic where they do not hold. `properties.rs` calls them
//! with input from proptest, the targets of `fuzz/` with the fuzzer's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

pub mod flask_header;
pub mod id;
pub mod json;
pub mod naive;
pub mod open_encrypted;
pub mod open_flask;
pub mod open_signed;
pub mod record;
pub mod round_trip;
pub mod tamper;

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use session_core::testing::{self, ManualClock};
use session_core::{Builder, EntropyError, Error, Session, Sessions};

use crate::common::{KEY, OTHER_KEY, key};
use naive::json::Json;

/// The time of every request.
pub const NOW: u64 = 1_700_000_000;
/// The secret of Flask's format.
pub const SECRET: &str = "dev";

const DAY: u64 = 24 * 60 * 60;
/// The default idle lifetime.
pub const IDLE: u64 = 31 * DAY;
pub const ABSOLUTE: u64 = 90 * DAY;

/// Sessions of our formats, with an absolute lifetime.
pub static OURS: LazyLock<Sessions> = LazyLock::new(|| ours().build().unwrap());
pub static ENCRYPTED: LazyLock<Sessions> = LazyLock::new(|| ours().padding(64).build().unwrap());
/// Encrypted sessions with a new key in front of the old one.
pub static ROTATED: LazyLock<Sessions> = LazyLock::new(|| {
    configured(Sessions::builder(key(OTHER_KEY)).verify_only(key(KEY)))
        .encrypted()
        .build()
        .unwrap()
});

pub fn ours() -> Builder {
    configured(Sessions::builder(key(KEY)))
}

fn configured(builder: Builder) -> Builder {
    let builder = builder.absolute_lifetime(std::time::Duration::from_secs(ABSOLUTE));
    builder.clock(ManualClock::at(NOW)).random(counted)
}

/// Sessions of Flask's format.
pub static FLASK: LazyLock<Sessions> = LazyLock::new(|| {
    let builder = Sessions::flask_builder(SECRET).max_cookie_size(0);
    builder
        .clock(ManualClock::at(NOW))
        .random(counted)
        .build()
        .unwrap()
});

/// A random source that always gives the same bytes, so that failures can be reproduced.
#[allow(clippy::unnecessary_wraps)]
pub fn counted(bytes: &mut [u8]) -> Result<(), EntropyError> {
    bytes
        .iter_mut()
        .zip((1..=u8::MAX).cycle())
        .for_each(|(byte, number)| *byte = number);
    Ok(())
}

/// The unread rest of the input; zeros follow its end.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn byte(&mut self) -> u8 {
        self.bytes::<1>()[0]
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        bytes[..taken.len()].copy_from_slice(taken);
        self.0 = rest;
        bytes
    }

    pub fn slice(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Changes valid bytes: zeros leave them as they are.
    pub fn changed<const N: usize>(&mut self, mut good: [u8; N]) -> [u8; N] {
        good.iter_mut()
            .zip(self.bytes::<N>())
            .for_each(|(byte, other)| *byte ^= other);
        good
    }
}

/// Returns a request with this cookie, if the value can be one: a header has no control characters,
/// and a cookie's value ends at a semicolon and has no space or tab at its ends.
pub fn request(name: &str, value: &[u8]) -> Option<HeaderMap> {
    let ends = [value.first(), value.last()];
    if value.contains(&b';') || ends.iter().any(|end| matches!(end, Some(b' ' | b'\t'))) {
        return None;
    }
    let header = HeaderValue::from_bytes(&[name.as_bytes(), b"=", value].concat()).ok()?;
    Some(HeaderMap::from_iter([(header::COOKIE, header)]))
}

/// Asserts that the cookie was refused and left nothing in the session.
pub fn assert_refused(session: &Session) {
    assert!(session.rejected().is_some(), "refused without a reason");
    assert_nothing(session);
}

pub fn assert_nothing(session: &Session) {
    assert!(session.is_empty() && session.keys().is_empty() && session.written().is_none());
    assert_eq!((&*session.payload(), session.is_permanent()), ("{}", false));
}

/// Reads the session in every way and closes it: nothing panics, `to_json` is JSON, and the cookie
/// that is written opens again.
pub fn assert_usable(sessions: &Sessions, session: &Session) {
    assert!(
        Json::read(&session.to_json(), 1000).is_some(),
        "{}",
        session.to_json()
    );
    for key in session.keys() {
        let _ = session.get::<Value>(&key);
        let _ = session.get::<(String, Option<f64>)>(&key);
    }
    let payload = session.payload();
    if payload == "{}" {
        return; // Nothing is written.
    }
    session.mark_modified().unwrap();
    let mut response = HeaderMap::new();
    match sessions.close(session, &mut response) {
        Err(Error::TooLarge { .. }) => return,
        closed => closed.unwrap(),
    }
    let again = testing::reopen(sessions, &response);
    assert_eq!((again.rejected(), again.payload()), (None, payload));
}
