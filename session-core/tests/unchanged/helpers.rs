//! Sessions, their cookies, and requests that only read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::SET_COOKIE;
use session_core::{Builder, Sessions};
use sha1::Sha1;

use crate::common::{Closed, KEY, ManualClock, cookie_with, key, request, visit};

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) const TENTH: u64 = 31 * 24 * 60 * 6;

/// Cookies that Flask wrote, recorded by `tests/data/flask-near-limit.py`.
pub(crate) const NEAR_LIMIT: &str = include_str!("../data/flask-near-limit.txt");

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn ours(time: &ManualClock) -> Builder {
    Sessions::builder(key(KEY)).clock(time.clone())
}

pub(crate) fn flask(time: &ManualClock) -> Sessions {
    Sessions::flask_builder("dev")
        .clock(time.clone())
        .build()
        .unwrap()
}

/// Returns text that zlib makes no shorter than six bits per letter.
pub(crate) fn noise(length: usize) -> String {
    let mut state = 12_345_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(
            b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
                [(state >> 33) as usize % 64],
        )
    };
    (0..length).map(|_| next()).collect()
}

/// Returns the cookie of the largest session of this kind that fits.
pub(crate) fn largest(sessions: &Sessions, value: impl Fn(usize) -> String) -> String {
    let (mut fits, mut too_long) = (0, 20_000);
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        match visit(sessions, &[], |session| session.insert("x", value(middle))) {
            Ok(_) => fits = middle,
            Err(_) => too_long = middle,
        }
    }
    cookie_with(sessions, "x", value(fits))
}

/// Runs a request that only reads, by an exchange and by `Sessions::open`: both write equal
/// headers. The session must be accepted.
pub(crate) fn read(sessions: &Sessions, cookie: &str) -> Closed {
    let closed = visit(sessions, &[cookie], |session| {
        assert_eq!(session.rejected(), None);
        Ok(())
    });
    let closed = closed.unwrap();
    let session = sessions.open(&request(&[cookie]));
    let mut headers = HeaderMap::new();
    sessions.close(&session, &mut headers).unwrap();
    assert_eq!(headers.len(), closed.headers.len());
    let by_both = closed
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .zip(headers.get_all(SET_COOKIE));
    for (one, other) in by_both {
        let is_encrypted = !one
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .contains('.');
        assert!(
            one == other || (is_encrypted && one.len() == other.len()),
            "{one:?} {other:?}"
        );
    }
    closed
}

pub(crate) fn written(closed: &Closed) -> String {
    let first = closed.headers.get_all(SET_COOKIE).iter().next().unwrap();
    first
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

/// Returns payload, stamp and signature of a cookie.
pub(crate) fn parts(cookie: &str) -> (&str, &str, &str) {
    let (_, value) = cookie.split_once('=').unwrap();
    let (signed, signature) = value.rsplit_once('.').unwrap();
    let (payload, stamp) = signed.rsplit_once('.').unwrap();
    (payload, stamp, signature)
}

pub(crate) fn assert_signed_again(old: &str, new: &str) {
    let ((payload, stamp, signature), new) = (parts(old), parts(new));
    assert_eq!(new.0, payload);
    assert!(new.1 != stamp && new.2 != signature, "{new:?}");
}

/// Signs any payload, as Flask's `SecureCookieSessionInterface` does.
pub(crate) fn signed_by_flask(payload: &str) -> String {
    let sha1 = |key: &[u8], text: &[u8]| {
        Hmac::<Sha1>::new_from_slice(key)
            .unwrap()
            .chain_update(text)
            .finalize()
            .into_bytes()
    };
    let text = format!("{payload}.ZVPxAA");
    let signature = sha1(&sha1(b"dev", b"cookie-session"), text.as_bytes());
    format!("session={text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
