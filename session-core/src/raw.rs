//! A session as JSON text: to show it, and for data that Rust cannot represent.

use crate::change::Change;
use crate::error::Error;
use crate::map::Map;
use crate::session::Session;
use crate::wire::flask;
use crate::wire::json::canonical::canonical;
use crate::wire::json::{plain, text, write};

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
            state.map.entries().map(|(key, value)| (key, plain::untagged(value))),
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

    /// Sets every key of a JSON object, with Flask's tags as they are: for data that is JSON already, and that Rust may
    /// not be able to represent. The text is brought into canonical form, as Flask would write it.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] when it is no JSON object, or nested too deep, or in Flask's format a tag as a whole;
    /// nothing is changed then.
    /// [`Error::TooLate`].
    ///
    /// ```
    /// use session_core::tagged::Tuple;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert_json(r#"{"pair": {" t": [1, 2]}, "big": 123456789012345678901234567890}"#).unwrap();
    /// assert_eq!(session.get::<Tuple<(i64, i64)>>("pair").unwrap(), Some(Tuple((1, 2))));
    /// assert!(session.insert_json("[]").is_err());
    /// ```
    pub fn insert_json(&self, object: &str) -> Result<(), Error> {
        let depth = write::DEEPEST_VALUE;
        let text = canonical(object, depth, self.is_flask()).map_err(|_| Error::NotAnObject { depth })?;
        let values = if self.is_flask() {
            flask::read(text.into())
        } else {
            Map::from_object(text.into(), depth).ok()
        };
        let values = values.ok_or(Error::NotAnObject { depth })?;
        let mut changes = Vec::with_capacity(values.len());
        for (key, value) in values.entries() {
            let key = std::str::from_utf8(key).map_err(|_| Error::NotAnObject { depth })?;
            changes.push(Change::Set { key: key.into(), value: value.into() });
        }
        let mut state = self.open_state()?;
        state.map.mark_modified();
        changes.into_iter().for_each(|change| state.map.change(change));
        Ok(())
    }
}
