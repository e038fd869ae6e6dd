//! What is configured for stored sessions alone.

use std::time::Duration;

use crate::builder::Builder;
use crate::error::ConfigError;
use crate::stored_sessions::StoredSessions;

/// What becomes of a request's changes when its session was ended, or its id renewed, while the request was under way.
///
/// A request whose session was gone when it began is anonymous: see [`Rejected::Gone`](crate::Rejected::Gone). A request that
/// [clears](crate::Session::clear) a session which another has given a new id meanwhile is answered 409 with either setting,
/// since it has ended nothing.
///
/// ```
/// # use session_core::{GonePolicy, SecretKey, Sessions};
/// # let key = SecretKey::generate().unwrap();
/// let sessions = Sessions::builder(key).on_gone(GonePolicy::Conflict).build_stored();
/// # assert!(sessions.is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GonePolicy {
    /// They are dropped, with the event [`Gone`](crate::EventKind::Gone).
    #[default]
    Forget,
    /// The request is answered 409, [`Error::Gone`](crate::Error::Gone).
    Conflict,
}

/// What ends when an id is used that a periodic renewal has replaced, after the new one had come back and a minute had passed:
/// two browsers have the session, and one of them has copied it.
///
/// It is decided when the request ends, whatever its handler did, if that asked for the session. The request itself is
/// anonymous in any case.
///
/// ```
/// # use std::time::Duration;
/// # use session_core::{ReusePolicy, SecretKey, Sessions};
/// # let key = SecretKey::generate().unwrap();
/// let builder = Sessions::builder(key).cycle_id_every(Duration::from_secs(60 * 60));
/// assert!(builder.on_reuse(ReusePolicy::EndSession).build_stored().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReusePolicy {
    /// Nothing: the event [`Reuse`](crate::EventKind::Reuse) tells.
    #[default]
    Report,
    /// The session, for whoever has its newer id: both log in again. If the store does not answer, the request gets 503, and
    /// ends it when it is sent again.
    EndSession,
    /// All sessions of the session's user; of one without a user, the session.
    EndUser,
}

/// What is configured for stored sessions alone.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) on_gone: GonePolicy,
    pub(crate) on_reuse: ReusePolicy,
    /// How many sessions of one user live.
    pub(crate) per_user: Option<usize>,
    /// Seconds after which a verifier is renewed.
    pub(crate) renew_every: Option<u64>,
    /// Octets of a record.
    pub(crate) max_record: usize,
    pub(crate) events_with_record_keys: bool,
    pub(crate) open_within: Duration,
    pub(crate) close_within: Duration,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            on_gone: GonePolicy::Forget,
            on_reuse: ReusePolicy::Report,
            per_user: None,
            renew_every: None,
            max_record: 1 << 20,
            events_with_record_keys: false,
            open_within: Duration::from_secs(2),
            close_within: Duration::from_secs(5),
        }
    }
}

impl Stored {
    /// The first setting that is not the default.
    pub(crate) fn changed(&self) -> Option<&'static str> {
        let plain = Self::default();
        let changed = [
            ("on_gone", self.on_gone != plain.on_gone),
            ("on_reuse", self.on_reuse != plain.on_reuse),
            ("max_sessions_per_user", self.per_user.is_some()),
            ("cycle_id_every", self.renew_every.is_some()),
            ("max_record_size", self.max_record != plain.max_record),
            ("events_with_record_keys", self.events_with_record_keys),
            (
                "deadlines",
                (self.open_within, self.close_within) != (plain.open_within, plain.close_within),
            ),
        ];
        changed
            .iter()
            .find(|(_, changed)| *changed)
            .map(|(setting, _)| *setting)
    }
}

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
        (self.stored.open_within, self.stored.close_within) = (open, close);
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
        let core = self.core(Some(stored))?;
        StoredSessions::new(core)
    }
}
