//! The content of a session in our own formats.
//!
//! ```text
//! {"key":value,..}                              neither flashes nor a user
//! [{"key":value,..},[flash,..]]                 pending flashes
//! [{"key":value,..},[flash,..],"user"]          a user, with or without flashes
//! ```
//!
//! A flash is `[number,"category",message]`. Each content has one form only. A user is part of cookies alone.

use std::sync::Arc;

use crate::data::flash::Flash;
use crate::data::index::{self, Value};
use crate::data::map::Map;
use crate::json::scan::{Cursor, NotJson};
use crate::json::{text, view};

impl Map {
    /// Reads a text of our format, of at most `depth` levels.
    pub(crate) fn from_ours(base: Arc<str>, depth: usize) -> Result<Self, NotJson> {
        let mut cursor = Cursor::new(&base);
        if !cursor.eat(b'[') {
            return Self::from_object(base, depth);
        }
        let entries = index::read(&mut cursor, depth.saturating_sub(1))?;
        cursor.expect(b',')?;
        // Scanned here; afterwards it is only walked.
        let flashes = read_flashes(&base[cursor.value(depth.saturating_sub(1))?])?;
        let mut user = None;
        if cursor.eat(b',') {
            user = Some(read_user(&mut cursor)?);
        }
        cursor.expect(b']')?;
        cursor.end()?;
        // Without either the text would be the object alone.
        if flashes.is_empty() && user.is_none() {
            return Err(NotJson);
        }
        Ok(Self {
            base: Some(base),
            entries,
            flashes,
            user,
            ..Self::default()
        })
    }

    /// Writes the text that [`from_ours`](Self::from_ours) reads.
    pub(crate) fn write_ours(&self, out: &mut String) {
        if self.flashes.is_empty() && self.user.is_none() {
            return self.write_object(out);
        }
        out.push('[');
        self.write_object(out);
        out.push_str(",[");
        let start = out.len();
        for flash in &self.flashes {
            if out.len() > start {
                out.push(',');
            }
            flash.write(out);
        }
        out.push(']');
        if let Some(user) = &self.user {
            out.push(',');
            out.push_str(user.as_str(self.base()));
        }
        out.push(']');
    }

    /// Writes the object alone, each value as it is.
    pub(crate) fn write_object(&self, out: &mut String) {
        out.push('{');
        let start = out.len();
        for entry in &self.entries {
            if out.len() > start {
                out.push(',');
            }
            match entry.place() {
                Some(place) => out.push_str(&self.base()[place]),
                None => {
                    let value = entry.value.as_str(self.base());
                    text::entry(out, false, entry.key.bytes(self.base()), value);
                }
            }
        }
        out.push('}');
    }
}

/// Reads the second part of our format, which the scanner has accepted.
fn read_flashes(list: &str) -> Result<Vec<Flash>, NotJson> {
    let mut flashes = Vec::new();
    for flash in view::items(list).ok_or(NotJson)? {
        flashes.push(Flash::read(flash).ok_or(NotJson)?);
    }
    Ok(flashes)
}

/// Reads the third part of our format: a string, which Rust can represent.
fn read_user(cursor: &mut Cursor<'_>) -> Result<Value, NotJson> {
    let token = cursor.string()?;
    // With the quotes.
    let literal = token.range.start - 1..token.range.end + 1;
    if token.escaped && view::string(&cursor.text()[literal.clone()]).is_none() {
        return Err(NotJson);
    }
    Ok(Value::Base(literal))
}
