//! The parts of a session's content that only Flask's format has: its list of flashes, and an escaped session.
//!
//! ```text
//! {"_flashes":[{" t":["info","Saved"]},..]}      flashes: a list of (category, message) tuples under a key of the map
//! {" di":{" t__":1}}                             the session {" t":1}, escaped because it looks like a tag
//! ```
//!
//! Flashes follow the rules of `flask.helpers.get_flashed_messages`.

use std::sync::Arc;

use crate::data::flash::Flash;
use crate::data::map::Map;
use crate::json::de::from_text;
use crate::json::scan::Cursor;
use crate::json::tag::{Tag, tagged};
use crate::json::text;
use crate::json::untag::untagged;
use crate::json::view::{items, tuple};

impl Map {
    /// Returns the map, which came escaped for this key.
    pub(crate) fn with_escaped_key(mut self, key: Vec<u8>) -> Self {
        self.escaped_key = Some(key.into());
        self
    }

    /// Returns whether the map came escaped for this key.
    pub(crate) fn came_escaped(&self, key: &[u8]) -> bool {
        self.escaped_key.as_deref() == Some(key)
    }
}

/// Returns a flash as an item of Flask's list.
pub(crate) fn flask_item(category: &str, message: &str) -> Arc<str> {
    let mut item = String::from("{\" t\":[");
    text::string(&mut item, category, true);
    item.push(',');
    item.push_str(message);
    item.push_str("]}");
    item.into()
}

/// Returns the flashes of Flask's list. An item that is no (category, message) pair is left out, since no page can show it;
/// Flask would raise.
pub(crate) fn read_flask(list: &str) -> Vec<Flash> {
    let items = items(list).into_iter().flatten();
    items.filter_map(read_flask_item).collect()
}

/// Reads an item of Flask's list: a tuple, or a list, of category and message.
fn read_flask_item(item: &str) -> Option<Flash> {
    let pair = match tagged(&Cursor::new(item)) {
        Some(found) if found.tag == Tag::Tuple => found.value,
        Some(_) => return None,
        None => item,
    };
    let [category, message] = tuple(pair)?;
    Some(Flash {
        // Only our formats number them.
        number: 0,
        category: category_text(category).into(),
        message: message.into(),
    })
}

/// Returns a category of Flask's, which may be of any type: `flash(message, None)` is one.
fn category_text(json: &str) -> String {
    if json == "null" {
        return String::new();
    }
    match from_text(json) {
        Ok(category) => category,
        Err(_) => untagged(json).into_owned(),
    }
}
