//! Where an object's keys and values stand in its text.

use std::ops::Range;
use std::sync::Arc;

use crate::json::scan::{Cursor, NotJson, Token, unescape};

/// A place in the text that was opened. Half as large as a range, since entries are copied when there is room for more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Of a text that is shorter than 4 GiB.
    pub(crate) fn of(range: Range<usize>) -> Self {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: place(range.start),
            end: place(range.end),
        }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Text,
}

impl Entry {
    /// Where it stands in the base, with nothing around the colon: as we write it.
    pub(crate) fn range(&self) -> Option<Range<usize>> {
        match (&self.key, &self.value) {
            (Key::Base(key), Text::Base(value)) if value.start == key.end + 2 => {
                Some(key.range().start - 1..value.range().end)
            }
            _ => None,
        }
    }
}

/// A part of the base, or bytes of its own: WTF-8, since a JSON string may hold lone surrogates.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Base(Span),
    Own(Arc<[u8]>),
}

impl Key {
    pub(crate) fn bytes<'a>(&'a self, base: &'a str) -> &'a [u8] {
        match self {
            Self::Base(span) => &base.as_bytes()[span.range()],
            Self::Own(bytes) => bytes,
        }
    }
}

/// A part of the base, or a text of its own.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    Base(Span),
    Own(Arc<str>),
}

impl Text {
    pub(crate) fn as_str<'a>(&'a self, base: &'a str) -> &'a str {
        match self {
            Self::Base(span) => &base[span.range()],
            Self::Own(text) => text,
        }
    }
}

/// Reads an object's entries, sorted; of equal keys the last counts, as in Python.
pub(crate) fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Entry>, NotJson> {
    let text = cursor.text();
    let below = depth.checked_sub(1).ok_or(NotJson)?;
    if u32::try_from(text.len()).is_err() {
        return Err(NotJson);
    }
    // Room for entries of the usual length, so that it seldom has to grow.
    let mut entries: Vec<Entry> = Vec::with_capacity(4 + text.len() / 24);
    let (mut sorted, mut last) = (true, None);
    cursor.expect(b'{')?;
    if cursor.eat(b'}') {
        return Ok(entries);
    }
    loop {
        let Token { range, escaped } = cursor.key()?;
        let value = Span::of(cursor.value(below)?);
        if escaped {
            sorted = false;
            push_own(&mut entries, unescape(&text[range]), value);
        } else {
            let key = order(&text.as_bytes()[range.clone()]);
            sorted &= last.is_none_or(|last| last < key);
            last = Some(key);
            let key = Span::of(range);
            // Made where it will stand: `push` makes it first, since it may have to drop it, and then copies it.
            entries.extend(std::iter::once_with(|| Entry {
                key: Key::Base(key),
                value: Text::Base(value),
            }));
        }
        if !cursor.eat(b',') {
            break;
        }
    }
    cursor.expect(b'}')?;
    if !sorted {
        entries.reverse();
        entries.sort_by(|a, b| a.key.bytes(text).cmp(b.key.bytes(text)));
        entries.dedup_by(|a, b| a.key.bytes(text) == b.key.bytes(text));
    }
    Ok(entries)
}

/// Apart, so that the usual entry is made without it.
#[cold]
#[inline(never)]
fn push_own(entries: &mut Vec<Entry>, key: Vec<u8>, value: Span) {
    entries.push(Entry {
        key: Key::Own(key.into()),
        value: Text::Base(value),
    });
}

/// What orders a key: its first eight bytes, and zeros behind the end, before the whole of it. Most differ in these, so
/// that comparing them is no call.
fn order(key: &[u8]) -> (u64, &[u8]) {
    let prefix = match (key.first_chunk(), key.first_chunk(), key.last_chunk()) {
        (Some(eight), ..) => u64::from_be_bytes(*eight),
        // Those in the middle are in both.
        (_, Some(first), Some(last)) => {
            let [first, last] = [*first, *last].map(|four| u64::from(u32::from_be_bytes(four)));
            first << 32 | last << (64 - 8 * key.len())
        }
        _ => key
            .iter()
            .zip([56, 48, 40])
            .fold(0, |word, (byte, shift)| word | u64::from(*byte) << shift),
    };
    (prefix, key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The prefix changes nothing.
        #[test]
        fn keys_are_ordered_by_their_bytes(
            same in prop::collection::vec(any::<u8>(), 0..10),
            a in prop::collection::vec(0..3_u8, 0..10),
            b in prop::collection::vec(0..3_u8, 0..10),
        ) {
            let (a, b) = ([&same[..], &a].concat(), [&same[..], &b].concat());
            prop_assert_eq!(order(&a).cmp(&order(&b)), a.cmp(&b));
        }
    }
}
