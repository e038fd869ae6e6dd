//! Sessions and key rings.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::SET_COOKIE;
use session_core::{Builder, Error, KeyRing, PreviousCookie, Rejected, Session, Sessions};

use crate::common::{KEY, ManualClock, key, request};

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) const TENTH: u64 = 31 * 24 * 60 * 6;

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn ours(time: &ManualClock) -> Builder {
    Sessions::builder(key(KEY)).clock(time.clone())
}

pub(crate) fn rejection(sessions: &Sessions, cookie: &str) -> Option<Rejected> {
    sessions.open(&request(&[cookie])).rejected()
}

pub(crate) fn read(session: &Session) -> Result<(), Error> {
    assert_eq!(session.rejected(), None);
    Ok(())
}

/// Returns a ring that signs with one key and still verifies the key before.
pub(crate) fn then(format: &str, primary: &str, before: &str) -> KeyRing {
    match format {
        "flask" => KeyRing::flask(primary).fallback(before),
        _ => KeyRing::new(key(primary)).verify_only(key(before)),
    }
}

pub(crate) fn old_name(renamed: u64) -> PreviousCookie {
    PreviousCookie::new("session", at(renamed))
}

pub(crate) fn set_cookies(closed: &crate::common::Closed) -> Vec<&str> {
    closed
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .map(|header| header.to_str().unwrap())
        .collect()
}
