//! Our signed format: `payload.stamp.signature`.

use crate::base64;
use crate::cookie::template::Around;
use crate::data::buffer::with_buffer;
use crate::data::map::Map;
use crate::error::Rejected;
use crate::keys::ring::KeyRing;
use crate::keys::secret::Purpose;
use crate::token::format::{Content, Segments};
use crate::token::lifetime::Lifetime;
use crate::token::mac::{Digest, Freshness, MacKey, Signer};
use crate::token::stamp::Stamp;
use crate::token::{payload, stamp};

/// The longest cookie that is looked at: what a browser keeps at most (RFC 6265bis, section 5.7).
pub(crate) const LONGEST: usize = 4096;
/// The deepest nesting of a payload.
pub(crate) const DEPTH: usize = 128;
/// The largest payload after inflating.
const LARGEST: usize = 256 << 10;

/// The keys of the format, derived for one purpose, cookie name and context.
pub(crate) fn signer(ring: &KeyRing, purpose: Purpose, name: &str, context: &str) -> Signer {
    let digest = Digest::Sha256;
    Signer::new(digest, ring, |key| {
        MacKey::new(digest, &key.derive(purpose, name, context)[..])
    })
}

/// Reads a cookie: syntax, signature, times, content, in this order, and nothing of a later step before an earlier one
/// has passed.
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
        stamp_text,
        signature,
        ..
    } = cookie;
    if signature.len() != signer.digest.encoded_len() || stamp_text.len() != stamp::DIGITS {
        return Err(Rejected::Malformed);
    }
    let found = base64::decode_array(stamp_text);
    if found.is_none() && !base64::is_base64url(stamp_text) {
        return Err(Rejected::Malformed);
    }
    let found = found.and_then(Stamp::decode);
    let read = base64::decode_with(payload::encoded_len(payload), |bytes| {
        let by = signer.verify(cookie, now)?;
        let found = found.ok_or(Rejected::Unreadable)?;
        lifetime.check(&found, now)?;
        let json = payload::text(payload, bytes, LARGEST).ok_or(Rejected::Unreadable)?;
        *content = Map::from_ours(json, DEPTH).map_err(|_| Rejected::Unreadable)?;
        *stamp = found;
        Ok(by)
    });
    read.unwrap_or_else(|| Err(signer.rejection(cookie, now)))
}

/// Appends the cookie's value. A payload that came goes back as it is, if it fits into `room`.
pub(crate) fn write(
    signer: &Signer,
    around: Around<'_>,
    content: Content<'_>,
    room: usize,
) -> Vec<u8> {
    let rest = 2 + stamp::DIGITS + signer.digest.encoded_len();
    let mut out = match content
        .payload(LONGEST)
        .filter(|payload| payload.len() + rest <= room)
    {
        Some(payload) => around.start_with(payload, rest),
        None => with_buffer(|json| encode(json, around, content.map, room, rest)),
    };
    out.push(b'.');
    base64::encode_to(&mut out, &content.stamp.encode());
    signer.sign(&mut out, around.value_start());
    out
}

/// The payload of a map, followed by `rest` octets. Compressed only if the value would not fit into `room` otherwise, and as
/// short as it gets only if that does not fit, either.
fn encode(json: &mut String, around: Around<'_>, map: &Map, room: usize, rest: usize) -> Vec<u8> {
    json.reserve(map.expected_size());
    map.write_ours(json);
    let length = base64::encoded_len(json.len()) + rest;
    let mut out = around.start(length.min(room));
    if length <= room || json.len() > LARGEST {
        payload::encode_plain(&mut out, json);
        return out;
    }
    let mut stream = payload::deflate(json);
    if payload::deflated_digits(&stream) + rest > room {
        stream = payload::deflate_best(json);
    }
    payload::encode_deflated(&mut out, &stream);
    out
}
