//! Errors, by who is at fault: the configuration ([`ConfigError`](config::ConfigError)), the handler ([`Error`]), the client
//! ([`Rejected`], which is a value and no error).

pub(crate) mod config;
mod status;

use crate::env::EntropyError;

/// An error in a handler, or at the end of its request. Messages name the key of the session, never its value.
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
    /// The session was changed after the headers of its response were decided, so no cookie could carry the change. Or it was
    /// opened after that: the response has no `Vary`, so nothing in it may come from a session.
    #[error(
        "the session was opened or changed after the head of its response was returned; open it and change it before \
         the handler returns, not while the body streams or in a spawned task; a handle from before can still be read"
    )]
    TooLate,
    /// The value's `Serialize` failed, or JSON cannot represent the value.
    #[error("the value for session key {key:?} cannot be stored: {reason}")]
    NotSerializable {
        /// The key that was to be set.
        key: String,
        /// The cause, without the value.
        reason: String,
    },
    /// The text is no JSON object, or is nested too deep.
    #[error(
        "expected a JSON object of at most {depth} levels, with keys that are valid Unicode; for insert_tagged_json it \
         must not be a tag as a whole"
    )]
    NotAnObject {
        /// The largest number of levels.
        depth: usize,
    },
    /// The stored value is not of the requested type.
    #[error("session key {key:?} holds another type: {reason}")]
    WrongType {
        /// The key that was read or changed.
        key: String,
        /// The type that was found and the one that was expected, without the value.
        reason: String,
    },
    /// The sum is beyond `i64`, or beyond 2^53 for a counter that is a float. The counter is unchanged.
    #[error(
        "adding {by} to session key {key:?} leaves the range of a counter (i64, or 2^53 if it is a float); nothing was \
         changed"
    )]
    Overflow {
        /// The counter's key.
        key: String,
        /// The number that was to be added.
        by: i64,
    },
    /// The session does not fit into its cookie. The response is replaced, and nothing is stored.
    #[error(
        "the session does not fit into cookie {name:?}: {size} bytes, the limit is {limit}; store less, or keep \
         the data on the server and only its key in the session"
    )]
    TooLarge {
        /// The cookie's name.
        name: String,
        /// The size that it would have, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The session's record is larger than [`Builder::max_record_size`](crate::Builder::max_record_size) allows. The response
    /// is replaced, and nothing is stored.
    #[error("the session takes {size} bytes in its store, the limit is {limit}; store less")]
    RecordTooLarge {
        /// The size that it would have, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The store did not answer in time. If the session was to be read, nothing has changed. If it was to be written, it is
    /// unknown whether it was.
    #[error("the session store did not answer in time")]
    Unavailable,
    /// Another request changed the session meanwhile, and a change of this request no longer fits the stored value. No change
    /// of this request is stored.
    #[error(
        "another request changed the session, and this request's change of key {key:?} no longer fits: {reason}; none of \
         its changes was stored"
    )]
    Conflict {
        /// The key that both requests changed.
        key: String,
        /// The mismatch, without the value.
        reason: String,
    },
    /// Another request ended the session, or changed its id, while this one was running. The changes of this request were
    /// dropped.
    ///
    /// This is an error with [`GonePolicy::Conflict`](crate::GonePolicy::Conflict). It is always an error when the handler
    /// cleared a session that lives on under a newer id, or in a record that this server cannot read: that logout has
    /// ended nothing.
    #[error(
        "another request ended the session or changed its id; the changes of this request were dropped"
    )]
    Gone,
    /// An epoch was used with a session in Flask's format.
    #[error(
        "Flask's cookie has no place for an epoch: keep a counter in the session, and compare it"
    )]
    NoEpoch,
    /// [`Sessions::close`](crate::Sessions::close) was called with a session that is in a store.
    #[error("this session is in a store: close its exchange, which asks the store")]
    NotACookie,
    /// The random source failed. Nothing was written.
    #[error("{0}; nothing was written")]
    Entropy(#[from] EntropyError),
    /// The adapter's layer does not provide the session here. The text names the line to change.
    #[error("{0}")]
    MissingLayer(String),
    /// The response takes no more headers.
    #[error("the response holds too many headers to add {0}")]
    TooManyHeaders(&'static str),
}

/// Why the session of a client was rejected. The request continues with an empty session, so this is a value and no
/// error.
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
    /// The cookie has not the form of the configured format.
    #[error("the cookie is not of the form of a session")]
    Malformed,
    /// The cookie is longer than any of this format. No signature was computed.
    #[error("the cookie is too long for a session")]
    TooLong,
    /// No key of the ring signed the cookie.
    #[error("the cookie's signature does not match")]
    BadSignature,
    /// The session was idle for longer than its idle lifetime.
    #[error("the session was idle for too long")]
    Idle,
    /// The session is older than its absolute lifetime.
    #[error("the session is too old")]
    TooOld,
    /// The session was written in the future, beyond the allowed clock skew.
    #[error("the session is dated in the future")]
    Future,
    /// The session was revoked. It was created before [`Builder::not_created_before`](crate::Builder::not_created_before); or
    /// its epoch is lower than that of the [application](crate::Builder::epoch) or of its
    /// [user](crate::Session::require_epoch); or its cookie has the [previous name](crate::PreviousCookie) and was created after
    /// the change of the name.
    #[error("the session was revoked: it is older than what the application still accepts")]
    Revoked,
    /// The signature is valid, but the content cannot be read.
    #[error("the session is signed but cannot be read")]
    Unreadable,
    /// The id is valid, but its record is not in the store: it expired, or the store was emptied.
    #[error("the session is not in the store any more")]
    Unknown,
    /// The id is valid, but its session was ended, or has another id since a login or a change of the id. The request has no
    /// user, and the values that its handler sets begin a new session under a new id.
    ///
    /// A request that begins within 10 seconds of that end or login is different: a response with a newer id may still be on
    /// its way to the browser, and a new cookie must not replace it. This request sets no cookie, and its changes are
    /// dropped with the event [`Gone`](crate::EventKind::Gone), unless it is a login, which begins a new session. The
    /// 10 seconds also follow the last write of a record that is [`Unreadable`](Self::Unreadable).
    #[error("the session was ended, or its id was renewed")]
    Gone,
}
