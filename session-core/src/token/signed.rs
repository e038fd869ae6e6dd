//! Our signed format.
//!
//! ```text
//! cookie    = payload "." stamp "." signature
//! payload   = base64url(json) | "." base64url(zlib stream of json)
//! stamp     = base64url(stamp 18)                                         24 characters
//! signature = base64url(HMAC-SHA256(K(1), payload "." stamp))             43 characters
//! ```
//!
//! A reader checks syntax, signature, times and content, in this order. Nothing that an attacker can choose reaches the
//! decompressor or the JSON scanner before the signature is verified.

use crate::base64;
use crate::cookie::template::Target;
use crate::data::buffer::with_buffer;
use crate::data::map::Map;
use crate::error::Rejected;
use crate::json::scan::NotJson;
use crate::keys::ring::KeyRing;
use crate::keys::secret::Purpose;
use crate::token::content::Content;
use crate::token::deflate::{deflate, deflate_best};
use crate::token::lifetime::Lifetime;
use crate::token::mac::{Digest, Freshness, MacKey, Signer};
use crate::token::segments::Segments;
use crate::token::stamp::Stamp;
use crate::token::{payload, stamp};

/// The longest value that is read: browsers keep 4096 bytes of name and value (RFC 6265bis, section 5.7).
pub(crate) const LONGEST: usize = 4096;
/// The bytes that so long a value decodes to.
pub(crate) const LONGEST_DECODED: usize = LONGEST / 4 * 3;
/// The deepest nesting of a payload.
pub(crate) const DEPTH: usize = 128;
/// The largest payload after it is inflated.
const LARGEST: usize = 256 << 10;

/// Derives the keys for one purpose, cookie name and context.
pub(crate) fn signer(ring: &KeyRing, purpose: Purpose, name: &str, context: &str) -> Signer {
    let digest = Digest::Sha256;
    Signer::new(digest, ring, |key| {
        MacKey::new(digest, &key.derive(purpose, name, context)[..])
    })
}

/// Opens a cookie.
pub(crate) fn open(
    signer: &Signer,
    cookie: &[u8],
    lifetime: &Lifetime,
    now: u64,
    stamp: &mut Stamp,
    map: &mut Map,
) -> Result<Freshness, Rejected> {
    let cookie = Segments::split(cookie, LONGEST)?;
    if cookie.signature.len() != signer.signature_len {
        return Err(Rejected::Malformed);
    }
    let mut stamp_bytes = [0; stamp::BYTES];
    if !base64::decode_exact(cookie.stamp, &mut stamp_bytes) {
        return Err(Rejected::Malformed);
    }
    // On the stack: a forged cookie allocates nothing. Most are short, and the short buffer is cleared faster.
    let (mut short, mut long);
    let buffer: &mut [u8] = if cookie.payload.len() <= 512 {
        short = [0; 384];
        &mut short
    } else {
        long = [0; LONGEST_DECODED];
        &mut long
    };
    let Some(bytes) = base64::decode_into(cookie.encoded, buffer) else {
        return Err(signer.rejection(cookie, now));
    };
    let freshness = signer.verify(cookie, now)?;
    // The signature is valid. A text that still cannot be read was written by another release.
    *stamp = Stamp::decode(stamp_bytes).ok_or(Rejected::Unreadable)?;
    lifetime.check(stamp, now)?;
    let json = payload::text(cookie.payload, bytes, LARGEST).ok_or(Rejected::Unreadable)?;
    match map.read_ours(json, DEPTH) {
        Ok(()) => Ok(freshness),
        Err(NotJson) => Err(Rejected::Unreadable),
    }
}

/// Writes `name=value`. The payload of an unchanged session goes back as it came, if it fits into the budget.
pub(crate) fn write(signer: &Signer, target: Target<'_>, content: Content<'_>) -> Vec<u8> {
    let rest = 2 + stamp::DIGITS + signer.signature_len;
    let mut out = match content.payload(LONGEST) {
        Some(payload) if payload.len() + rest <= target.budget => {
            let mut out = target.begin(payload.len() + rest);
            out.extend_from_slice(payload);
            out
        }
        _ => with_buffer(|json| write_payload(json, target, content.map, rest)),
    };
    out.push(b'.');
    base64::encode_to(&mut out, &content.stamp.encode());
    signer.sign(&mut out, target.value_start());
    out
}

/// Writes `name=` and the payload of a map, which `rest` more bytes will follow. It is compressed only if the value would not
/// fit into the budget otherwise, and with more effort only if that is still too long.
fn write_payload(json: &mut String, target: Target<'_>, map: &Map, rest: usize) -> Vec<u8> {
    json.reserve(map.expected_size());
    map.write_ours(json);
    let length = base64::encoded_len(json.len()) + rest;
    // A payload that no reader would inflate again is left as it is; it is too large in any case.
    if length <= target.budget || json.len() > LARGEST {
        let mut out = target.begin(length);
        base64::encode_to(&mut out, json.as_bytes());
        return out;
    }
    let mut stream = deflate(json);
    if payload::deflated_len(&stream) + rest > target.budget {
        stream = deflate_best(json);
    }
    let mut out = target.begin(payload::deflated_len(&stream) + rest);
    payload::encode_deflated(&mut out, &stream);
    out
}
