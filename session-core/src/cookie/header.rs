//! Ours in a Cookie header.
//!
//! Reading follows RFC 6265bis, section 5.7.3, and nothing more: split at `;`, trim space and tab, compare the name byte
//! by byte. No percent, no quotes, no other whitespace (a Unicode trim would let U+2000 `__Host-x` pass for `__Host-x`).

use http::HeaderValue;

/// The values of the cookies of this name, in order, of one Cookie header.
pub(super) fn values<'a>(name: &'a str, header: &'a HeaderValue) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(header.as_bytes());
    let pairs = std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr::memchr(b';', text);
        rest = end.map(|end| &text[end + 1..]);
        Some(end.map_or(text, |end| &text[..end]))
    });
    let name = name.as_bytes();
    // A name has no `=`, so where ours stands in front of one, that is the first. Most others differ in their first byte,
    // which costs no call.
    pairs.filter_map(move |pair| {
        let pair = trim_start(pair);
        let rest = if pair.first() == name.first() { pair.strip_prefix(name)? } else { return None };
        Some(trim(trim_start(rest).strip_prefix(b"=")?))
    })
}

/// Without space and tab at both ends, and nothing else.
fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = trim_start(bytes);
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}
