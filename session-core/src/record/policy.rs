//! The settings that stored sessions alone have.

use std::time::Duration;

/// The treatment of a request's changes if its session was ended, or its id replaced, while the
/// request was under way.
///
/// A request whose session was gone when the request began is anonymous: see
/// [`Rejected::Gone`](crate::Rejected::Gone). A request that [clears](crate::Session::clear) a
/// session to which another request has given a new id meanwhile is answered 409 with either
/// setting, since it has ended nothing.
///
/// ```
/// # use session_core::{GonePolicy, SecretKey, Sessions};
/// # let key = SecretKey::generate().unwrap();
/// let sessions = Sessions::builder(key).on_gone(GonePolicy::Conflict).build_stored();
/// # assert!(sessions.is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GonePolicy {
    /// The changes are dropped, with the event [`Gone`](crate::EventKind::Gone).
    #[default]
    Forget,
    /// The request is answered 409, [`Error::Gone`](crate::Error::Gone).
    Conflict,
}

/// The sessions that end if an id is used that a periodic renewal replaced, more than a minute after the new id
/// came back: two browsers have the session, and one of them has copied it.
///
/// The core applies the policy when the request ends, whatever the handler did, if the handler
/// opened the session. The request itself is anonymous in any case.
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
    /// Nothing ends: the event [`Reuse`](crate::EventKind::Reuse) reports it.
    #[default]
    Report,
    /// The session ends, for the browser with the newer id as well: both have to log in again. If
    /// the store does not reply, the request is answered 503, and ends the session when it is sent
    /// again.
    EndSession,
    /// All sessions of the session's user end; if the session has no user, the session ends.
    EndUser,
}

/// The settings of stored sessions.
#[derive(Debug, Clone)]
pub(crate) struct StorePolicy {
    pub(crate) on_gone: GonePolicy,
    pub(crate) on_reuse: ReusePolicy,
    /// How many live sessions a user may have.
    pub(crate) per_user: Option<usize>,
    /// The seconds after which a verifier is renewed.
    pub(crate) renew_every: Option<u64>,
    /// The largest body of a record, in bytes.
    pub(crate) max_record: usize,
    pub(crate) events_with_record_keys: bool,
    /// How long all requests of an open may take together.
    pub(crate) open_timeout: Duration,
    /// How long all requests of a close may take together.
    pub(crate) close_timeout: Duration,
}

impl Default for StorePolicy {
    fn default() -> Self {
        Self {
            on_gone: GonePolicy::Forget,
            on_reuse: ReusePolicy::Report,
            per_user: None,
            renew_every: None,
            max_record: 1 << 20,
            events_with_record_keys: false,
            open_timeout: Duration::from_secs(2),
            close_timeout: Duration::from_secs(5),
        }
    }
}

impl StorePolicy {
    /// Returns the name of the first setting that is not the default.
    pub(crate) fn changed(&self) -> Option<&'static str> {
        let default = Self::default();
        let timeouts = (self.open_timeout, self.close_timeout);
        let settings = [
            ("on_gone", self.on_gone != default.on_gone),
            ("on_reuse", self.on_reuse != default.on_reuse),
            ("max_sessions_per_user", self.per_user.is_some()),
            ("cycle_id_every", self.renew_every.is_some()),
            ("max_record_size", self.max_record != default.max_record),
            ("events_with_record_keys", self.events_with_record_keys),
            (
                "deadlines",
                timeouts != (default.open_timeout, default.close_timeout),
            ),
        ];
        for (name, changed) in settings {
            if changed {
                return Some(name);
            }
        }
        None
    }
}
