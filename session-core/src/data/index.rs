//! The index of a session's text: where the keys and values of its object stand.
//!
//! ```text
//! base     {"a":1,"b":[2]}
//! entries  key 2..3 value 5..6,  key 8..9 value 11..14
//! ```
//!
//! A span is only meaningful for the base that its entry was read from. Spans of keys and values begin and end at characters,
//! since the scanner found quotes, colons and commas around them.

use std::ops::Range;
use std::sync::Arc;

use crate::json::scan::{Cursor, NotJson};
use crate::json::unescape::unescape;

/// One key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Value,
}

impl Entry {
    /// Returns the place in the base of an entry that is written as it stands there: `"key":value`.
    pub(crate) fn place(&self) -> Option<Range<usize>> {
        match (&self.key, &self.value) {
            // Quote and colon are between them, and no whitespace.
            (Key::Base(key), Value::Base(value)) if key.end + 2 == value.start => {
                Some(key.start - 1..value.end)
            }
            _ => None,
        }
    }
}

/// A key in WTF-8, since a JSON string may hold lone surrogates: a part of the base that has no escapes, or bytes of its own.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Base(Range<usize>),
    Own(Arc<[u8]>),
}

impl Key {
    pub(crate) fn bytes<'a>(&'a self, base: &'a str) -> &'a [u8] {
        match self {
            Self::Base(span) => &base.as_bytes()[span.clone()],
            Self::Own(bytes) => bytes,
        }
    }
}

/// A value's JSON text: a part of the base until the value is changed, then a text of its own.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Base(Range<usize>),
    Own(Arc<str>),
}

impl Value {
    pub(crate) fn as_str<'a>(&'a self, base: &'a str) -> &'a str {
        match self {
            Self::Base(span) => &base[span.clone()],
            Self::Own(text) => text,
        }
    }
}

/// Reads an object of at most `depth` levels. The entries are sorted by key, and no key is there twice: the last of equal ones
/// stays, as in Python.
pub(crate) fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Entry>, NotJson> {
    let text = cursor.text;
    let below = depth.checked_sub(1).ok_or(NotJson)?;
    // Room for entries of the usual length, so that the vector is allocated once.
    let mut entries: Vec<Entry> = Vec::with_capacity(4 + text.len() / 24);
    cursor.expect(b'{')?;
    cursor.skip_space();
    let mut more = cursor.peek() != Some(b'}');
    while more {
        let token = cursor.key()?;
        let value = Value::Base(cursor.value(below)?);
        if token.escaped {
            let key = Key::Own(unescape(&text[token.range]).into());
            entries.push(Entry { key, value });
        } else {
            let key = Key::Base(token.range);
            entries.push(Entry { key, value });
        }
        more = cursor.eat(b',');
    }
    cursor.expect(b'}')?;
    // Our own text is sorted already.
    if !entries.is_sorted_by(|a, b| a.key.bytes(text) < b.key.bytes(text)) {
        // Reversed, so that the last of equal keys comes first. The sort is stable, and `dedup_by` leaves the first.
        entries.reverse();
        entries.sort_by(|a, b| a.key.bytes(text).cmp(b.key.bytes(text)));
        entries.dedup_by(|a, b| a.key.bytes(text) == b.key.bytes(text));
    }
    Ok(entries)
}
