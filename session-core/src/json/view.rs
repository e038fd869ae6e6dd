//! Walks a value in a text that the scanner has proved to be JSON: its kind, its items, its entries.
//!
//! Nothing is checked here twice. In any other text a walk ends early, and never panics.

use std::ops::Range;

use crate::json::scan::{Cursor, DEEPEST};
use crate::json::unescape::unescape;

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    /// A number, or one of Python's `NaN` and `Infinity`.
    Number,
    String,
    List,
    Object,
}

impl<'a> Cursor<'a> {
    /// Skips whitespace and returns the kind of the value that follows.
    pub(crate) fn kind(&mut self) -> Kind {
        self.skip_space();
        match self.peek() {
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::List,
            Some(b'{') => Kind::Object,
            _ => Kind::Number,
        }
    }

    /// Steps to the list's next item, which the caller takes. Returns `false` in front of the list's end.
    pub(crate) fn next_item(&mut self) -> bool {
        self.step(b']')
    }

    /// Steps to the value of the object's next entry, which the caller takes, and returns the key between its quotes. Returns
    /// `None` in front of the object's end.
    pub(crate) fn next_key(&mut self) -> Option<&'a str> {
        if !self.step(b'}') {
            return None;
        }
        let key = self.key().ok()?;
        Some(&self.text[key.range])
    }

    /// Steps over the comma behind the last value, if there was one. Returns whether the container goes on.
    fn step(&mut self, close: u8) -> bool {
        self.skip_space();
        if self.peek() == Some(close) {
            return false;
        }
        // The text is JSON, so there is a comma behind each value but the last, and none before the first.
        self.eat(b',');
        true
    }

    /// Takes a value and returns its text.
    pub(crate) fn value_text(&mut self) -> Option<&'a str> {
        let range = self.value(DEEPEST).ok()?;
        Some(&self.text[range])
    }
}

/// Returns the kind of a value.
pub(crate) fn kind(json: &str) -> Kind {
    Cursor::new(json).kind()
}

/// The places of a container's values, in order: a list's items, or the values of an object's entries.
pub(crate) struct Values<'a> {
    cursor: Cursor<'a>,
    kind: Kind,
}

impl Iterator for Values<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.kind == Kind::Object {
            self.cursor.next_key()?;
        } else if !self.cursor.next_item() {
            return None;
        }
        self.cursor.value(DEEPEST).ok()
    }
}

/// Returns the places of a container's values, if `json` is a container.
pub(crate) fn values(json: &str) -> Option<Values<'_>> {
    let mut cursor = Cursor::new(json);
    let kind = cursor.kind();
    if !matches!(kind, Kind::List | Kind::Object) {
        return None;
    }
    // Behind the opening byte.
    cursor.at += 1;
    Some(Values { cursor, kind })
}

/// Returns the items of a list, if `json` is one.
pub(crate) fn items(json: &str) -> Option<impl Iterator<Item = &str>> {
    if kind(json) != Kind::List {
        return None;
    }
    Some(values(json)?.map(|place| &json[place]))
}

/// Returns the items of a list that has exactly this many.
pub(crate) fn tuple<const N: usize>(json: &str) -> Option<[&str; N]> {
    let mut items = items(json)?;
    let mut found = [""; N];
    for item in &mut found {
        *item = items.next()?;
    }
    items.next().is_none().then_some(found)
}

/// Returns the key, between its quotes, and the value of an object that has one entry.
pub(crate) fn only_entry(json: &str) -> Option<(&str, &str)> {
    let mut cursor = Cursor::new(json);
    if !cursor.eat(b'{') {
        return None;
    }
    let key = cursor.next_key()?;
    let value = cursor.value_text()?;
    cursor.eat(b'}').then_some((key, value))
}

/// Returns the string that a value is; `None` if it is no string, or has a lone surrogate, which a Rust string cannot hold.
pub(crate) fn string(json: &str) -> Option<String> {
    let mut cursor = Cursor::new(json);
    let token = cursor.string().ok()?;
    cursor.end().ok()?;
    String::from_utf8(unescape(&json[token.range])).ok()
}
