//! The recorded vectors of the kinds `dump` and `load`.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use session_core::{Digest, Sessions};

use super::payload;
use super::python::{Python, canonical};

/// Returns sessions as the case configures them; `None` for digests and key derivations that we do
/// not offer.
pub fn sessions(case: &Value, clock: &str) -> Option<Sessions> {
    let digest = match case["digest"].as_str().unwrap() {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha512" => Digest::Sha512,
        _ => return None,
    };
    if case["key_derivation"] != "hmac" {
        return None;
    }
    let hex = case["secret_key_hex"].as_str().unwrap();
    let key: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    let now = UNIX_EPOCH + Duration::from_secs_f64(case[clock].as_f64().unwrap());
    let lifetime = case["max_age"]
        .as_u64()
        .map_or(Duration::MAX, Duration::from_secs);
    let mut builder = Sessions::flask_builder(key)
        .digest(digest)
        .salt(case["salt"].as_str().unwrap())
        .idle_lifetime(lifetime)
        .max_cookie_size(0)
        .clock(move || now);
    for fallback in case["fallbacks"].as_array().unwrap() {
        builder = builder.fallback(fallback.as_str().unwrap());
    }
    Some(builder.build().unwrap())
}

/// Returns the value of the Set-Cookie header in this response.
fn set_cookie(response: &HeaderMap) -> Option<String> {
    let header = response.get(header::SET_COOKIE)?.to_str().unwrap();
    let value = header.split(';').next().unwrap().split_once('=').unwrap().1;
    (!value.is_empty()).then(|| value.to_owned())
}

/// Returns a cookie that holds these values.
pub fn dump(sessions: &Sessions, tagged: &str) -> String {
    let session = sessions.open(&HeaderMap::new());
    for (key, value) in Python::session(tagged) {
        session.insert(&key, value).unwrap();
    }
    let mut response = HeaderMap::new();
    sessions.close(&session, &mut response).unwrap();
    set_cookie(&response).unwrap_or_else(|| panic!("no cookie for {tagged}"))
}

/// Opens a cookie and writes it again unchanged. Returns the new cookie, and why the old one was
/// refused.
pub fn reload(
    sessions: &Sessions,
    cookie: &str,
) -> (Option<String>, Option<session_core::Rejected>) {
    let value = HeaderValue::from_bytes(format!("session={cookie}").as_bytes()).unwrap();
    let session = sessions.open(&HeaderMap::from_iter([(header::COOKIE, value)]));
    session.mark_modified().unwrap();
    let mut response = HeaderMap::new();
    match sessions.close(&session, &mut response) {
        Ok(()) => (set_cookie(&response), session.rejected()),
        // Larger than browsers store today. The vector's own text was as large.
        Err(_) => (Some(cookie.to_owned()), session.rejected()),
    }
}

/// Whether we accept what Flask accepts, refuse what Flask refuses, and read equal content.
pub fn load_agrees(sessions: &Sessions, case: &Value) -> bool {
    let (again, rejected) = reload(sessions, case["cookie"].as_str().unwrap());
    if case["expected"] != "ok" {
        return rejected.is_some();
    }
    let found = again.map_or_else(|| "{}".to_owned(), |cookie| payload(&cookie));
    rejected.is_none()
        && canonical(&found) == canonical(case["loaded_tagged_json"].as_str().unwrap())
}
