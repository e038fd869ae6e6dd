//! Settings for sessions in a store, and `build_stored`.

use std::time::Duration;

use crate::builder::Builder;
use crate::error::config::{ConfigError, name_variables};
use crate::record::policy::{GonePolicy, ReusePolicy};
use crate::stored_sessions::StoredSessions;

/// Sessions in a store. With any of these settings [`build`](Builder::build), which is for cookie sessions, is an error.
impl Builder {
    /// Sets what happens to the changes of a request whose session was ended while the request was running. Default:
    /// [`GonePolicy::Forget`].
    ///
    /// ```
    /// # use session_core::{GonePolicy, SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// assert!(Sessions::builder(key).on_gone(GonePolicy::Conflict).build_stored().is_ok());
    /// ```
    pub fn on_gone(mut self, on_gone: GonePolicy) -> Self {
        self.stored.on_gone = on_gone;
        self
    }

    /// Sets what is ended when an id is used after [`cycle_id_every`](Self::cycle_id_every) replaced it. Default:
    /// [`ReusePolicy::Report`].
    ///
    /// ```
    /// # use session_core::{ReusePolicy, SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// assert!(Sessions::builder(key).on_reuse(ReusePolicy::EndUser).build_stored().is_ok());
    /// ```
    pub fn on_reuse(mut self, on_reuse: ReusePolicy) -> Self {
        self.stored.on_reuse = on_reuse;
        self
    }

    /// Limits the sessions of one user: a login above the limit ends the oldest. Default: no limit; 0 is treated as 1.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// assert!(Sessions::builder(key.clone()).max_sessions_per_user(5).build_stored().is_ok());
    /// assert!(Sessions::builder(key).max_sessions_per_user(5).build().is_err()); // a cookie session knows no others
    /// ```
    pub fn max_sessions_per_user(mut self, most: usize) -> Self {
        // A limit of 0 would end the session that the login begins.
        self.stored.per_user = Some(most.max(1));
        self
    }

    /// Replaces the id of a session in use when it is this old, in whole seconds, so that a copied id stops working. Default: only
    /// [`cycle_id`](crate::Session::cycle_id) and [`log_in`](crate::Session::log_in) replace it.
    ///
    /// The previous id stays valid for concurrent requests until the browser has sent the new one, and one minute longer.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let hour = std::time::Duration::from_secs(60 * 60);
    /// assert!(Sessions::builder(key).cycle_id_every(hour).build_stored().is_ok());
    /// ```
    pub fn cycle_id_every(mut self, period: Duration) -> Self {
        self.stored.renew_every = Some(period.as_secs());
        self
    }

    /// Limits a record, in bytes. Default: 1 MiB. Closing a session with a larger one is
    /// [`Error::RecordTooLarge`](crate::Error::RecordTooLarge).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// assert!(Sessions::builder(key).max_record_size(64 << 10).build_stored().is_ok());
    /// ```
    pub fn max_record_size(mut self, bytes: usize) -> Self {
        self.stored.max_record = bytes;
        self
    }

    /// Names the record in [events](crate::Event), so that an operator can end the session that a log names, with
    /// `UserSessions::end_record` of `session-store`. Default: false.
    ///
    /// The key does not open the session. But for as long as the record exists, it shows which lines of a log and which row of the
    /// store belong together.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// assert!(Sessions::builder(key).events_with_record_keys(true).build_stored().is_ok());
    /// ```
    pub fn events_with_record_keys(mut self, with_keys: bool) -> Self {
        self.stored.events_with_record_keys = with_keys;
        self
    }

    /// Limits how long a request waits for the store, to open its session and to close it. Default: 2 and 5 seconds.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let (open, close) = (Duration::from_millis(500), Duration::from_secs(2));
    /// assert!(Sessions::builder(key).deadlines(open, close).build_stored().is_ok());
    /// ```
    pub fn deadlines(mut self, open: Duration, close: Duration) -> Self {
        (self.stored.open_timeout, self.stored.close_timeout) = (open, close);
        self
    }

    /// Checks all settings, and builds sessions that are in a store; the cookie holds an id.
    ///
    /// # Errors
    /// [`ConfigError`] as [`build`](Self::build), also for Flask's format, whose cookie is the session, and for a
    /// [`max_cookie_size`](Self::max_cookie_size) that is too small for an id.
    ///
    /// ```
    /// use session_core::{SecretKey, Sessions};
    ///
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-session");
    /// assert!(Sessions::flask_builder("dev").build_stored().is_err());
    /// ```
    pub fn build_stored(self) -> Result<StoredSessions, ConfigError> {
        let prefix = self.prefix.clone();
        name_variables(self.build_in_store(), &prefix)
    }

    fn build_in_store(self) -> Result<StoredSessions, ConfigError> {
        if self.flask {
            return Err(ConfigError::Format {
                setting: "a store",
                format: "Flask's format",
                why: "its cookie is the session; use our own format for sessions in a store",
            });
        }
        let stored = self.stored.clone();
        let settings = self.settings(Some(stored))?;
        StoredSessions::new(settings)
    }
}
