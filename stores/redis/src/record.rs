//! Records as the fields of a hash.

use std::sync::Arc;

use redis::Value;
use session_core::protocol::Record;
use session_store::StoreError;

/// What is read of a record; `scripts/stored.lua` reads the same. A tombstone is what has the first.
pub(crate) const FIELDS: [&str; 8] = [
    "dead", "version", "expires", "created", "seen", "owner", "label", "body",
];

/// What is read of a user's record: its place in the store's order instead of the body.
pub(crate) const LISTED_FIELDS: [&str; 8] = [
    "dead", "version", "expires", "created", "seen", "owner", "label", "order",
];

/// Under a record's key.
pub(crate) enum Found {
    Nothing,
    /// The second at which it ends.
    Tombstone(u64),
    /// Its last field is the body.
    Record(Record),
}

/// A number as text of one length, so that two compare as text does: a script's own numbers have 53 bits.
pub(crate) fn digits(number: u64) -> [u8; 20] {
    let mut digits = [b'0'; 20];
    let text = number.to_string();
    digits[20 - text.len()..].copy_from_slice(text.as_bytes());
    digits
}

/// None is told from an empty text.
pub(crate) fn text(text: Option<&str>) -> Vec<u8> {
    text.map_or_else(Vec::new, |text| [b"=", text.as_bytes()].concat())
}

/// From the values of [`FIELDS`] or [`LISTED_FIELDS`].
pub(crate) fn found(values: Value) -> Result<Found, StoreError> {
    read(values).ok_or_else(malformed)
}

pub(crate) fn malformed() -> StoreError {
    StoreError::new(
        "what Redis keeps for a session is no record of ours: does anything else use its prefix?",
    )
}

fn read(values: Value) -> Option<Found> {
    let Value::Array(values) = values else {
        return None;
    };
    let [dead, version, expires, created, seen, user, label, body]: [Value; 8] =
        values.try_into().ok()?;
    match (dead, version) {
        (Value::Nil, Value::Nil) => Some(Found::Nothing),
        (Value::BulkString(_), _) => Some(Found::Tombstone(number(expires)?)),
        (_, version) => Some(Found::Record(Record {
            version: number(version)?,
            expires: number(expires)?,
            created: number(created)?,
            seen: number(seen)?,
            user: read_text(user)?,
            label: read_text(label)?,
            body: bytes(body)?.into(),
        })),
    }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

fn number(value: Value) -> Option<u64> {
    std::str::from_utf8(&bytes(value)?).ok()?.parse().ok()
}

fn read_text(value: Value) -> Option<Option<Arc<str>>> {
    match &*String::from_utf8(bytes(value)?).ok()? {
        "" => Some(None),
        text => text.strip_prefix('=').map(|text| Some(text.into())),
    }
}
