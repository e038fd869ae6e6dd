//! The session as a map.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::change::{Change, TypeMismatch};
use crate::data::map::SharedValue;
use crate::error::Error;
use crate::json::{de, ser};
use crate::session::handle::Session;
use crate::token::flask::{PERMANENT, is_permanent};

impl Session {
    /// Returns the value of a key, or `None` if the key is missing.
    ///
    /// A stored null (Flask's `None`) is a value. Read the key as an `Option` where it may be null.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is not a `T`: a bug, or a value of an older version of the application. It
    /// should not look like a missing key. `get::<serde_json::Value>` reads whatever such a value can represent: NaN as
    /// null, and integers beyond 64 bits only with serde_json's feature `arbitrary_precision`.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("user_id", 123).unwrap();
    /// assert_eq!(session.get::<u64>("user_id").unwrap(), Some(123));
    /// assert_eq!(session.get::<u64>("nobody").unwrap(), None);
    /// assert!(session.get::<String>("user_id").is_err());
    ///
    /// session.insert("nickname", ()).unwrap(); // Python: session["nickname"] = None
    /// assert_eq!(session.get::<Option<String>>("nickname").unwrap(), Some(None));
    /// assert!(session.get::<String>("nickname").unwrap_err().to_string().contains("found null"));
    /// ```
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        // The lock is released before the application's `Deserialize` runs.
        let found = self.state().map.get(key);
        match found {
            Some(value) => parse(key, &value).map(Some),
            None => Ok(None),
        }
    }

    /// Sets a key. The session is modified even if the key had this value, as in Flask.
    ///
    /// # Errors
    /// [`Error::NotSerializable`], [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("theme", "dark").unwrap();
    /// session.insert("sizes", [1, 2, 3]).unwrap();
    /// assert_eq!(session.len(), 2);
    /// ```
    pub fn insert<T: Serialize>(&self, key: &str, value: T) -> Result<(), Error> {
        let value = self.text(key, &value)?;
        self.open_state()?.map.change(Change::Set {
            key: key.into(),
            value,
        });
        Ok(())
    }

    /// Removes a key and returns its value. This is Flask's `pop`.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is not a `T`; the key stays. [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("next", "/cart").unwrap();
    /// assert_eq!(session.take::<String>("next").unwrap().as_deref(), Some("/cart"));
    /// assert_eq!(session.take::<String>("next").unwrap(), None);
    /// ```
    #[doc(alias = "pop")]
    pub fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        loop {
            let Some(found) = self.open_state()?.map.get(key) else {
                return Ok(None);
            };
            let value = parse(key, &found)?;
            // Another handle may have changed the key while this one was not locked. Then it is read again.
            let mut state = self.open_state()?;
            if state.map.get_str(key) == Some(found.as_str()) {
                state.map.change(Change::Remove { key: key.into() });
                return Ok(Some(value));
            }
        }
    }

    /// Removes a key and returns whether it was there. The session is modified only if it was.
    ///
    /// Removing the key that holds a user's name is no logout, although Flask applications log out like this: the session
    /// keeps its [`user`](Self::user), stays authenticated and keeps its id. To log out, call [`clear`](Self::clear), or
    /// [`clear_user`](Self::clear_user) to keep the rest of the content.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("coupon", "SPRING").unwrap();
    /// assert!(session.remove("coupon").unwrap());
    /// assert!(!session.remove("coupon").unwrap());
    /// ```
    #[doc(alias = "delete")]
    pub fn remove(&self, key: &str) -> Result<bool, Error> {
        let mut state = self.open_state()?;
        let found = state.map.contains(key);
        if found {
            state.map.change(Change::Remove { key: key.into() });
        }
        Ok(found)
    }

    /// Returns whether the key is there.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("nickname", ()).unwrap(); // null
    /// assert!(session.contains_key("nickname") && !session.contains_key("username"));
    /// ```
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.state().map.contains(key)
    }

    /// Returns the value of a key. If the key is missing, inserts the value of `default` first. This is Python's
    /// `setdefault`. A stored null is a value.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// assert_eq!(session.get_or_insert_with("lang", || "en".to_owned()).unwrap(), "en");
    /// assert_eq!(session.get_or_insert_with("lang", || "de".to_owned()).unwrap(), "en");
    /// ```
    pub fn get_or_insert_with<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        if let Some(value) = self.get(key)? {
            return Ok(value);
        }
        let value = default();
        let text = self.text(key, &value)?;
        let mut state = self.open_state()?;
        match state.map.get(key) {
            None => {
                state.map.change(Change::Set {
                    key: key.into(),
                    value: text,
                });
                Ok(value)
            }
            // Another handle has inserted a value meanwhile.
            Some(inserted) => {
                drop(state);
                parse(key, &inserted)
            }
        }
    }

    /// Returns all keys, sorted by code point. A key that is no valid Unicode is returned with U+FFFD.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("cart", ["mug"]).unwrap();
    /// session.insert("Zip", "10115").unwrap();
    /// assert_eq!(session.keys(), ["Zip", "cart"]);
    /// ```
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let state = self.state();
        let mut keys = Vec::with_capacity(state.map.len());
        for (key, _) in state.map.entries() {
            keys.push(String::from_utf8_lossy(key).into_owned());
        }
        keys
    }

    /// Returns the number of keys. Pending flashes are not keys, except in Flask's format, where all of them are one.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("cart", ["mug", "beans"]).unwrap();
    /// session.flash("Added", "info").unwrap();
    /// assert_eq!(session.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().map.len()
    }

    /// Returns whether there is no key.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("username", "ada").unwrap();
    /// session.clear().unwrap();
    /// assert!(session.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Empties the session: removes all keys, flashes and the user, and sets permanence to its default. Values that are
    /// set later belong to a new session. If there are none, the close deletes the cookie.
    ///
    /// With a store the record ends before the response is sent, so that copies of the id open nothing. A cookie session
    /// cannot be revoked: a copy of the old cookie stays valid until it expires.
    ///
    /// A [rejected](Self::rejected) cookie is deleted as well. If it is an id that is only too old, idle for too long,
    /// revoked, or from a server whose clock is ahead, its record ends too. An id that was replaced within the last 10 seconds
    /// ends nothing, and the close fails with [`Error::Gone`]: the new id may still be on its way to the browser.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
    /// # let session = sessions.open(&request);
    /// # let mut response = http::HeaderMap::new();
    /// session.clear().unwrap();
    /// sessions.close(&session, &mut response).unwrap();
    /// assert!(response["set-cookie"].to_str().unwrap().starts_with("__Host-session=; "));
    /// ```
    #[doc(alias("flush", "destroy", "purge", "logout"))]
    pub fn clear(&self) -> Result<(), Error> {
        let settings = self.settings();
        // The clock is the application's code: it runs before the state is locked.
        let now = settings.now().as_secs();
        self.open_state()?.clear(&settings.lifetime, now);
        Ok(())
    }

    /// Adds to a counter and returns the sum. A missing counter is 0.
    ///
    /// A counter that Flask has stored as a float stays a float: 41.0 becomes 42.0, and 42 is returned. Read it as an `f64`;
    /// it is no `i64`.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is neither a 64-bit integer nor a float without a fraction from -2^53 to 2^53
    /// (in this range every integer is a float); use [`update`](Self::update) for other numbers. [`Error::Overflow`] when
    /// the sum is out of this range. The counter is unchanged then. [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// assert_eq!(session.increment("visits", 1).unwrap(), 1);
    /// assert_eq!(session.increment("visits", i64::MAX).is_err(), true);
    /// assert_eq!(session.increment("visits", -3).unwrap(), -2);
    ///
    /// session.insert("seen", 41.0).unwrap(); // Python: session["seen"] = 41.0
    /// assert_eq!(session.increment("seen", 1).unwrap(), 42);
    /// assert_eq!(session.get::<f64>("seen").unwrap(), Some(42.0));
    /// ```
    pub fn increment(&self, key: &str, by: i64) -> Result<i64, Error> {
        let mut state = self.open_state()?;
        let change = Change::Increment {
            key: key.into(),
            by,
        };
        match state.map.apply(change) {
            Ok(sum) => Ok(sum),
            Err(mismatch) => Err(mismatch_error(key, by, mismatch)),
        }
    }

    /// Appends an item to a list. A missing list is empty.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is not a list, [`Error::NotSerializable`], [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.push("cart", "mug").unwrap();
    /// session.push("cart", "beans").unwrap();
    /// assert_eq!(session.get::<Vec<String>>("cart").unwrap().unwrap(), ["mug", "beans"]);
    /// ```
    pub fn push<T: Serialize>(&self, key: &str, item: T) -> Result<(), Error> {
        let item = self.text(key, &item)?;
        let mut state = self.open_state()?;
        let change = Change::Push {
            key: key.into(),
            item,
        };
        match state.map.apply(change) {
            Ok(_) => Ok(()),
            Err(mismatch) => Err(mismatch_error(key, 0, mismatch)),
        }
    }

    /// Changes a value in place, so that a nested change cannot be forgotten. A missing value is `T::default()`.
    ///
    /// `change` runs on a copy. It runs again on the newer value if a clone of this session has changed the value meanwhile,
    /// as with [`AtomicU64::fetch_update`](std::sync::atomic::AtomicU64::fetch_update). It may use the session.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`insert`](Self::insert); the value is unchanged then.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// let count = |product: &str| {
    ///     session.update("cart", |cart: &mut BTreeMap<String, u32>| {
    ///         let number = cart.entry(product.to_owned()).or_default();
    ///         *number += 1;
    ///         *number
    ///     })
    /// };
    /// assert_eq!((count("mug").unwrap(), count("mug").unwrap()), (1, 2));
    /// ```
    pub fn update<T, R>(&self, key: &str, mut change: impl FnMut(&mut T) -> R) -> Result<R, Error>
    where
        T: Serialize + DeserializeOwned + Default,
    {
        loop {
            let found = self.open_state()?.map.get(key);
            let mut value = match &found {
                Some(found) => parse(key, found)?,
                None => T::default(),
            };
            let result = change(&mut value);
            let text = self.text(key, &value)?;
            let mut state = self.open_state()?;
            // Another handle may have changed the key while this one was not locked. Then the change is made again.
            if state.map.get_str(key) == found.as_ref().map(SharedValue::as_str) {
                let (key, value) = (key.into(), text);
                state.map.change(match found {
                    Some(_) => Change::Update { key, value },
                    None => Change::Set { key, value },
                });
                return Ok(result);
            }
        }
    }

    /// Returns whether the session outlives the browser, by a cookie with an expiry date.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// assert!(!session.is_permanent());
    /// session.set_permanent(true).unwrap();
    /// assert!(session.is_permanent());
    /// ```
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        let state = self.state();
        if self.is_flask() {
            is_permanent(&state.map)
        } else {
            state.stamp.permanent
        }
    }

    /// Makes the session permanent, or ends it with the browser. The session is modified in any case, as in Flask.
    ///
    /// In Flask's format this is the key `_permanent`. In ours an empty session is not sent: a session that has no key does
    /// not last.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let session = sessions.open(&http::HeaderMap::new());
    /// # let mut response = http::HeaderMap::new();
    /// session.set_permanent(true).unwrap();
    /// session.insert("username", "ada").unwrap();
    /// sessions.close(&session, &mut response).unwrap();
    /// assert!(response["set-cookie"].to_str().unwrap().ends_with("; Max-Age=2678400"));
    /// ```
    #[doc(alias("set_expiry", "remember_me"))]
    pub fn set_permanent(&self, permanent: bool) -> Result<(), Error> {
        let mut state = self.open_state()?;
        if self.is_flask() {
            let value = if permanent { "true" } else { "false" };
            state.map.change(Change::Set {
                key: PERMANENT.into(),
                value: value.into(),
            });
        } else {
            state.stamp.permanent = permanent;
            state.own.permanent = Some(permanent);
            state.map.mark_modified();
        }
        Ok(())
    }

    /// Returns whether the session was changed. The response then sets the cookie, or deletes it if the session is empty.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// assert!(!session.remove("username").unwrap() && !session.is_modified());
    /// session.insert("username", "ada").unwrap();
    /// assert!(session.is_modified());
    /// ```
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.state().map.is_modified()
    }

    /// Marks the session as modified, so that its cookie is written: Flask's `session.modified = True`. If the session is
    /// empty, the cookie is deleted.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
    /// # let session = sessions.open(&request);
    /// # let mut response = http::HeaderMap::new();
    /// session.mark_modified().unwrap();
    /// sessions.close(&session, &mut response).unwrap();
    /// assert!(response.contains_key("set-cookie"));
    /// ```
    pub fn mark_modified(&self) -> Result<(), Error> {
        self.open_state()?.map.mark_modified();
        Ok(())
    }

    /// Returns the canonical JSON text of a value. The application's `Serialize` runs here, so nothing may be locked.
    pub(crate) fn text<T: Serialize>(&self, key: &str, value: &T) -> Result<Arc<str>, Error> {
        match ser::to_text(value, self.is_flask()) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(Error::NotSerializable {
                key: key.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}

fn parse<T: DeserializeOwned>(key: &str, value: &SharedValue) -> Result<T, Error> {
    match de::from_text(value.as_str()) {
        Ok(parsed) => Ok(parsed),
        Err(error) => Err(Error::WrongType {
            key: key.to_owned(),
            reason: error.to_string(),
        }),
    }
}

pub(crate) fn mismatch_error(key: &str, by: i64, mismatch: TypeMismatch) -> Error {
    let key = key.to_owned();
    match mismatch {
        TypeMismatch::Overflow => Error::Overflow { key, by },
        TypeMismatch::NotACounter | TypeMismatch::NotAList => Error::WrongType {
            key,
            reason: mismatch.reason().to_owned(),
        },
    }
}
