//! Flask's format: itsdangerous' `URLSafeTimedSerializer` over `TaggedJSONSerializer`, byte for byte.

use std::sync::Arc;

use crate::cookie::template::Around;
use crate::data::map::Map;
use crate::error::Rejected;
use crate::json::scan::Cursor;
use crate::json::tag::{Tag, escaped_entry, tagged, write_escaped};
use crate::keys::ring::KeyRing;
use crate::token::format::{Content, Segments};
use crate::token::lifetime::Lifetime;
use crate::token::mac::{Digest, Freshness, MacKey, Signer};
use crate::token::payload;
use crate::token::stamp::{Epoch, Stamp};
use crate::{base64, json};

/// `SecureCookieSessionInterface.salt`.
pub(crate) const SALT: &str = "cookie-session";
/// Werkzeug has no limit of its own; servers rarely take longer headers.
pub(crate) const LONGEST: usize = 16 << 10;
const DEPTH: usize = 1000;
const LARGEST: usize = 4 << 20;
/// Where Flask keeps whether a session is permanent.
pub(crate) const PERMANENT: &str = "_permanent";

/// `key_derivation = "hmac"`: the salt under the secret key is the key.
pub(crate) fn signer(ring: &KeyRing, digest: Digest, salt: &[u8]) -> Signer {
    Signer::new(digest, ring, |key| {
        let mut derived = MacKey::new(digest, &key.bytes).code(salt);
        let keyed = MacKey::new(digest, derived.as_slice());
        derived.wipe();
        keyed
    })
}

/// Reads a cookie: `TimestampSigner.unsign`, then `URLSafeSerializerMixin.load_payload`, then untagging of the top.
pub(crate) fn open(
    signer: &Signer,
    cookie: &[u8],
    lifetime: &Lifetime,
    now: u64,
    stamp: &mut Stamp,
    content: &mut Map,
) -> Result<Freshness, Rejected> {
    let cookie = Segments::split(cookie, LONGEST)?;
    let Segments {
        payload,
        stamp_text: timestamp,
        ..
    } = cookie;
    if !base64::is_base64url(timestamp) {
        return Err(Rejected::Malformed);
    }
    let decoded = base64::decode_with(payload::encoded_len(payload), |bytes| {
        let by = signer.verify(cookie, now)?;
        let issued = timestamp_of(timestamp).ok_or(Rejected::Malformed)?;
        let found = Stamp {
            permanent: false,
            issued,
            created: issued,
            authenticated: None,
            epoch: Epoch::default(),
        };
        lifetime.check(&found, now)?;
        let json = payload::text(payload, bytes, LARGEST).ok_or(Rejected::Unreadable)?;
        *content = read(json).ok_or(Rejected::Unreadable)?;
        *stamp = Stamp {
            permanent: is_permanent(content),
            ..found
        };
        Ok(by)
    });
    decoded.unwrap_or_else(|| Err(signer.rejection(cookie, now)))
}

/// Appends the cookie's value. A payload that came goes back as it is, so that no zlib runs for a refresh, and what Flask's zlib
/// has made shorter than ours would still fits.
pub(crate) fn write(
    signer: &Signer,
    around: Around<'_>,
    content: Content<'_>,
    room: usize,
) -> Vec<u8> {
    let timestamp = content.stamp.issued.to_be_bytes();
    let timestamp = &timestamp[timestamp.iter().take_while(|byte| **byte == 0).count()..];
    let rest = 2 + base64::encoded_len(timestamp.len()) + signer.digest.encoded_len();
    let mut out = match content.payload(LONGEST) {
        Some(payload) => around.start_with(payload, rest),
        None => encode(around, content.map, room, rest),
    };
    out.push(b'.');
    base64::encode_to(&mut out, timestamp);
    signer.sign(&mut out, around.value_start());
    out
}

