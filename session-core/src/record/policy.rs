//! What is configured for stored sessions alone.

use std::time::Duration;

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
