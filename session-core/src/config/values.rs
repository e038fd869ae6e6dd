//! What the settings' values may be, and how they are read. Nothing here quotes a value: it may be a key.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cookie::attributes::SameSite;
use crate::cookie::rename::PreviousCookie;
use crate::error::config::ConfigError;
use crate::json;
use crate::json::scan::Cursor;
use crate::token::mac::Digest;

/// Names whose value is a secret, or holds some: it is wiped, whatever becomes of it.
pub(crate) const SECRETS: [&str; 3] = [
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SESSION_VERIFY_ONLY_KEYS",
];

/// Names whose value is a text as it stands, whatever it looks like.
pub(crate) const TEXTS: [&str; 7] = [
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PATH",
    "APPLICATION_ROOT",
    "SESSION_CONTEXT",
    "SESSION_SALT",
    "SESSION_DIGEST",
    "SESSION_COOKIE_SAMESITE",
];

/// All other names: JSON, and a text if it is none, as `Config.from_prefixed_env` reads them.
pub(crate) const OTHERS: [&str; 22] = [
    "SESSION_EPOCH",
    "SESSION_RENAMED_FROM",
    "SESSION_ENCRYPTED",
    "SESSION_PADDING",
    "SESSION_ACCEPT_SIGNED_UNTIL",
    "SESSION_ACCEPT_ENCRYPTED_UNTIL",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_PARTITIONED",
    "PERMANENT_SESSION_LIFETIME",
    "SESSION_IDLE_LIFETIME",
    "SESSION_ANONYMOUS_LIFETIME",
    "SESSION_REFRESH_EACH_REQUEST",
    "MAX_COOKIE_SIZE",
    "SESSION_PERMANENT",
    "SESSION_ABSOLUTE_LIFETIME",
    "SESSION_NOT_CREATED_BEFORE",
    "SESSION_CACHE_HEADERS",
    "SESSION_CLEAR_SITE_DATA",
    "SESSION_INSECURE_PLAIN_HTTP",
    "SESSION_WARNINGS_ARE_ERRORS",
];

/// Seconds since 1970; what is beyond the year 36,000 is never.
pub(crate) fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(1 << 40))
}

/// An entry of `SESSION_VERIFY_ONLY_KEYS`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyUntil {
    pub(crate) key: SecretText,
    pub(crate) until: u64,
}

/// `SESSION_RENAMED_FROM`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenamedFrom {
    name: String,
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

