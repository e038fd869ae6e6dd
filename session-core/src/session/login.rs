//! Whose a session is: logged in, renewed, named, revoked.

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

/// Whose the session is.
impl Session {
    /// Renews the session, against fixation: after a change of what its user may do. With a store the id changes, and the
    /// old one opens nothing from then on. A cookie session is only written anew: it has no id to change, and its old text
    /// stays valid until it expires, as no cookie session can revoke one.
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

    /// Says that this request has verified the credentials of `user`: call it at login, before the user's data goes in.
    ///
    /// The session counts as created and authenticated now. With a store its id changes, as with [`cycle_id`](Self::cycle_id),
    /// and the record is entered under this user. If somebody ended the session while the request was under way, a new
    /// one begins, with what this request did and nothing of the old one.
    ///
    /// What stays depends on whose the session was:
    ///
    /// | the session's user until then | its content |
    /// |---|---|
    /// | nobody | stays: a cart, a language |
    /// | the same | stays, as does the epoch: the password was asked for again |
    /// | another | goes, as by [`clear`](Self::clear), and what this request wrote before this call goes with it: keys, flashes, label, epoch; permanence becomes the default. With a store the other's record ends |
    ///
    /// What was there while nobody was logged in may be known to somebody else, who had the browser before or planted the
    /// cookie. A CSRF token, the `state` of an OAuth login and marks of a step on the way to the login must not stay:
    /// remove them, or say with [`keep_only`](Self::keep_only) what may.
    ///
    /// A cookie of our formats keeps the user beside the content. In Flask's format, which has no place for that, the
    /// session is only modified, and who was logged in is known until the end of the request: there an application
    /// [clears](Self::clear) the session before another user logs in.
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
    /// assert!(session.contains_key("cart")); // it was nobody's
    ///
    /// session.log_in("43")?;
    /// assert!(session.is_empty()); // it was another's
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
        state.user = Some(user.into());
        state.map.mark_modified();
        state.stamp.created = now;
        state.stamp.authenticated = Some(now);
        // Whoever logs in does not inherit somebody else's counter.
        let counter = if again {
            state.stamp.epoch.user
        } else {
            state.epoch.unwrap_or_default()
        };
        state.stamp.epoch = Epoch {
            application: settings.lifetime.epoch,
            user: counter,
        };
        state.renewed = true;
        Ok(())
    }

    /// Says that nobody is logged in any more, and the session goes on: its content stays, so remove what is the user's
    /// own, key by key or with [`keep_only`](Self::keep_only). The usual logout is [`clear`](Self::clear), which ends the
    /// session as a whole.
    ///
    /// The session is no longer authenticated, and has neither the user's epoch nor a label. With a store its id changes,
    /// as with [`cycle_id`](Self::cycle_id), and the record leaves the user: it is not in their list, and not ended with their
    /// others. A cookie session is written without its user; whoever has a copy of the old cookie is logged in with it
    /// until it expires.
    ///
    /// Where nobody is logged in, nothing happens. So in Flask's format, but for what [`log_in`](Self::log_in) said
    /// in the same request: what makes somebody a user there are keys of the application.
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
        (state.user, state.label, state.left) = (None, None, true);
        state.map.set_user(None);
        state.stamp.authenticated = None;
        (state.stamp.epoch.user, state.epoch) = (0, Some(0));
        state.renewed = true;
        Ok(())
    }

    /// Removes every key but these, and all flashes: what goes over into a login and nothing else, so that what is
    /// forgotten is dropped and not kept. Who is logged in and permanence stay.
    ///
    /// The session is modified in any case. A key that another request writes at the same time goes as well.
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
        // Permanence is a key in Flask's format.
        let permanent = self.is_flask().then_some(PERMANENT);
        let keys = keys
            .iter()
            .copied()
            .chain(permanent)
            .map(Cow::from)
            .collect();
        let mut state = self.open_state()?;
        state.map.change(Change::KeepOnly(keys));
        state.flashes_taken = None;
        Ok(())
    }

    /// Who is logged in: what [`log_in`](Self::log_in) said in this request, or what the cookie or record says that
    /// the session was opened from. Flask's format keeps no user.
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
        let opened_from = || match state.cleared || state.left {
            true => None,
            false => self
                .live()
                .and_then(|live| live.decoded.record.user.clone()),
        };
        state
            .user
            .clone()
            .or_else(|| state.map.user())
            .or_else(opened_from)
    }

    /// Where the record lies that this session was opened from: to tell it among the sessions of its user. It opens
    /// nothing. `None` in a cookie session, and until a new session was stored.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let session = sessions.exchange(&http::HeaderMap::new()).open().done().unwrap().unwrap();
    /// assert_eq!(session.record_key(), None);
    /// ```
    #[must_use]
    pub fn record_key(&self) -> Option<RecordKey> {
        self.live().map(|live| live.key)
    }

    fn live(&self) -> Option<&LiveRecord> {
        match &self.incoming().loaded_from {
            LoadedFrom::Live(live) => Some(live),
            _ => None,
        }
    }

    /// What tells a user which of several sessions this is, such as the name of a browser: shown where a user's sessions
    /// are listed. At most 256 octets are kept. A cookie session keeps none.
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
        let end = (0..=label.len().min(256))
            .rev()
            .find(|end| label.is_char_boundary(*end));
        let label = self
            .settings()
            .stored
            .is_some()
            .then(|| label[..end.unwrap_or_default()].into());
        let mut state = self.open_state()?;
        state.label = label;
        state.map.mark_modified();
        Ok(())
    }

    /// Says that this session is of the user's epoch `epoch`: call it at login, with a counter that the application keeps for
    /// each user and counts up to log them out everywhere, as after a change of the password. What is behind the counter,
    /// [`require_epoch`](Self::require_epoch) revokes. It is how cookie sessions are revoked, which no store can end.
    ///
    /// # Errors
    /// [`Error::NoEpoch`] in Flask's format, which has no place for it; [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{Rejected, SecretKey, Session, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # fn login(session: &Session, user: &str, epoch: u16) -> Result<(), session_core::Error> {
    /// session.log_in(user)?;
    /// session.insert("user", user)?;
    /// session.set_epoch(epoch)?; // as the user's row says
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
        state.epoch = Some(epoch);
        state.map.mark_modified();
        Ok(())
    }

    /// Whether this session is of the user's epoch `epoch` or a later one. If it is behind, it is emptied as by
    /// [`clear`](Self::clear), and [`rejected`](Self::rejected) says [`Rejected::Revoked`](crate::Rejected::Revoked).
    /// Ask before anything else that the session says counts.
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

    /// Whether [`log_in`](Self::log_in) was called in this session at most `period` ago: for pages that ask for the
    /// password again. Never in Flask's format.
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