/// The payload of a map, followed by `rest` octets: compressed if that makes the text at least two bytes shorter, as Flask does. If
/// the value does not fit into `room` so, whatever is shortest.
fn encode(around: Around<'_>, map: &Map, room: usize, rest: usize) -> Vec<u8> {
    let json = text(map);
    let mut stream = payload::deflate(&json);
    let plain = base64::encoded_len(json.len());
    let mut length = if stream.len() + 1 < json.len() {
        payload::deflated_digits(&stream)
    } else {
        plain
    };
    if length + rest > room {
        stream = payload::deflate_best(&json);
        length = payload::deflated_digits(&stream).min(plain);
    }
    let mut out = around.start(length + rest);
    if length == plain {
        payload::encode_plain(&mut out, &json);
    } else {
        payload::encode_deflated(&mut out, &stream);
    }
    out
}

/// Big-endian seconds without leading zeros (which are read, too); nothing is zero.
fn timestamp_of(segment: &[u8]) -> Option<u64> {
    let bytes = base64::decode(segment)?;
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

/// Key and value of a session that has one key.
fn only_entry(map: &Map) -> Option<(&[u8], &str)> {
    let mut entries = map.entries();
    entries.next().filter(|_| entries.next().is_none())
}

/// The tag that the one key of a session is, if it has one key and that is a tag.
fn only_tag(map: &Map) -> Option<(Tag, &str)> {
    let (key, value) = only_entry(map)?;
    Some((Tag::of_bytes(key)?, value))
}

/// The tagged text of a session. One key that is a tag makes the whole look like one, so it is guarded; so is one that came
/// guarded, since its Flask has a tag of that name.
pub(crate) fn text(map: &Map) -> String {
    let mut out = String::with_capacity(map.expected_size());
    match only_entry(map) {
        Some((key, value)) if Tag::of_bytes(key).is_some() || map.came_escaped(key) => {
            write_escaped(&mut out, key, value);
        }
        _ => map.write_object(&mut out, true),
    }
    out
}

/// Reads the tagged text of a session: an object, and at the top no tag but the guard of one, be it Flask's own or an
/// application's. What counts is the object and not its text: a tag that stands there twice is one key.
pub(crate) fn read(json: Arc<str>) -> Option<Map> {
    let map = Map::from_object(json, DEPTH).ok()?;
    match only_tag(&map) {
        None => Some(map),
        Some((Tag::Dict, object)) => {
            let (key, value) = escaped_entry(object)?;
            let mut inner = String::with_capacity(object.len());
            json::text::object(&mut inner, true, [(&key, value)]);
            Some(
                Map::from_object(inner.into(), DEPTH)
                    .ok()?
                    .with_escaped_key(key),
            )
        }
        Some(_) => None,
    }
}

/// `session.permanent`: the truth, in Python's sense, of the key `_permanent`.
pub(crate) fn is_permanent(map: &Map) -> bool {
    map.get_str(PERMANENT).is_some_and(is_truthy)
}

/// Python's `bool(value)` for a value of a session.
fn is_truthy(json: &str) -> bool {
    let mut json = json;
    while let Some(found) = tagged(&Cursor::new(json)) {
        match found.tag {
            // UUIDs and datetimes are true; so is a dict with one key.
            Tag::Uuid | Tag::DateTime | Tag::Dict => return true,
            Tag::Tuple | Tag::Bytes | Tag::Markup => json = found.value,
        }
    }
    let empty = |open, close| {
        json.strip_prefix(open)
            .and_then(|json| json.strip_suffix(close))
            .is_some_and(|json| json.trim_ascii().is_empty())
    };
    !(matches!(json, "false" | "null" | "\"\"")
        || empty('[', ']')
        || empty('{', '}')
        || json.parse::<f64>() == Ok(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_as_python() {
        for text in [
            "false",
            "null",
            "0",
            "-0",
            "0.0",
            "-0.0",
            "0e5",
            "\"\"",
            "[]",
            "{}",
            "[ ]",
            r#"{" t":[]}"#,
            r#"{" b":""}"#,
            r#"{" m":""}"#,
            "1e-400",
        ] {
            assert!(!is_truthy(text), "{text}");
        }
        for text in [
            "true",
            "1",
            "-1",
            "0.1",
            "NaN",
            "Infinity",
            "\"0\"",
            "\" \"",
            "[0]",
            r#"{"a":0}"#,
            r#"{" t":[0]}"#,
            r#"{" u":"00000000000000000000000000000000"}"#,
            r#"{" di":{" t__":0}}"#,
        ] {
            assert!(is_truthy(text), "{text}");
        }
    }
}
