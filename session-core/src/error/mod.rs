//! What can go wrong, sorted by who is at fault: the developer at start ([`ConfigError`]), the handler ([`Error`]), the
//! client ([`Rejected`], a value and no error).

pub(crate) mod config;

use http::StatusCode;

use crate::env::EntropyError;

/// What a handler, or the end of its request, can do wrong. Messages name the session's key, never its value.
///
/// ```
/// # use session_core::{Error, SecretKey, Sessions};
/// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
/// session.insert("username", "ada").unwrap();
/// let error = session.get::<u64>("username").unwrap_err();
/// assert!(matches!(&error, Error::WrongType { key, .. } if key == "username"));
/// assert!(!error.to_string().contains("ada"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A change after the response's headers were decided: it could reach no cookie any more. Or the session was opened only
    /// then: the response has no `Vary`, so nothing in it may come from a session.
    #[error(
        "the session was opened or changed after the head of its response was returned; open it and change it before \
         the handler returns, not while the body streams or in a spawned task; a handle from before can still be read"
    )]
    TooLate,
    /// A value whose `Serialize` failed, or that JSON cannot hold.
    #[error("the value for session key {key:?} cannot be stored: {reason}")]
    NotSerializable {
        /// The key that was to be written.
        key: String,
        /// What stands in the way.
        reason: String,
    },
    /// A text that should be a JSON object and is none, or is nested too deep.
    #[error(
        "expected a JSON object of at most {depth} levels, with keys that are Unicode; what insert_tagged_json takes \
         must be no tag as a whole"
    )]
    NotAnObject {
        /// How deep it may be.
        depth: usize,
    },
    /// A stored value that is not of the type asked for.
    #[error("session key {key:?} holds another type: {reason}")]
    WrongType {
        /// The key that was read or changed.
        key: String,
        /// What was found and what was expected, without the value.
        reason: String,
    },
    /// An increment beyond `i64`, or beyond 2^53 of a counter that is a float. Nothing was changed.
    #[error(
        "adding {by} to session key {key:?} leaves the range of a counter (i64, or 2^53 if it is a float); nothing was \
         changed"
    )]
    Overflow {
        /// The counter's key.
        key: String,
        /// What was to be added.
        by: i64,
    },
    /// The session does not fit into its cookie. The response is replaced, nothing is stored.
    #[error(
        "the session does not fit into cookie {name:?}: {size} octets, the limit is {limit}; store less, or keep \
         the data on the server and only its key in the session"
    )]
    TooLarge {
        /// The cookie's name.
        name: String,
        /// What it would take.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The session's record is larger than [`Builder::max_record_size`](crate::Builder::max_record_size) allows. The response
    /// is replaced, nothing is stored.
    #[error("the session takes {size} octets in its store, the limit is {limit}; keep less in it")]
    RecordTooLarge {
        /// What it would take.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The store gave no answer in time. When the session was being read, nothing was changed; when it was being written,
    /// it is unknown whether it was.
    #[error("the session store gave no answer in time")]
    Unavailable,
    /// Another request changed the session meanwhile, and what this one did to a key no longer fits what is there. Nothing
    /// of this request is stored.
    #[error(
        "another request changed the session, and what this one did to key {key:?} no longer fits: {reason}; nothing of          it was stored"
    )]
    Conflict {
        /// The key that both changed.
        key: String,
        /// What does not fit, without the value.
        reason: String,
    },
    /// Another request ended the session, or gave it a new id, while this one was under way; the changes of this one were
    /// dropped. With [`GonePolicy::Conflict`](crate::GonePolicy::Conflict); and in any case where the handler cleared a session that
    /// lives on under a newer id, or in a record that cannot be read here, since that logout has ended nothing.
    #[error(
        "another request ended the session or gave it a new id; what this one did to it was dropped"
    )]
    Gone,
    /// An epoch, of a session in Flask's format.
    #[error(
        "Flask's cookie has no place for an epoch: keep a counter in the session, and compare it"
    )]
    NoEpoch,
    /// A session that is kept in a store was given to [`Sessions::close`](crate::Sessions::close).
    #[error("this session is kept in a store: close its exchange, which asks the store")]
    NotACookie,
    /// The random source failed; nothing was written.
    #[error("{0}; nothing was written")]
    Entropy(#[from] EntropyError),
    /// The response has no room for one more header.
    #[error("the response holds too many headers to add {0}")]
    TooManyHeaders(&'static str),
}

impl Error {
    /// The status that answers a request whose session could not be opened or closed, or whose handler returned this error.
    ///
    /// ```
    /// use session_core::Error;
    ///
    /// assert_eq!(Error::TooLate.status(), 500);
    /// assert_eq!(Error::Unavailable.status(), 503);
    /// assert_eq!(Error::Gone.status(), 409);
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Conflict { .. } | Self::Gone => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds the client may try again: the value of `Retry-After` (RFC 9110, section 10.2.3).
    ///
    /// ```
    /// use session_core::Error;
    ///
    /// assert_eq!(Error::Unavailable.retry_after(), Some(5));
    /// assert_eq!(Error::TooLate.retry_after(), None);
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<u16> {
        matches!(self, Self::Unavailable).then_some(5)
    }
}

/// Why the session that a client sent was not accepted. The request goes on with an empty session; this is a value to
/// look at, not an error.
///
/// ```
/// # use session_core::{Rejected, SecretKey, Sessions, testing};
/// # let (sessions, others) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
/// # let (sessions, others) = (Sessions::new(sessions), Sessions::new(others));
/// let forged = testing::request(&others, |session| session.insert("admin", true)).unwrap();
/// let session = sessions.open(&forged);
/// assert_eq!(session.rejected(), Some(Rejected::BadSignature));
/// assert!(session.is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// Not of the form that the configured format has; nothing was computed.
    #[error("the cookie is not of the form of a session")]
    Malformed,
    /// Longer than any cookie of this format; nothing was computed.
    #[error("the cookie is too long for a session")]
    TooLong,
    /// No key of the ring signed it.
    #[error("the cookie's signature does not match")]
    BadSignature,
    /// Idle for longer than the idle lifetime.
    #[error("the session was idle for too long")]
    Idle,
    /// Older than the absolute lifetime.
    #[error("the session is too old")]
    TooOld,
    /// Written in the future, beyond the allowed skew.
    #[error("the session is dated in the future")]
    Future,
    /// Revoked: created before the time that [`Builder::not_created_before`](crate::Builder::not_created_before) names, behind
    /// the [epoch](crate::Builder::epoch) of the application or that of its [user](crate::Session::require_epoch), or of the
    /// cookie's [old name](crate::PreviousCookie) and created since it has the new one.
    #[error("the session was revoked: it is older than what the application still accepts")]
    Revoked,
    /// Signed by us, but its content cannot be read.
    #[error("the session is signed but cannot be read")]
    Unreadable,
    /// An id of ours whose record is not in the store: it expired, or the store was emptied.
    #[error("the session is not in the store any more")]
    Unknown,
    /// An id of ours whose session was ended, or got another id by a login or renewal. The request is anonymous, and what its
    /// handler writes begins a new session under a new id.
    ///
    /// But not for a request that begins within 10 seconds of that end or login: a response that carries a newer id may still
    /// be on its way to the browser, and must not be overtaken. It sets no cookie, and what it writes is dropped with the
    /// event [`Gone`](crate::EventKind::Gone); only a login begins a new session then. The same holds for 10 seconds after
    /// the last write to a record that is [`Unreadable`](Self::Unreadable).
    #[error("the session was ended, or its id was renewed")]
    Gone,
}
