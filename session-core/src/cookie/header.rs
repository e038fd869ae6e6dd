//! Ours in a Cookie header.
//!
//! Our formats follow RFC 6265bis, section 5.7.3, and nothing more: split at `;`, trim space and tab, compare the name byte
//! by byte. No percent, no quotes, no other whitespace (a Unicode trim would let U+2000 `__Host-x` pass for `__Host-x`).
//!
//! Flask's format follows Werkzeug's `parse_cookie` (3.1.8), but for that whitespace:
//!
//! ```text
//! pair  = name [ "=" value ]          a name alone has an empty value
//! value = quoted, if only space and tab stand between it and ";" or the end; else all up to ";"
//! quoted = '"' ( any but '"' and "\" | "\" any )* '"'      may hold ";"
//! ```
//!
//! A value between quotes loses them, `\ddd` (octal) becomes that byte, and `\c` becomes c.

use std::borrow::Cow;

use http::HeaderValue;

/// Which rules a Cookie header is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As browsers write it.
    Browser,
    /// As Flask reads it.
    Werkzeug,
}

/// The values of the cookies of this name, in order, of one Cookie header.
pub(crate) fn values<'a>(
    name: &'a str,
    header: &'a HeaderValue,
    dialect: Dialect,
) -> impl Iterator<Item = Cow<'a, [u8]>> {
    let mut rest = Some(header.as_bytes());
    let name = name.as_bytes();
    std::iter::from_fn(move || {
        loop {
            let text = trim_start(rest?);
            // Most others differ in their first byte, which costs no call. A name has no `=`, so where ours stands in front of
            // one, that is the first.
            let value = if text.first() == name.first() {
                text.strip_prefix(name)
            } else {
                None
            };
            let value = value.map(trim_start);
            let end = match dialect {
                Dialect::Browser => memchr::memchr(b';', text),
                Dialect::Werkzeug => end_of_pair(text),
            };
            let pair_end = end.unwrap_or(text.len());
            rest = end.map(|end| &text[end + 1..]);
            let Some(value) = value else { continue };
            // What follows the name may be the next pair already.
            let value = &value[..value.len().saturating_sub(text.len() - pair_end)];
            match (value, dialect) {
                ([b'=', value @ ..], Dialect::Browser) => return Some(trim(value).into()),
                ([b'=', value @ ..], Dialect::Werkzeug) => return Some(unquoted(trim(value))),
                ([], Dialect::Werkzeug) => return Some(Cow::Borrowed(&[])),
                _ => {}
            }
        }
    })
}

/// Where the pair's `;` stands, for Werkzeug; `None` if it is the last.
fn end_of_pair(text: &[u8]) -> Option<usize> {
    let next = memchr::memchr(b';', text)?;
    let equals = memchr::memchr(b'=', &text[..next]);
    let Some(equals) = equals else {
        return Some(next);
    };
    let value = trim_start(&text[equals + 1..]);
    match value.strip_prefix(b"\"").and_then(closing_quote) {
        // One for the quote that opens, one for that which closes.
        Some(length) => match trim_start(&value[length + 2..]) {
            [] => None,
            after @ [b';', ..] => Some(text.len() - after.len()),
            _ => Some(next),
        },
        None => Some(next),
    }
}

/// Where the quote stands that no backslash precedes.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
        text.get(at..)?;
    }
}

fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inner @ .., b'"'] = value else {
        return value.into();
    };
    if !inner.contains(&b'\\') {
        return inner.into();
    }
    let (mut out, mut rest) = (Vec::with_capacity(inner.len()), inner);
    loop {
        rest = match rest {
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                rest @ ..,
            ] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
            [] => return out.into(),
        }
    }
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
