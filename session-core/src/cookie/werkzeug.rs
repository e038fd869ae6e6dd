//! How Werkzeug's `parse_cookie` (3.1.8) ends a pair and reads a quoted value.
//!
//! ```text
//! pair   = name [ "=" value ]         a name alone has an empty value
//! value  = quoted, if only space and tab are between it and ";" or the end; else all bytes up to ";"
//! quoted = '"' ( any but '"' and "\" | "\" any )* '"'      may contain ";"
//! ```
//!
//! A quoted value loses its quotes, `\ddd` (octal) becomes that byte, and `\c` becomes c. Only the whitespace differs from
//! Werkzeug: it is space and tab, as in browsers.

use std::borrow::Cow;

use crate::cookie::trim::trim;

/// Returns the position of the `;` that ends the first pair; `None` if it is the last pair. There is no space and no tab at the
/// end of `text`.
pub(crate) fn end_of_pair(text: &[u8]) -> Option<usize> {
    let next = memchr::memchr(b';', text)?;
    let Some(equals) = memchr::memchr(b'=', &text[..next]) else {
        return Some(next);
    };
    let value = trim(&text[equals + 1..]);
    let Some(length) = value.strip_prefix(b"\"").and_then(closing_quote) else {
        return Some(next);
    };
    // Two more bytes for the quotes.
    match trim(&value[length + 2..]) {
        [] => None,
        after @ [b';', ..] => Some(text.len() - after.len()),
        _ => Some(next),
    }
}

/// Returns the position of the first quote without a backslash in front of it.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        // A backslash and the byte that it escapes.
        at += 2;
        text.get(at..)?;
    }
}

/// Returns a value without its quotes and escapes, if it is quoted.
pub(crate) fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
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
