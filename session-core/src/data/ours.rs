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
use crate::data::index;
use crate::data::index::{Key, Value};
use crate::data::map::Map;
use crate::json::scan::{Cursor, NotJson};
use crate::json::{text, view};

impl Map {
    /// Reads a text of our format, of at most `depth` levels, into an empty map. After an error the map is not to be used.
    pub(crate) fn read_ours(&mut self, base: Arc<str>, depth: usize) -> Result<(), NotJson> {
        let mut cursor = Cursor::new(&base);
        if !cursor.eat(b'[') {
            self.entries = index::read(&mut cursor, depth)?;
            cursor.end()?;
            self.base = Some(base);
            return Ok(());
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
        (self.entries, self.flashes, self.user) = (entries, flashes, user);
        self.base = Some(base);
        Ok(())
    }

    /// Writes the text that [`read_ours`](Self::read_ours) reads.
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
        // Unchanged neighbours are copied together: the place of those that are not copied yet.
        let mut run = 0..0;
        for entry in &self.entries {
            let place = entry.place().unwrap_or_default();
            if !run.is_empty() && place.start == run.end + 1 {
                run.end = place.end;
                continue;
            }
            out.push_str(&self.base()[run]);
            if out.len() > start {
                out.push(',');
            }
            if place.is_empty() {
                match &entry.key {
                    // With its quotes: it has no escapes, and needs none.
                    Key::Base(key) => out.push_str(&self.base()[key.start - 1..key.end + 1]),
                    Key::Own(key) => text::wtf8(out, key, false),
                }
                out.push(':');
                out.push_str(entry.value.as_str(self.base()));
            }
            run = place;
        }
        out.push_str(&self.base()[run]);
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
    if token.escaped && view::string(&cursor.text[literal.clone()]).is_none() {
        return Err(NotJson);
    }
    Ok(Value::Base(literal))
}
