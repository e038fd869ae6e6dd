//! Login and logout: the session's user, id, label and epoch.

use std::borrow::Cow;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use crate::data::change::Change;
use crate::error::Error;
use crate::record::base::{LiveRecord, LoadedFrom};
use crate::record_key::RecordKey;
use crate::session::handle::Session;
use crate::session::state::State;
use crate::token::flask::PERMANENT;
use crate::token::stamp::Epoch;

/// Bytes of a label. A longer one is cut.
const LONGEST_LABEL: usize = 256;

/// Login and logout.
impl Session {
    /// Changes the id of a stored session, against session fixation. Call it when the user's rights change.
    ///
    /// The previous id opens nothing from then on. A cookie session has no id: its cookie is written again, and the previous
    /// cookie stays valid until it expires.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("cart", ["mug"]).unwrap();
    /// session.cycle_id().unwrap();
    /// assert!(session.contains_key("cart") && session.is_modified());
    /// ```
    #[doc(alias("regenerate", "renew", "rotate"))]
    pub fn cycle_id(&self) -> Result<(), Error> {
        let mut state = self.open_state()?;
        state.map.mark_modified();
        state.renewed = true;
        Ok(())
    }

    /// Logs `user` in. Call it once the user's credentials are verified, and before the user's data is set.
    ///
    /// The session is created and authenticated now. With a store its id changes, as with [`cycle_id`](Self::cycle_id), and
    /// the record becomes one of this user's. If the session was ended while the request was running, a new one begins, with
    /// the changes of this request and nothing of the ended session.
    ///
    /// The content depends on the session's user before this call:
    ///
    /// | user before | content |
    /// |---|---|
    /// | none | stays, for example a cart or a language |
    /// | `user` | stays, and so does the epoch: the password was asked for again |
    /// | another | is removed as by [`clear`](Self::clear), together with what this request has set before: keys, flashes, label, epoch. Permanence becomes the default. With a store the other user's record ends |
    ///
    /// An attacker who used the browser before, or who planted the cookie, may know the content of a session without a user.
    /// A CSRF token, the `state` of an OAuth login and the steps of a login flow must not stay: remove them, or list
    /// with [`keep_only`](Self::keep_only) what may stay.
    ///
    /// A cookie of our formats holds the user beside the content. Flask's format has no place for it: the session is only
    /// modified, and the user is known until the end of the request. There an application [clears](Self::clear) the session
    /// before another user logs in.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// use std::time::Duration;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("cart", ["mug"])?;
    /// session.log_in("42")?;
    /// assert!(session.authenticated_within(Duration::from_secs(300)));
    /// assert!(session.contains_key("cart")); // there was no user
    ///
    /// session.log_in("43")?;
    /// assert!(session.is_empty()); // there was another user
    /// # Ok::<(), session_core::Error>(())
    /// ```
    #[doc(alias = "login")]
    pub fn log_in(&self, user: &str) -> Result<(), Error> {
        let settings = self.settings();
        let now = settings.now().as_secs();
        let mut state = self.open_state()?;
        let former = self.user_in(&state);
        let again = former.as_deref() == Some(user);
        if former.is_some() && !again {
            state.clear(&settings.lifetime, now);
            state.flashes_taken = None;
        }
        if settings.stored.is_none() && !self.is_flask() {
            state.map.set_user(Some(user));
        }
        state.own.user = Some(user.into());
        state.map.mark_modified();
        state.stamp.created = now;
        state.stamp.authenticated = Some(now);
        // A user does not inherit the epoch of another.
        let counter = if again {
            state.stamp.epoch.user
        } else {
            state.own.epoch.unwrap_or_default()
        };
        state.stamp.epoch = Epoch {
            application: settings.lifetime.epoch,
            user: counter,
        };
        state.renewed = true;
        Ok(())
    }

