//! Our encrypted format: one segment, base64url of a nonce, the encrypted stamp and content, and the tag.
//!
//! Nothing of it is readable without the key, not even when it was written. Nothing is associated with it: the key is
//! derived for format, cookie name and context. It is never compressed, since the length would tell of the content.

use crate::base64;
use crate::cookie::template::Around;
use crate::data::buffer::with_buffer;
use crate::data::map::Map;
use crate::error::Rejected;
use crate::token::aead::{Cipher, NONCE, OVERHEAD};
use crate::token::format::Content;
use crate::token::lifetime::Lifetime;
use crate::token::mac::Freshness;
use crate::token::signed::{DEPTH, LONGEST};
use crate::token::stamp;
use crate::token::stamp::Stamp;

/// Reads a cookie: syntax, authentication, times, content, in this order.
pub(crate) fn open(
    cipher: &Cipher,
    cookie: &[u8],
    lifetime: &Lifetime,
    now: u64,
    stamp: &mut Stamp,
    content: &mut Map,
) -> Result<Freshness, Rejected> {
    if cookie.len() > LONGEST {
        return Err(Rejected::TooLong);
    }
    let read = base64::decode_with(cookie, |bytes| {
        if bytes.len() < OVERHEAD + stamp::BYTES {
            return Err(Rejected::Malformed);
        }
        let (text, by) = cipher.open(bytes, &[], now).ok_or(Rejected::BadSignature)?;
        let (found, json) = text.split_first_chunk().ok_or(Rejected::Unreadable)?;
        let found = Stamp::decode(*found).ok_or(Rejected::Unreadable)?;
        lifetime.check(&found, now)?;
        let json = std::str::from_utf8(json).map_err(|_| Rejected::Unreadable)?;
        *content = Map::from_ours(json.into(), DEPTH).map_err(|_| Rejected::Unreadable)?;
        *stamp = found;
        Ok(by)
    });
    read.ok_or(Rejected::Malformed)?
}

/// Octets of a value with this content, if nothing is filled up.
pub(crate) fn length(map: &Map) -> usize {
    with_buffer(|json| {
        map.write_ours(json);
        base64::encoded_len(OVERHEAD + stamp::BYTES + json.len())
    })
}

/// Appends the cookie's value.
pub(crate) fn write(
    cipher: &Cipher,
    around: Around<'_>,
    content: Content<'_>,
    nonce: [u8; NONCE],
) -> Vec<u8> {
    let mut json = String::with_capacity(content.map.expected_size());
    content.map.write_ours(&mut json);
    let mut encrypted = Vec::new();
    cipher.encrypt(
        &mut encrypted,
        nonce,
        &[],
        &[&content.stamp.encode(), json.as_bytes()],
    );
    let mut out = around.start(base64::encoded_len(encrypted.len()));
    base64::encode_to(&mut out, &encrypted);
    out
}
