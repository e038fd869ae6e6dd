//! The session as a map: reads and changes of its keys.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::change::{Change, TypeMismatch};
use crate::data::map::SharedValue;
use crate::error::Error;
use crate::json::{de, ser};
use crate::session::handle::Session;
use crate::token::flask::{PERMANENT, is_permanent};

/// The session as a map.
impl Session {
    /// The value of a key, or `None` if it is missing.
    ///
    /// A stored null, Flask's `None`, is there: read the key as an `Option` where it may be null.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is there but is no `T`: a bug or an older version of the application, which
    /// should not look like a missing key. `get::<serde_json::Value>` reads anything that it can hold: NaN as null, and no
    /// integer beyond 64 bits, unless serde_json's `arbitrary_precision` is on.
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
        let found = self.state().map.get(key);
        found.as_ref().map(|value| parse(key, value)).transpose()
    }

    /// Sets a key. The session is modified, even if the value was the same (as Flask's).
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

    /// Removes a key and returns its value: Flask's `pop`.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is no `T`; it stays. [`Error::TooLate`].
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
            let mut state = self.open_state()?;
            if state.map.get_str(key) == Some(found.as_str()) {
                state.map.change(Change::Remove { key: key.into() });
                return Ok(Some(value));
            }
        }
    }

    /// Removes a key; whether it was there. The session is modified only if it was.
    ///
    /// To remove the key that a user's name stands in, as Flask applications log out, logs nobody out: the session still has
    /// its [`user`](Self::user), is authenticated and goes on under its id. That is [`clear`](Self::clear), or
    /// [`clear_user`](Self::clear_user) where the rest of the content stays.
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

    /// Whether the key is there.
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

    /// The value of a key; if it is missing, that of `default` is inserted first: Python's `setdefault`. A
    /// stored null is there, and no default for it.
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
            Some(faster) => {
                drop(state);
                parse(key, &faster)
            }
        }
    }

    /// All keys, sorted by code point. A key that no Rust string can hold is shown with U+FFFD.
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
        self.state()
            .map
            .entries()
            .map(|(key, _)| String::from_utf8_lossy(key).into_owned())
            .collect()
    }

    /// How many keys there are. Pending flashes don't count, except in Flask's format, where they are a key.
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

    /// Whether there is no key.
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

    /// Empties the session: all keys and flashes go, permanence becomes the default, nobody is authenticated. What is
    /// set after it is a new session. If nothing is, the cookie is deleted.
    ///
    /// With a store its record ends, first of all, for whoever has a copy of the id. A cookie session cannot be revoked:
    /// whoever has copied the old cookie keeps a valid one until it expires.
    ///
    /// A cookie that was [refused](Self::rejected) is deleted, too. If it is an id that is only too old, idle for too
    /// long, revoked, or of a server whose clock is ahead, its record ends before. An id that was replaced within the last ten seconds ends
    /// nothing, and the close fails with [`Error::Gone`]: the new id may be on its way to the browser.
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
        let now = self.settings().now().as_secs();
        self.open_state()?.clear(&self.settings().lifetime, now);
        Ok(())
    }

    /// Adds to a counter and returns the sum. A missing counter is 0. One that Flask has made a float stays one: 41.0 becomes
    /// 42.0, and 42 is returned; as an `i64` it is not read any more, as an `f64` it is.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is no integer of 64 bits and no float without a fraction from -2^53 to 2^53 (of
    /// which every integer is one): other numbers are for [`update`](Self::update). [`Error::Overflow`] when the sum is none.
    /// Nothing is changed then. [`Error::TooLate`].
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
        let applied = state.map.apply(Change::Increment {
            key: key.into(),
            by,
        });
        applied.map_err(|mismatch| mismatch_error(key, by, mismatch))
    }

    /// Appends to a list. A missing list is empty.
    ///
    /// # Errors
    /// [`Error::WrongType`] when the value is no list, [`Error::NotSerializable`], [`Error::TooLate`].
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
        let applied = state.map.apply(Change::Push {
            key: key.into(),
            item,
        });
        applied
            .map(drop)
            .map_err(|mismatch| mismatch_error(key, 0, mismatch))
    }

    /// Changes a value in place, so that a nested change cannot be lost. A missing value is `T::default()`.
    ///
    /// `change` runs on a copy, and again on a newer one if a clone of this session was faster: as
    /// [`AtomicU64::fetch_update`](std::sync::atomic::AtomicU64::fetch_update). It may use the session.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`insert`](Self::insert); nothing is changed then.
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
            let mut value = found
                .as_ref()
                .map(|found| parse(key, found))
                .transpose()?
                .unwrap_or_default();
            let result = change(&mut value);
            let text = self.text(key, &value)?;
            let mut state = self.open_state()?;
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

    /// Whether the session outlives the browser: its cookie has an expiry date.
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

    /// Makes the session permanent, or one that ends with the browser. The session is modified in any case, as Flask's.
    ///
    /// In Flask's format this is the key `_permanent`. In ours an empty session is not sent, so it needs a key to last.
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
            state.permanent = Some(permanent);
            state.map.mark_modified();
        }
        Ok(())
    }

    /// Whether anything was changed, so that the response will carry a cookie, or delete it if the session is empty.
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

    /// Has the cookie written even if nothing changed: Flask's `session.modified = True`. An empty session is not sent, but
    /// deleted.
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

    /// The canonical text of a value; user code runs here, and nothing is locked.
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
    de::from_text(value.as_str()).map_err(|error| Error::WrongType {
        key: key.to_owned(),
        reason: error.to_string(),
    })
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