    /// Logs the user out and keeps the session. The content stays: remove what belongs to the user, key by key or with
    /// [`keep_only`](Self::keep_only). The usual logout is [`clear`](Self::clear), which ends the whole session.
    ///
    /// The session is no longer authenticated, and has neither the user's epoch nor a label. With a store its id changes, as
    /// with [`cycle_id`](Self::cycle_id), and the record is no longer one of the user's: it is not listed among their
    /// sessions and does not end with them. A cookie session is written without its user; a copy of the old cookie stays
    /// logged in until it expires.
    ///
    /// A session without a user is not changed. In Flask's format this is every session for which
    /// [`log_in`](Self::log_in) was not called in this request: there the user is a key of the application's.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.log_in("42")?;
    /// session.insert("theme", "dark")?;
    /// session.clear_user()?;
    /// assert_eq!(session.user(), None);
    /// assert!(!session.authenticated_within(Duration::MAX));
    /// assert!(session.contains_key("theme"));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn clear_user(&self) -> Result<(), Error> {
        let mut state = self.open_state()?;
        if self.user_in(&state).is_none() {
            return Ok(());
        }
        (state.own.user, state.own.label, state.own.left) = (None, None, true);
        state.map.set_user(None);
        state.stamp.authenticated = None;
        (state.stamp.epoch.user, state.own.epoch) = (0, Some(0));
        state.renewed = true;
        Ok(())
    }

    /// Removes all flashes and every key except these. Call it at login, so that a key that is not listed is dropped. User
    /// and permanence stay.
    ///
    /// The session is modified in any case. A key that a concurrent request sets is removed as well.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("cart", ["mug"])?;
    /// session.insert("csrf", "f3a1")?;
    /// session.keep_only(&["cart", "language"])?;
    /// session.log_in("42")?;
    /// assert_eq!(session.keys(), ["cart"]);
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn keep_only(&self, keys: &[&str]) -> Result<(), Error> {
        let mut kept: Vec<Cow<'_, str>> = Vec::with_capacity(keys.len() + 1);
        for key in keys {
            kept.push(Cow::from(*key));
        }
        if self.is_flask() {
            // Permanence is a key in Flask's format.
            kept.push(Cow::from(PERMANENT));
        }
        let mut state = self.open_state()?;
        state.map.change(Change::KeepOnly(kept));
        state.flashes_taken = None;
        Ok(())
    }

    /// Returns the user who is logged in: from [`log_in`](Self::log_in) in this request, or from the cookie or record from
    /// which the session was opened. Flask's format stores no user.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let request = testing::request(&sessions, |session| session.log_in("42")).unwrap();
    /// let session = sessions.open(&request);
    /// assert_eq!(session.user().as_deref(), Some("42"));
    /// session.clear().unwrap();
    /// assert_eq!(session.user(), None);
    /// ```
    #[must_use]
    pub fn user(&self) -> Option<Arc<str>> {
        self.user_in(&self.state())
    }

    fn user_in(&self, state: &State) -> Option<Arc<str>> {
        if let Some(user) = &state.own.user {
            return Some(user.clone());
        }
        if let Some(user) = state.map.user() {
            return Some(user);
        }
        if state.cleared || state.own.left {
            return None;
        }
        self.live()?.decoded.record.user.clone()
    }

    /// Returns the key of the record from which this session was opened, to find it among the sessions of its user. The key
    /// opens nothing. `None` for a cookie session, and for a new session.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let session = sessions.exchange(&http::HeaderMap::new()).open().done().unwrap().unwrap();
    /// assert_eq!(session.record_key(), None);
    /// ```
    #[must_use]
    pub fn record_key(&self) -> Option<RecordKey> {
        Some(self.live()?.key)
    }

    fn live(&self) -> Option<&LiveRecord> {
        match &self.incoming().loaded_from {
            LoadedFrom::Live(live) => Some(live),
            _ => None,
        }
    }

    /// Sets the label of a stored session, for example the name of the browser. It is shown in the list of a user's sessions.
    /// A longer label is cut to 256 bytes. A cookie session stores no label.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.log_in("42").unwrap();
    /// session.set_label("Firefox on Linux").unwrap();
    /// ```
    pub fn set_label(&self, label: &str) -> Result<(), Error> {
        let mut state = self.open_state()?;
        let mut end = label.len().min(LONGEST_LABEL);
        while !label.is_char_boundary(end) {
            end -= 1;
        }
        state.own.label = None;
        if self.settings().stored.is_some() {
            state.own.label = Some(label[..end].into());
        }
        state.map.mark_modified();
        Ok(())
    }

    /// Sets the user's epoch of this session. This is how cookie sessions are revoked.
    ///
    /// The application stores a counter for each user, calls this at login with its value, and increments it to log the user
    /// out everywhere, for example after a change of the password. [`require_epoch`](Self::require_epoch) then revokes
    /// every session whose epoch is lower.
    ///
    /// # Errors
    /// [`Error::NoEpoch`] in Flask's format, which has no place for an epoch; [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{Rejected, SecretKey, Session, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # fn login(session: &Session, user: &str, epoch: u16) -> Result<(), session_core::Error> {
    /// session.log_in(user)?;
    /// session.insert("user", user)?;
    /// session.set_epoch(epoch)?; // from the user's row
    /// # Ok(()) }
    /// # let request = testing::request(&sessions, |session| login(session, "ada", 7)).unwrap();
    /// # let session = sessions.open(&request);
    ///
    /// assert!(session.require_epoch(7)?); // in a later request
    /// assert!(!session.require_epoch(8)?); // ada has changed her password elsewhere
    /// assert!(session.is_empty() && session.rejected() == Some(Rejected::Revoked));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn set_epoch(&self, epoch: u16) -> Result<(), Error> {
        let mut state = self.epoch_state()?;
        state.stamp.epoch.user = epoch;
        state.own.epoch = Some(epoch);
        state.map.mark_modified();
        Ok(())
    }

    /// Returns whether the user's epoch of this session is at least `epoch`. If it is lower, the session is emptied as by
    /// [`clear`](Self::clear), and [`rejected`](Self::rejected) returns [`Rejected::Revoked`](crate::Rejected::Revoked).
    /// Call it before any value of the session is used.
    ///
    /// # Errors
    /// As [`set_epoch`](Self::set_epoch).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.insert("user", "ada")?; // and no set_epoch
    /// assert!(!session.require_epoch(1)?);
    /// assert!(session.is_empty());
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn require_epoch(&self, epoch: u16) -> Result<bool, Error> {
        let now = self.settings().now().as_secs();
        let mut state = self.epoch_state()?;
        if state.stamp.epoch.user >= epoch {
            return Ok(true);
        }
        state.clear(&self.settings().lifetime, now);
        state.revoked = self.incoming().stamp.is_some();
        Ok(false)
    }

    fn epoch_state(&self) -> Result<MutexGuard<'_, State>, Error> {
        if self.is_flask() {
            Err(Error::NoEpoch)
        } else {
            self.open_state()
        }
    }

    /// Returns whether the last [`log_in`](Self::log_in) of this session was at most `period` ago. Use it for pages that ask
    /// for the password again. Always `false` in Flask's format.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{SecretKey, Sessions, testing::ManualClock};
    /// # let (key, time) = (SecretKey::generate().unwrap(), ManualClock::at(1_700_000_000));
    /// # let sessions = Sessions::builder(key).clock(time.clone()).build().unwrap();
    /// # let session = sessions.open(&http::HeaderMap::new());
    /// session.log_in("42").unwrap();
    /// time.advance(Duration::from_secs(10 * 60));
    /// assert!(session.authenticated_within(Duration::from_secs(15 * 60)));
    /// assert!(!session.authenticated_within(Duration::from_secs(5 * 60)));
    /// ```
    #[must_use]
    pub fn authenticated_within(&self, period: Duration) -> bool {
        let now = self.settings().now().as_secs();
        let then = self.state().stamp.authenticated;
        !self.is_flask() && then.is_some_and(|then| now.saturating_sub(then) <= period.as_secs())
    }
}
