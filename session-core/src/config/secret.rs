//! Keys in a configuration. They are wiped, and no error quotes them.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use zeroize::Zeroizing;

use crate::json::de::from_text;
use crate::json::scan::Cursor;

/// A secret that is wiped when it is dropped.
pub(super) struct SecretText(pub(super) Zeroizing<String>);

/// An entry of `SESSION_VERIFY_ONLY_KEYS`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyUntil {
    pub(super) key: SecretText,
    /// Unix seconds.
    pub(super) until: u64,
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Wraps a text before anything can fail. Takes numbers and bytes only to refuse them: serde's own errors, for what a visitor
/// does not take, quote the value, and a key of digits without quotes is a number.
struct SecretVisitor;

impl Visitor<'_> for SecretVisitor {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretText, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<SecretText, E> {
        Ok(SecretText(Zeroizing::new(text)))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretText, E> {
        Err(not_a_text())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretText, E> {
        Err(not_a_text())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretText, E> {
        Err(not_a_text())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<SecretText, E> {
        Err(not_a_text())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<SecretText, E> {
        Err(not_a_text())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<SecretText, E> {
        drop(Zeroizing::new(bytes));
        Err(not_a_text())
    }
}

fn not_a_text<E: Error>() -> E {
    E::custom("SECRET_KEY: expected a text")
}

pub(super) const FALLBACKS: &str =
    "expected a JSON array of texts, such as [\"old key\"], also for a single key";
pub(super) const KEYS_UNTIL: &str = "expected a JSON array of objects, such as [{\"key\": \"old key\", \"until\": 1800000000}], with \
                          the time in unix seconds";

// For serde. Its error for a list may quote a key, and is replaced.

pub(super) fn fallbacks<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SecretText>, D::Error> {
    match Option::deserialize(deserializer) {
        Ok(keys) => Ok(keys.unwrap_or_default()),
        Err(_) => Err(Error::custom(format!("SECRET_KEY_FALLBACKS: {FALLBACKS}"))),
    }
}

pub(super) fn keys_until<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<KeyUntil>, D::Error> {
    match Option::deserialize(deserializer) {
        Ok(keys) => Ok(keys.unwrap_or_default()),
        Err(_) => Err(Error::custom(format!(
            "SESSION_VERIFY_ONLY_KEYS: {KEYS_UNTIL}"
        ))),
    }
}

// For environment variables.

/// Reads `SECRET_KEY` as Flask's `from_prefixed_env`: a JSON text between quotes is the key inside, `null` is no key, and
/// anything else is the key itself. So a file of variables gives one key, whether its reader removes quotes or not.
pub(super) fn read_secret(text: Zeroizing<String>) -> Option<SecretText> {
    if text.trim_ascii() == "null" {
        return None;
    }
    if text.trim_ascii_start().starts_with('"')
        && is_json(&text, 1)
        && let Ok(inside) = from_text(&text)
    {
        return Some(inside);
    }
    Some(SecretText(text))
}

/// Reads `SECRET_KEY_FALLBACKS`.
pub(super) fn read_fallbacks(text: &str) -> Result<Vec<SecretText>, &'static str> {
    read_list(text).ok_or(FALLBACKS)
}

/// Reads `SESSION_VERIFY_ONLY_KEYS`.
pub(super) fn read_keys_until(text: &str) -> Result<Vec<KeyUntil>, &'static str> {
    read_list(text).ok_or(KEYS_UNTIL)
}

/// Reads a list with the reader of sessions. Unlike serde_json's it copies no text, not even one with escapes, into a buffer
/// that would not be wiped.
fn read_list<T: DeserializeOwned>(text: &str) -> Option<Vec<T>> {
    // The reader expects valid JSON. An array of objects has three levels.
    if !is_json(text, 3) {
        return None;
    }
    let list: Option<Vec<T>> = from_text(text).ok()?;
    Some(list.unwrap_or_default())
}

/// Whether the text is one JSON value of at most this many levels.
fn is_json(text: &str, depth: usize) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.value(depth).is_ok() && cursor.end().is_ok()
}
