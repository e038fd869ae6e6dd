//! The values of our cookies in a Cookie header.
//!
//! ```text
//! header = pair *( ";" pair )
//! pair   = name "=" value        space and tab around both are trimmed
//! ```
//!
//! Our formats follow RFC 6265bis, section 5.7.3, and nothing more: they split at `;`, trim space and tab, and compare the name
//! byte by byte. They know no percent-encoding, no quotes and no other whitespace (a trim of Unicode whitespace would let
//! U+2000 `__Host-x` pass for `__Host-x`). Flask's format follows Werkzeug, see `werkzeug`.

use std::borrow::Cow;

use crate::cookie::trim::trim;
use crate::cookie::werkzeug::{end_of_pair, unquoted};

/// The rules by which a Cookie header is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As browsers write it.
    Browser,
    /// As Flask reads it.
    Werkzeug,
}

/// The values of one name in one Cookie header, in their order.
pub(crate) struct Values<'n, 'h> {
    pub(crate) name: &'n [u8],
    /// The pairs that were not read yet; `None` behind the last.
    pub(crate) rest: Option<&'h [u8]>,
    pub(crate) dialect: Dialect,
}

impl<'h> Iterator for Values<'_, 'h> {
    type Item = Cow<'h, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(rest) = self.rest {
            let text = trim(rest);
            let end = match self.dialect {
                Dialect::Browser => memchr::memchr(b';', text),
                Dialect::Werkzeug => end_of_pair(text),
            };
            self.rest = end.map(|end| &text[end + 1..]);
            let pair = &text[..end.unwrap_or(text.len())];
            // Most other names differ in their first byte.
            if pair.first() != self.name.first() {
                continue;
            }
            // A name has no `=`, so the first `=` of the pair is behind it.
            let Some(value) = pair.strip_prefix(self.name) else {
                continue;
            };
            match (trim(value), self.dialect) {
                ([b'=', value @ ..], Dialect::Browser) => return Some(trim(value).into()),
                ([b'=', value @ ..], Dialect::Werkzeug) => return Some(unquoted(trim(value))),
                ([], Dialect::Werkzeug) => return Some(Cow::Borrowed(&[])),
                _ => {}
            }
        }
        None
    }
}
