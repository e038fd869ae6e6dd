//! The session as JSON text: to show it, and for values that Rust cannot represent.

use std::sync::Arc;

use crate::data::change::Change;
use crate::data::map::Map;
use crate::error::Error;
use crate::json::canonical::{Tags, canonical};
use crate::json::object::object;
use crate::json::ser::DEEPEST_VALUE;
use crate::json::untag;
use crate::session::handle::Session;
use crate::token::flask;

/// Levels of an object that is inserted.
const DEPTH: usize = DEEPEST_VALUE;
const NOT_AN_OBJECT: Error = Error::NotAnObject { depth: DEPTH };

impl Session {
    /// Returns the map as one JSON object without Flask's tags, as Flask's `jsonify(dict(session))` shows it. NaN and
    /// Infinity are written as such.
    ///
    /// ```
    /// use session_core::tagged::Tuple;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("pair", Tuple((1, 2))).unwrap();
    /// assert_eq!(session.to_json(), r#"{"pair":[1,2]}"#);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        let state = self.state();
        let entries = state.map.entries();
        let untagged = entries.map(|(key, value)| (key, untag::untagged(value)));
        object(&mut json, self.is_flask(), untagged);
        json
    }

    /// Returns the JSON text that the cookie holds, with Flask's tags and pending flashes. Values that were not changed are
    /// as they came, with their whitespace.
    ///
    /// ```
    /// use session_core::tagged::Tuple;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("pair", Tuple((1, 2))).unwrap();
    /// assert_eq!(session.payload(), r#"{"pair":{" t":[1,2]}}"#);
    /// ```
    #[must_use]
    pub fn payload(&self) -> String {
        let state = self.state();
        if self.is_flask() {
            return flask::text(&state.map);
        }
        let mut json = String::new();
        state.map.write_ours(&mut json);
        json
    }

    /// Sets every key of a JSON object. The text may come from a user.
    ///
    /// Nothing in it becomes one of Flask's tagged types: an object that looks like a tag (`{" m": "<script>"}`) stays an
    /// object, as with [`insert`](Self::insert) of a `serde_json::Value`. But the keys are the user's choice as well
    /// (`username`, in Flask's format `_permanent`); to prevent that, insert the object under a key of its own. Numbers keep
    /// what Rust cannot represent. The text is re-encoded in canonical form, as Flask writes it.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] when the text is no JSON object, is nested too deep (an object that looks like a tag is two
    /// levels), or has a key that is no valid Unicode. The session is unchanged then. [`Error::TooLate`].
    ///
    /// ```
    /// use session_core::tagged::Markup;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert_json(r#"{"typed": {" m": "<script>"}, "big": 123456789012345678901234567890}"#).unwrap();
    /// assert!(session.get::<Markup>("typed").is_err());
    /// assert_eq!(session.to_json(), r#"{"big":123456789012345678901234567890,"typed":{" m":"<script>"}}"#);
    /// assert!(session.insert_json("[]").is_err());
    /// ```
    pub fn insert_json(&self, object: &str) -> Result<(), Error> {
        let Ok(values) = Map::from_object(object.into(), DEPTH) else {
            return Err(NOT_AN_OBJECT);
        };
        let mut entries = Vec::with_capacity(values.len());
        for (key, value) in values.entries() {
            // The object itself is one level.
            match canonical(value, DEPTH - 1, self.is_flask(), Tags::Escape) {
                Ok(text) => entries.push((key, text.into())),
                Err(_) => return Err(NOT_AN_OBJECT),
            }
        }
        self.set_each(&entries)
    }

    /// Sets every key of a JSON object, and reads Flask's tags in it. The text must come from the application, such as one
    /// from [`payload`](Self::payload): a user's text could contain any tagged type, `Markup` among them. For a user's text
    /// there is [`insert_json`](Self::insert_json).
    ///
    /// The text is re-encoded in canonical form, as Flask writes it.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] when the text is no JSON object, is nested too deep, has a key that is no valid Unicode, or, in
    /// Flask's format, is a tag as a whole. The session is unchanged then. [`Error::TooLate`].
    ///
    /// ```
    /// use session_core::tagged::Tuple;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert_tagged_json(r#"{"pair": {" t": [1, 2]}}"#).unwrap();
    /// assert_eq!(session.get::<Tuple<(i64, i64)>>("pair").unwrap(), Some(Tuple((1, 2))));
    /// ```
    pub fn insert_tagged_json(&self, object: &str) -> Result<(), Error> {
        let Ok(text) = canonical(object, DEPTH, self.is_flask(), Tags::Keep) else {
            return Err(NOT_AN_OBJECT);
        };
        let values = match self.is_flask() {
            true => flask::read(text.into()),
            false => Map::from_object(text.into(), DEPTH).ok(),
        };
        let Some(values) = values else {
            return Err(NOT_AN_OBJECT);
        };
        let entries: Vec<_> = values
            .entries()
            .map(|(key, value)| (key, value.into()))
            .collect();
        self.set_each(&entries)
    }

    /// Sets all of these keys, or none if one of them is no valid Unicode.
    fn set_each(&self, entries: &[(&[u8], Arc<str>)]) -> Result<(), Error> {
        let mut changes = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Ok(key) = std::str::from_utf8(key) else {
                return Err(NOT_AN_OBJECT);
            };
            changes.push(Change::Set {
                key: key.into(),
                value: value.clone(),
            });
        }
        let mut state = self.open_state()?;
        state.map.mark_modified();
        for change in changes {
            state.map.change(change);
        }
        Ok(())
    }
}
