//! Settings for sessions in a store.

use std::time::Duration;

use crate::builder::Builder;
use crate::error::config::ConfigError;
use crate::record::policy::{GonePolicy, ReusePolicy};
use crate::stored_sessions::StoredSessions;

/// For sessions in a store. With any of these settings [`build`](Builder::build) is an error.
impl Builder {
    /// Stored sessions only: what becomes of the changes of a request whose session was ended meanwhile. Default:
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

    /// Stored sessions only, with [`cycle_id_every`](Self::cycle_id_every): what ends when an id is used that was replaced.
    /// Default: [`ReusePolicy::Report`].
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

    /// Stored sessions only: how many sessions a user may have; a login beyond it ends the oldest. Default: any number.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// assert!(Sessions::builder(key.clone()).max_sessions_per_user(5).build_stored().is_ok());
    /// assert!(Sessions::builder(key).max_sessions_per_user(5).build().is_err()); // a cookie knows no others
    /// ```
    pub fn max_sessions_per_user(mut self, most: usize) -> Self {
        self.stored.per_user = Some(most.max(1));
        self
    }

    /// Stored sessions only: renews the id of a session in use after so many whole seconds, against copies of it. Requests
    /// under way keep the old one until the new one has come back, and a minute longer. Default: only by
    /// [`cycle_id`](crate::Session::cycle_id) and [`log_in`](crate::Session::log_in).
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

    /// Stored sessions only: the largest record, in octets. Default: 1 MiB. A larger one is an error at close.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// assert!(Sessions::builder(key).max_record_size(64 << 10).build_stored().is_ok());
    /// ```
    pub fn max_record_size(mut self, octets: usize) -> Self {
        self.stored.max_record = octets;
        self
    }

    /// Stored sessions only: whether [events](crate::Event) name the record that they are about, so that an operator can end
    /// what a log names: `UserSessions::end_record` in `session-store`. The key opens nothing. It tells, for the record's whole
    /// life, which lines of a log and which row of a store belong together. Default: false.
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

    /// Stored sessions only: how long a request waits for its session at most, to open it and to close it. Default: 2 and
    /// 5 seconds.
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

    /// Checks everything and builds sessions that live in a store: the cookie holds an id. Not in Flask's format.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    ///
    /// ```
    /// use session_core::{SecretKey, Sessions};
    ///
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-session");
    /// assert!(Sessions::flask_builder("dev").build_stored().is_err());
    /// ```
    pub fn build_stored(self) -> Result<StoredSessions, ConfigError> {
        if self.flask {
            return Err(ConfigError::Format {
                setting: "a store",
                format: "Flask's format",
                why: "its cookie is the session; build stored sessions in our own format",
            });
        }
        let stored = self.stored.clone();
        let settings = self.settings(Some(stored))?;
        StoredSessions::new(settings)
    }
}
