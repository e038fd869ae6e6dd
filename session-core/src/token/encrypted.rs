//! Our encrypted format.
//!
//! ```text
//! cookie = base64url(nonce 12, AES-256-GCM-SIV(K(2), nonce, text), tag 16)
//! text   = stamp 18, json, spaces
//! ```
//!
//! Nothing is associated with it, since the key is derived for format, cookie name and context. It is never compressed,
//! because the length would tell something about the content. With `padding`, spaces after the JSON hide its exact
//! length; a reader ignores them.

use crate::base64;
use crate::cookie::template::Target;
use crate::data::buffer::with_buffer;
use crate::data::map::Map;
use crate::error::Rejected;
use crate::json::scan::NotJson;
use crate::keys::ring::KeyRing;
use crate::keys::secret::Purpose;
use crate::token::aead::{Cipher, NONCE, OVERHEAD};
use crate::token::content::Content;
use crate::token::lifetime::Lifetime;
use crate::token::mac::Freshness;
use crate::token::signed::{DEPTH, LONGEST, LONGEST_DECODED};
use crate::token::stamp;
use crate::token::stamp::Stamp;

/// Derives the keys for one purpose, cookie name and context. Texts are padded to a multiple of `block` bytes.
pub(crate) fn cipher(
    ring: &KeyRing,
    purpose: Purpose,
    name: &str,
    context: &str,
    block: usize,
) -> Cipher {
    Cipher::new(ring, block, |key| key.derive(purpose, name, context))
}

/// Opens a cookie: checks syntax, authentication, times and content, in this order.
pub(crate) fn open(
    cipher: &Cipher,
    cookie: &[u8],
    lifetime: &Lifetime,
    now: u64,
    stamp: &mut Stamp,
    map: &mut Map,
) -> Result<Freshness, Rejected> {
    if cookie.len() > LONGEST {
        return Err(Rejected::TooLong);
    }
    let mut buffer = [0; LONGEST_DECODED];
    let bytes = base64::decode_into(cookie, &mut buffer).ok_or(Rejected::Malformed)?;
    if bytes.len() < OVERHEAD + stamp::BYTES {
        return Err(Rejected::Malformed);
    }
    let Some((text, freshness)) = cipher.open(bytes, &[], now) else {
        return Err(Rejected::BadSignature);
    };
    let (stamp_bytes, json) = text.split_first_chunk().ok_or(Rejected::Unreadable)?;
    *stamp = Stamp::decode(*stamp_bytes).ok_or(Rejected::Unreadable)?;
    lifetime.check(stamp, now)?;
    let Ok(json) = std::str::from_utf8(json) else {
        return Err(Rejected::Unreadable);
    };
    match map.read_ours(json.into(), DEPTH) {
        Ok(()) => Ok(freshness),
        Err(NotJson) => Err(Rejected::Unreadable),
    }
}

/// Returns the length of the value that encrypts this content without padding.
pub(crate) fn length(map: &Map) -> usize {
    with_buffer(|json| {
        map.write_ours(json);
        base64::encoded_len(OVERHEAD + stamp::BYTES + json.len())
    })
}

/// Writes `name=value`.
pub(crate) fn write(
    cipher: &Cipher,
    target: Target<'_>,
    content: Content<'_>,
    nonce: [u8; NONCE],
) -> Vec<u8> {
    let mut json = String::with_capacity(content.map.expected_size());
    content.map.write_ours(&mut json);
    let text = [&content.stamp.encode()[..], json.as_bytes()];
    let mut encrypted = Vec::new();
    cipher.encrypt(&mut encrypted, nonce, &[], &text);
    let mut out = target.begin(base64::encoded_len(encrypted.len()));
    base64::encode_to(&mut out, &encrypted);
    out
}
