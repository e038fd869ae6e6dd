//! Records as the fields of a hash.

// A record is a hash under `{prefix}s:{key}`; all values are text but the body:
//
//     version, expires, created, seen    20 digits each, so that two numbers compare as text does
//     owner, label                       empty for none, else "=" and the text
//     body                               bytes, opaque to the store
//     order                              a number: the place in the order of the user's logins
//
// A tombstone is a hash of two fields, under the key of the record that was ended:
//
//     dead       "1"
//     expires    20 digits: the second at which the tombstone ends
//
// It stays for `TOMBSTONE_SECONDS`, so that an insert that arrives late finds the key in use.
//
// The index of a user is a sorted set under `{prefix}o:{SHA-256 of the user}`:
//
//     member     the key of a record
//     score      the second until which the entry is needed

use std::sync::Arc;

use redis::Value;
use session_core::protocol::Record;
use session_store::StoreError;

/// The fields that are read of a record. `scripts/stored.lua` lists them in this order, too. Only a tombstone has the first.
pub(crate) const FIELDS: [&str; 8] = [
    "dead", "version", "expires", "created", "seen", "owner", "label", "body",
];

/// The fields that are read of a user's record: its number in the order instead of the body.
pub(crate) const LISTED_FIELDS: [&str; 8] = [
    "dead", "version", "expires", "created", "seen", "owner", "label", "order",
];

/// The content under a record's key.
pub(crate) enum Stored {
    Nothing,
    /// The second at which the tombstone ends.
    Tombstone(u64),
    /// The body is the last field that was read.
    Record(Record),
}

/// Returns a number as 20 digits, which scripts compare as text: their own numbers have 53 bits.
pub(crate) fn digits(number: u64) -> [u8; 20] {
    let mut digits = [b'0'; 20];
    let text = number.to_string();
    digits[20 - text.len()..].copy_from_slice(text.as_bytes());
    digits
}

/// Encodes a text, so that no text differs from an empty one.
pub(crate) fn text(text: Option<&str>) -> Vec<u8> {
    match text {
        Some(text) => [b"=", text.as_bytes()].concat(),
        None => Vec::new(),
    }
}

/// Reads the values of [`FIELDS`] or [`LISTED_FIELDS`].
pub(crate) fn stored(values: Value) -> Result<Stored, StoreError> {
    match read(values) {
        Some(stored) => Ok(stored),
        None => Err(malformed()),
    }
}

pub(crate) fn malformed() -> StoreError {
    StoreError::new(
        "a session's key in Redis holds no record of this store: does another program use its prefix?",
    )
}

fn read(values: Value) -> Option<Stored> {
    let Value::Array(values) = values else {
        return None;
    };
    let [dead, version, expires, created, seen, user, label, body]: [Value; 8] =
        values.try_into().ok()?;
    match (dead, version) {
        (Value::Nil, Value::Nil) => Some(Stored::Nothing),
        (Value::BulkString(_), _) => Some(Stored::Tombstone(number(expires)?)),
        (_, version) => Some(Stored::Record(Record {
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
