//! Flask's format: itsdangerous' `URLSafeTimedSerializer` over `TaggedJSONSerializer`, byte for byte.
//!
//! ```text
//! cookie    = payload "." timestamp "." signature
//! payload   = base64url(json) | "." base64url(zlib stream of json)
//! timestamp = base64url(seconds since 1970, big-endian, no leading zeros)
//! signature = base64url(HMAC(HMAC(secret, salt), payload "." timestamp))      SHA-1 unless configured otherwise
//! json      = an object with Flask's tags
//! ```

use crate::token::mac::Freshness;
use std::sync::Arc;
use zeroize::Zeroize;

use crate::base64;
use crate::cookie::template::Target;
use crate::data::map::Map;
use crate::error::Rejected;
use crate::json::object;
use crate::json::scan::Cursor;
use crate::json::tag::{Tag, escaped_entry, tagged, write_escaped};
use crate::keys::ring::KeyRing;
use crate::token::content::Content;
use crate::token::deflate::{deflate, deflate_best};
use crate::token::lifetime::Lifetime;
use crate::token::mac::{Digest, MacKey, Signer};
use crate::token::payload;
use crate::token::segments::Segments;
use crate::token::stamp::{Epoch, Stamp};

/// `SecureCookieSessionInterface.salt`.
pub(crate) const SALT: &str = "cookie-session";
/// The longest value that is read. Werkzeug has no limit of its own, but servers rarely accept longer headers.
pub(crate) const LONGEST: usize = 16 << 10;
/// The deepest nesting of a payload.
const DEPTH: usize = 1000;
/// The largest payload after it is inflated.
const LARGEST: usize = 4 << 20;
/// The key in which Flask stores whether a session is permanent.
pub(crate) const PERMANENT: &str = "_permanent";

/// Derives the keys, as itsdangerous with `key_derivation = "hmac"`: the HMAC of the salt is the key.
pub(crate) fn signer(ring: &KeyRing, digest: Digest, salt: &[u8]) -> Signer {
    Signer::new(digest, ring, |key| {
        let mut derived = MacKey::new(digest, &key.bytes).tag(salt);
        let keyed = MacKey::new(digest, derived.as_slice());
        // This tag is itself a key.
        derived.bytes.zeroize();
        keyed
    })
}

/// Opens a cookie: `TimestampSigner.unsign`, then `URLSafeSerializerMixin.load_payload`, then untagging of the top level.
pub(crate) fn open(
    signer: &Signer,
    cookie: &[u8],
    lifetime: &Lifetime,
    now: u64,
    stamp: &mut Stamp,
    map: &mut Map,
) -> Result<Freshness, Rejected> {
    let cookie = Segments::split(cookie, LONGEST)?;
    if !base64::is_base64url(cookie.stamp) {
        return Err(Rejected::Malformed);
    }
    // On the stack: a forged cookie allocates nothing. Most are short, and the short buffer is cleared faster.
    let (mut short, mut long);
    let buffer: &mut [u8] = if cookie.payload.len() <= 4096 {
        short = [0; 3072];
        &mut short
    } else {
        long = [0; LONGEST / 4 * 3];
        &mut long
    };
    let Some(bytes) = base64::decode_into(cookie.encoded, buffer) else {
        return Err(signer.rejection(cookie, now));
    };
    let freshness = signer.verify(cookie, now)?;
    let issued = timestamp_of(cookie.stamp).ok_or(Rejected::Malformed)?;
    *stamp = Stamp {
        permanent: false,
        issued,
        created: issued,
        authenticated: None,
        epoch: Epoch::default(),
    };
    // Flask has one lifetime for all sessions, so it can be checked before the content says whether this one is permanent.
    lifetime.check(stamp, now)?;
    let json = payload::text(cookie.payload, bytes, LARGEST).ok_or(Rejected::Unreadable)?;
    *map = read(json).ok_or(Rejected::Unreadable)?;
    stamp.permanent = is_permanent(map);
    Ok(freshness)
}

/// Writes `name=value`. The payload of an unchanged session goes back as it came: a refresh runs no zlib, and a payload that
/// Flask's zlib made shorter than ours would still fits.
pub(crate) fn write(signer: &Signer, target: Target<'_>, content: Content<'_>) -> Vec<u8> {
    let timestamp = content.stamp.issued.to_be_bytes();
    let mut timestamp = &timestamp[..];
    while let [0, rest @ ..] = timestamp {
        timestamp = rest;
    }
    let rest = 2 + base64::encoded_len(timestamp.len()) + signer.signature_len;
    let mut out = match content.payload(LONGEST) {
        Some(payload) => {
            let mut out = target.begin(payload.len() + rest);
            out.extend_from_slice(payload);
            out
        }
        None => write_payload(target, content.map, rest),
    };
    out.push(b'.');
    base64::encode_to(&mut out, timestamp);
    signer.sign(&mut out, target.value_start());
    out
}