/// A secret that is wiped when dropped.
pub(crate) struct SecretText(pub(crate) Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Takes a text as its own at once, and never quotes what is none, as serde's errors do.
struct SecretVisitor;

impl<'de> de::Visitor<'de> for SecretVisitor {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<SecretText, E> {
        Ok(SecretText(Zeroizing::new(text)))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretText, E> {
        Err(no_text())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretText, E> {
        Err(no_text())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretText, E> {
        Err(no_text())
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<SecretText, E> {
        Err(no_text())
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<SecretText, E> {
        Err(no_text())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<SecretText, E> {
        drop(Zeroizing::new(bytes));
        Err(no_text())
    }
}

fn no_text<E: de::Error>() -> E {
    E::custom("SECRET_KEY: expected a text")
}

/// What a setting from the environment should have been, if it is something else: the rest of a sentence. Never quotes it.
pub(crate) fn unexpected(name: &str, value: &Value) -> Option<&'static str> {
    let (fits, expected) = match name {
        "SESSION_RENAMED_FROM" => (
            value["name"].is_string() && value["renamed"].is_u64(),
            "expected a JSON object such as {\"name\": \"session\", \"renamed\": 1800000000}, the time in unix seconds",
        ),
        "SESSION_EPOCH" => (
            value
                .as_u64()
                .is_some_and(|epoch| u16::try_from(epoch).is_ok()),
            "expected a whole number from 0 to 65535",
        ),
        "SESSION_COOKIE_DOMAIN" => (
            value.is_string() || *value == Value::Bool(false),
            "expected a host name, or null",
        ),
        "PERMANENT_SESSION_LIFETIME"
        | "SESSION_IDLE_LIFETIME"
        | "SESSION_ANONYMOUS_LIFETIME"
        | "SESSION_ABSOLUTE_LIFETIME" => (
            value.as_f64().is_some_and(|seconds| seconds >= 0.0),
            "expected a number of seconds, not negative",
        ),
        "MAX_COOKIE_SIZE"
        | "SESSION_NOT_CREATED_BEFORE"
        | "SESSION_PADDING"
        | "SESSION_ACCEPT_SIGNED_UNTIL"
        | "SESSION_ACCEPT_ENCRYPTED_UNTIL" => {
            (value.is_u64(), "expected a whole number, not negative")
        }
        _ => (value.is_boolean(), "expected true or false, in lower case"),
    };
    (!fits && !value.is_null()).then_some(expected)
}

const FALLBACKS: &str = "expected a JSON array of texts, such as [\"old key\"]; a bare text would make every letter a key";
const KEYS_UNTIL: &str = "expected a JSON array of objects, such as [{\"key\": \"old key\", \"until\": 1800000000}], the \
                          time in unix seconds";

pub(crate) fn fallbacks<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SecretText>, D::Error> {
    list(deserializer).map_err(|_| D::Error::custom(format!("SECRET_KEY_FALLBACKS: {FALLBACKS}")))
}

pub(crate) fn keys_until<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<KeyUntil>, D::Error> {
    list(deserializer)
        .map_err(|_| D::Error::custom(format!("SESSION_VERIFY_ONLY_KEYS: {KEYS_UNTIL}")))
}

/// A list, or null for an empty one. Its error may quote a secret.
fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// `SECRET_KEY` of an environment, as Flask's `from_prefixed_env` reads it: a JSON text between quotes is the key inside, and null
/// is none, as it is everywhere else. Whatever else there is, is the key itself. So a file of variables that is read with
/// and without its quotes has one key.
pub(crate) fn secret_of(text: Zeroizing<String>) -> Option<SecretText> {
    if text.trim_ascii() == "null" {
        return None;
    }
    let quoted = text.trim_ascii_start().starts_with('"');
    let mut cursor = Cursor::new(&text);
    let is_one = quoted && cursor.value(1).is_ok() && cursor.end().is_ok();
    let inside = if is_one {
        json::de::from_text::<SecretText>(&text).ok()
    } else {
        None
    };
    Some(inside.unwrap_or(SecretText(text)))
}

/// `SECRET_KEY_FALLBACKS` of an environment.
pub(crate) fn fallbacks_of(text: &str) -> Result<Vec<SecretText>, &'static str> {
    list_of(text).ok_or(FALLBACKS)
}

/// `SESSION_VERIFY_ONLY_KEYS` of an environment.
pub(crate) fn keys_until_of(text: &str) -> Result<Vec<KeyUntil>, &'static str> {
    list_of(text).ok_or(KEYS_UNTIL)
}

/// By our own reader, which keeps no copy of a text, not even of one with escapes.
fn list_of<T: DeserializeOwned>(text: &str) -> Option<Vec<T>> {
    let mut cursor = Cursor::new(text);
    cursor.value(3).ok()?;
    cursor.end().ok()?;
    json::de::from_text::<Option<Vec<T>>>(text)
        .ok()
        .map(Option::unwrap_or_default)
}

/// A text; `false` is none, as in Flask.
pub(crate) fn text_or_false<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(Some(text)),
        Value::Null | Value::Bool(false) => Ok(None),
        _ => Err(D::Error::custom("expected a text, null or false")),
    }
}

/// A duration in seconds, which may have a fraction.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let duration = match number.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => number
            .as_f64()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    duration
        .map(Some)
        .ok_or_else(|| D::Error::custom("expected a number of seconds, not negative"))
}

/// Werkzeug's `.title()` and check.
pub(crate) fn same_site(text: &str) -> Result<SameSite, ConfigError> {
    match text.to_ascii_lowercase().as_str() {
        "strict" => Ok(SameSite::Strict),
        "lax" => Ok(SameSite::Lax),
        "none" => Ok(SameSite::None),
        _ => Err(ConfigError::Value(format!(
            "SESSION_COOKIE_SAMESITE: expected Strict, Lax or None, found {text:?}"
        ))),
    }
}

pub(crate) fn digest(text: &str) -> Result<Digest, ConfigError> {
    match text {
        "sha1" => Ok(Digest::Sha1),
        "sha256" => Ok(Digest::Sha256),
        "sha512" => Ok(Digest::Sha512),
        _ => Err(ConfigError::Value(format!(
            "SESSION_DIGEST: expected sha1, sha256 or sha512, found {text:?}"
        ))),
    }
}

/// A path as Werkzeug quotes it: what is not in its safe set is percent-encoded.
pub(crate) fn quote(path: &str) -> String {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-~%!$&'()*+,/:=@".contains(byte);
    path.bytes().fold(String::new(), |mut out, byte| {
        if safe(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
