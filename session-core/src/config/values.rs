//! Values of settings, as Flask and Werkzeug understand them.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Number, Value};

use crate::cookie::attributes::SameSite;
use crate::cookie::rename::PreviousCookie;
use crate::error::config::ConfigError;
use crate::token::mac::Digest;

/// Returns the time of a unix second. It saturates in the year 36,812, so that any number is a time.
pub(super) fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(1 << 40))
}

/// `SESSION_RENAMED_FROM`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RenamedFrom {
    name: String,
    /// Unix seconds.
    renamed: u64,
    domain: Option<String>,
    path: Option<String>,
}

impl From<RenamedFrom> for PreviousCookie {
    fn from(old: RenamedFrom) -> Self {
        let mut cookie = Self::new(old.name, time(old.renamed));
        if let Some(domain) = old.domain {
            cookie = cookie.domain(domain);
        }
        if let Some(path) = old.path {
            cookie = cookie.path(path);
        }
        cookie
    }
}

/// Reads a text; `false` is none, as in Flask.
pub(super) fn text_or_false<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(Some(text)),
        Value::Null | Value::Bool(false) => Ok(None),
        _ => Err(Error::custom("expected a text, null or false")),
    }
}

/// Reads true or false. 1 is true and 0 is false, as in Python.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match (&value, value.as_u64()) {
        (Value::Null, _) => Ok(None),
        (Value::Bool(flag), _) => Ok(Some(*flag)),
        (_, Some(number @ (0 | 1))) => Ok(Some(number == 1)),
        _ => Err(Error::custom("expected true or false")),
    }
}

pub(super) const SECONDS: &str = "expected a number of seconds that is not negative, such as 3600";

/// Reads a duration in seconds, which may have a fraction.
pub(super) fn seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match duration(&number) {
        Some(duration) => Ok(Some(duration)),
        None => Err(Error::custom(SECONDS)),
    }
}

/// Returns the duration of a number of seconds, unless it is negative or too large for a [`Duration`].
pub(super) fn duration(seconds: &Number) -> Option<Duration> {
    // Not by way of f64, which has no more than 53 bits.
    if let Some(seconds) = seconds.as_u64() {
        return Some(Duration::from_secs(seconds));
    }
    Duration::try_from_secs_f64(seconds.as_f64()?).ok()
}

/// Reads `SESSION_COOKIE_SAMESITE` in any case, as Werkzeug does.
pub(super) fn same_site(text: &str) -> Result<SameSite, ConfigError> {
    match text.to_ascii_lowercase().as_str() {
        "strict" => Ok(SameSite::Strict),
        "lax" => Ok(SameSite::Lax),
        "none" => Ok(SameSite::None),
        _ => Err(ConfigError::Value(format!(
            "SESSION_COOKIE_SAMESITE: expected Strict, Lax or None, found {text:?}"
        ))),
    }
}

/// Reads `SESSION_DIGEST`.
pub(super) fn digest(text: &str) -> Result<Digest, ConfigError> {
    match text {
        "sha1" => Ok(Digest::Sha1),
        "sha256" => Ok(Digest::Sha256),
        "sha512" => Ok(Digest::Sha512),
        _ => Err(ConfigError::Value(format!(
            "SESSION_DIGEST: expected sha1, sha256 or sha512, found {text:?}"
        ))),
    }
}

/// Percent-encodes a path, except for the bytes that Werkzeug's `dump_cookie` leaves as they are.
pub(super) fn quote(path: &str) -> String {
    let mut quoted = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~%!$&'()*+,/:=@".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            // Writing into a `String` never fails.
            let _ = write!(quoted, "%{byte:02X}");
        }
    }
    quoted
}