/// Writes `name=` and the payload of a map, which `rest` more bytes will follow. It is compressed if the stream is at least two
/// bytes shorter than the JSON, as in Flask. If the value does not fit into the budget, the shortest payload is taken.
fn write_payload(target: Target<'_>, map: &Map, rest: usize) -> Vec<u8> {
    let json = text(map);
    let mut stream = deflate(&json);
    let plain = base64::encoded_len(json.len());
    let mut length = if stream.len() + 1 < json.len() {
        payload::deflated_len(&stream)
    } else {
        plain
    };
    if length + rest > target.budget {
        stream = deflate_best(&json);
        length = payload::deflated_len(&stream).min(plain);
    }
    let mut out = target.begin(length + rest);
    if length == plain {
        base64::encode_to(&mut out, json.as_bytes());
    } else {
        payload::encode_deflated(&mut out, &stream);
    }
    out
}

/// Reads big-endian seconds; leading zeros are accepted, and no bytes at all are zero.
fn timestamp_of(segment: &[u8]) -> Option<u64> {
    let bytes = base64::decode(segment)?;
    let mut timestamp = [0; 8];
    let start = timestamp.len().checked_sub(bytes.len())?;
    timestamp[start..].copy_from_slice(&bytes);
    Some(u64::from_be_bytes(timestamp))
}

/// Returns key and value of a session that has exactly one key.
fn only_entry(map: &Map) -> Option<(&[u8], &str)> {
    let mut entries = map.entries();
    match (entries.next(), entries.next()) {
        (only, None) => only,
        _ => None,
    }
}

/// Returns tag and value of a session that has exactly one key, if that key is a tag.
fn only_tag(map: &Map) -> Option<(Tag, &str)> {
    let (key, value) = only_entry(map)?;
    Some((Tag::of_bytes(key)?, value))
}

/// Returns the tagged text of a session. A session with one key that is a tag would look like a tagged value, so it is
/// guarded. A key that came guarded goes back guarded, since the Flask application has a tag of that name.
pub(crate) fn text(map: &Map) -> String {
    let mut out = String::with_capacity(map.expected_size());
    match only_entry(map) {
        Some((key, value)) if Tag::of_bytes(key).is_some() || map.came_escaped(key) => {
            write_escaped(&mut out, key, value);
        }
        _ => object::object(&mut out, true, map.entries()),
    }
    out
}

/// Reads the tagged text of a session: an object, whose top level may have no tag but the guard of a tag, either Flask's or the
/// application's. A tag that is there twice is one key, since the object is read before its tags.
pub(crate) fn read(json: Arc<str>) -> Option<Map> {
    let map = Map::from_object(json, DEPTH).ok()?;
    match only_tag(&map) {
        None => Some(map),
        Some((Tag::Dict, object)) => {
            let (key, value) = escaped_entry(object)?;
            let mut inner = String::with_capacity(object.len());
            object::object(&mut inner, true, [(&key, value)]);
            Some(
                Map::from_object(inner.into(), DEPTH)
                    .ok()?
                    .with_escaped_key(key),
            )
        }
        Some(_) => None,
    }
}

/// Returns `session.permanent`: whether the value of `_permanent` is true in Python.
pub(crate) fn is_permanent(map: &Map) -> bool {
    map.get_str(PERMANENT).is_some_and(is_truthy)
}

/// Returns Python's `bool(value)` for a value of a session.
fn is_truthy(json: &str) -> bool {
    let mut json = json;
    while let Some(found) = tagged(&Cursor::new(json)) {
        match found.tag {
            // UUIDs and datetimes are true; so is a dict with one key.
            Tag::Uuid | Tag::DateTime | Tag::Dict => return true,
            Tag::Tuple | Tag::Bytes | Tag::Markup => json = found.value,
        }
    }
    match json.as_bytes() {
        [b'[', inner @ .., b']'] | [b'{', inner @ .., b'}'] => !inner.trim_ascii().is_empty(),
        b"false" | b"null" | b"\"\"" => false,
        // Zero in each of its spellings, and what is too small for a float.
        _ => json.parse::<f64>() != Ok(0.0),
    }
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
