//! A session as JSON text: to show it, and for data that Rust cannot represent.

use crate::data::change::Change;
use crate::data::map::Map;
use crate::error::Error;
use crate::json::canonical::{Tags, canonical};
use crate::json::{ser, text, untag};
use crate::session::handle::Session;
use crate::token::flask;

impl Session {
    /// The map as one JSON object, with Flask's tags taken off: as Flask's `jsonify(dict(session))` shows it
    /// (NaN and Infinity, if the session holds them, included).
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
        text::object(
            &mut json,
            self.is_flask(),
            state
                .map
                .entries()
                .map(|(key, value)| (key, untag::untagged(value))),
        );
        json
    }

    /// What the cookie holds: the JSON text with Flask's tags as they are, pending flashes included. Values that nobody
    /// touched are as they came, whitespace and all.
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

    /// Sets every key of a JSON object: of any text, also of one that a user sent.
    ///
    /// Nothing in it becomes one of Flask's tagged types: an object that looks like a tag (`{" m": "<script>"}`) is an object
    /// like any other, as [`insert`](Self::insert) of a `serde_json::Value` makes it. But the keys are the user's as well
    /// (`username`, in Flask's format `_permanent`): where that is not meant, insert it under one key. Numbers keep what Rust
    /// cannot represent; the text is brought into canonical form, as Flask would write it.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] when it is no JSON object, or nested too deep (an object that looks like a tag is two levels),
    /// or has a key that no Rust string can hold; nothing is changed then. [`Error::TooLate`].
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
        let depth = ser::DEEPEST_VALUE;
        let not_an_object = |_| Error::NotAnObject { depth };
        let values = Map::from_object(object.into(), depth).map_err(not_an_object)?;
        self.set_each(&values, |value| {
            canonical(value, depth - 1, self.is_flask(), Tags::Escape).map_err(not_an_object)
        })
    }

    /// Sets every key of a JSON object in which Flask's tags count: for a text that the application made itself, such as
    /// [`payload`](Self::payload) gives. Of a user's text it would make whatever that says, `Markup` among it: that is for
    /// [`insert_json`](Self::insert_json).
    ///
    /// The text is brought into canonical form, as Flask would write it.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] when it is no JSON object, or nested too deep, or has a key that no Rust string can hold, or in
    /// Flask's format is a tag as a whole; nothing is changed then. [`Error::TooLate`].
    ///
    /// ```
    /// use session_core::tagged::Tuple;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert_tagged_json(r#"{"pair": {" t": [1, 2]}}"#).unwrap();
    /// assert_eq!(session.get::<Tuple<(i64, i64)>>("pair").unwrap(), Some(Tuple((1, 2))));
    /// ```
    pub fn insert_tagged_json(&self, object: &str) -> Result<(), Error> {
        let depth = ser::DEEPEST_VALUE;
        let not_an_object = || Error::NotAnObject { depth };
        let text =
            canonical(object, depth, self.is_flask(), Tags::Keep).map_err(|_| not_an_object())?;
        let values = if self.is_flask() {
            flask::read(text.into())
        } else {
            Map::from_object(text.into(), depth).ok()
        };
        self.set_each(&values.ok_or_else(not_an_object)?, |value| {
            Ok(value.to_owned())
        })
    }

    fn set_each(
        &self,
        values: &Map,
        text: impl Fn(&str) -> Result<String, Error>,
    ) -> Result<(), Error> {
        let mut changes = Vec::with_capacity(values.len());
        for (key, value) in values.entries() {
            let key = std::str::from_utf8(key).map_err(|_| Error::NotAnObject {
                depth: ser::DEEPEST_VALUE,
            })?;
            changes.push(Change::Set {
                key: key.into(),
                value: text(value)?.into(),
            });
        }
        let mut state = self.open_state()?;
        state.map.mark_modified();
        changes
            .into_iter()
            .for_each(|change| state.map.change(change));
        Ok(())
    }
}
