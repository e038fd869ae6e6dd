//! Whose a session is: logged in, renewed, named, revoked.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use crate::error::Error;
use crate::session::Session;
use crate::state::State;
use crate::stored::{Base, Live, RecordKey};
use crate::wire::stamp::Epoch;

/// Whose the session is.
impl Session {
    /// Renews the session, against fixation: after a change of what its owner may do. With a store the id changes, and the
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
    /// session.renew().unwrap();
    /// assert!(session.contains_key("cart") && session.is_modified());
    /// ```
    pub fn renew(&self) -> Result<(), Error> {
        let mut state = self.open_state()?;
        state.map.mark_modified();
        state.renewed = true;
        Ok(())
    }

    /// Says that this request has verified the credentials of `owner`: call it at login, before the user's data goes in.
    ///
    /// The session counts as created and authenticated now. With a store its id changes, as with [`renew`](Self::renew),
    /// and the record is entered under this owner. If somebody ended the session while the request was under way, a new
    /// one begins, with what this request did and nothing of the old one.
    ///
    /// In Flask's format, which has no place for that, the session is only modified. A cookie keeps no index of owners, so
    /// `owner` itself is not stored: insert what the handlers need. (A cookie session that stays empty is not sent,
    /// whoever logged in.)
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// use std::time::Duration;
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.set_owner("42").unwrap();
    /// assert!(session.authenticated_within(Duration::from_secs(300)));
    /// ```
    pub fn set_owner(&self, owner: &str) -> Result<(), Error> {
        let now = self.core().now().as_secs();
        let owner = self.core().stored.is_some().then(|| owner.into());
        let mut state = self.open_state()?;
        state.owner = owner;
        state.map.mark_modified();
        state.stamp.created = now;
        state.stamp.authenticated = Some(now);
        // Of whoever this session was before, nothing counts.
        state.stamp.epoch =
            Epoch { application: self.core().lifetime.epoch, user: state.epoch.unwrap_or_default() };
        state.renewed = true;
        Ok(())
    }

    /// Who is logged in: what [`set_owner`](Self::set_owner) set in this request, or what the record says that the session
    /// was opened from. A cookie session keeps no owner.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let exchange = sessions.exchange(&http::HeaderMap::new());
    /// # let session = exchange.open().done().unwrap().unwrap();
    /// assert_eq!(session.owner(), None);
    /// session.set_owner("42").unwrap();
    /// assert_eq!(session.owner().as_deref(), Some("42"));
    /// session.clear().unwrap();
    /// assert_eq!(session.owner(), None);
    /// ```
    #[must_use]
    pub fn owner(&self) -> Option<Arc<str>> {
        let state = self.state();
        let stored = || self.live().and_then(|live| live.current.record.owner.clone());
        state.owner.clone().or_else(|| if state.cleared { None } else { stored() })
    }

    /// Where the record lies that this session was opened from: to tell it among the sessions of its owner. It opens
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

    fn live(&self) -> Option<&Live> {
        match &self.origin().base {
            Base::Live(live) => Some(live),
            _ => None,
        }
    }

    /// What tells an owner which of several sessions this is, such as the name of a browser: shown where a user's sessions
    /// are listed. At most 256 octets are kept. A cookie session keeps none.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.set_owner("42").unwrap();
    /// session.set_label("Firefox on Linux").unwrap();
    /// ```
    pub fn set_label(&self, label: &str) -> Result<(), Error> {
        let end = (0..=label.len().min(256)).rev().find(|end| label.is_char_boundary(*end));
        let label = self.core().stored.is_some().then(|| label[..end.unwrap_or_default()].into());
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
    /// session.set_owner(user)?;
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
        let now = self.core().now().as_secs();
        let mut state = self.epoch_state()?;
        if state.stamp.epoch.user >= epoch {
            return Ok(true);
        }
        state.clear(&self.core().lifetime, now);
        state.revoked = self.origin().stamp.is_some();
        Ok(false)
    }

    fn epoch_state(&self) -> Result<MutexGuard<'_, State>, Error> {
        if self.is_flask() { Err(Error::NoEpoch) } else { self.open_state() }
    }

    /// Whether [`set_owner`](Self::set_owner) was called in this session at most `period` ago: for pages that ask for the
    /// password again. Never in Flask's format.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{SecretKey, Sessions, testing::Time};
    /// # let (key, time) = (SecretKey::generate().unwrap(), Time::at(1_700_000_000));
    /// # let sessions = Sessions::builder(key).clock(time.clone()).build().unwrap();
    /// # let session = sessions.open(&http::HeaderMap::new());
    /// session.set_owner("42").unwrap();
    /// time.advance(Duration::from_secs(10 * 60));
    /// assert!(session.authenticated_within(Duration::from_secs(15 * 60)));
    /// assert!(!session.authenticated_within(Duration::from_secs(5 * 60)));
    /// ```
    #[must_use]
    pub fn authenticated_within(&self, period: Duration) -> bool {
        let now = self.core().now().as_secs();
        let then = self.state().stamp.authenticated;
        !self.is_flask() && then.is_some_and(|then| now.saturating_sub(then) <= period.as_secs())
    }
}
