//! Events of a session, as data for logs and metrics. They contain no id, no key of the map and no value. They contain the
//! record's key only if that is configured.

use std::fmt;

use crate::error::{Error, Rejected};
use crate::record_key::RecordKey;

/// An event of a session. [`Outgoing::events`](crate::protocol::Outgoing::events) returns them, and `session-store` writes
/// them to `tracing`.
///
/// ```
/// # use http::{HeaderMap, HeaderValue, header::COOKIE};
/// # use session_core::{SecretKey, Sessions};
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// # let cookie = HeaderValue::from_static("__Host-session=forged");
/// # let exchange = sessions.exchange(&HeaderMap::from_iter([(COOKIE, cookie)]));
/// # let _session = exchange.open().done().unwrap().unwrap();
/// let outgoing = exchange.close().done().unwrap();
/// let event = outgoing.events()[0];
/// assert_eq!(event.kind.to_string(), "session rejected: the cookie is not of the form of a session");
/// assert_eq!(event.digest.to_string().len(), 16);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The kind of event.
    pub kind: EventKind,
    /// Identifies the cookie.
    pub digest: LogDigest,
    /// The record, if the session has one and [`events_with_record_keys`](crate::Builder::events_with_record_keys) is set.
    /// An operator can end it by this key.
    pub record: Option<RecordKey>,
}

/// The kind of an event.
///
/// ```
/// # use http::HeaderMap;
/// # use session_core::{EventKind, SecretKey, Sessions};
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
/// # let session = exchange.open().done().unwrap().unwrap();
/// session.insert("username", "ada").unwrap();
/// let outgoing = exchange.close().done().unwrap();
/// assert_eq!(outgoing.events()[0].kind, EventKind::Created);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A session began: its first cookie is sent.
    Created,
    /// An existing session was cleared.
    Cleared,
    /// A user logged in, or the id was changed.
    Renewed,
    /// A session cookie was rejected.
    Rejected(Rejected),
    /// A request had more than one session cookie: this number of them.
    Duplicate(usize),
    /// In Flask's format: Set-Cookie is longer than `MAX_COOKIE_SIZE`. It was sent all the same.
    Oversized {
        /// Bytes of the header's value.
        size: usize,
        /// `MAX_COOKIE_SIZE`.
        limit: usize,
    },
    /// A session that the request did not change was due to be written, by a refresh or for a new key, name or format. It
    /// would have been too large, so it was left as it is, and the request does not fail. It can still be read.
    ///
    /// A plain record is extended all the same. A cookie or an encrypted record ends one idle lifetime after it was last
    /// written, unless the session gets smaller.
    NotRewritten {
        /// The size that it would have had, in bytes: of name and value, of the whole Set-Cookie, or of the record,
        /// according to the limit.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// As [`NotRewritten`](Self::NotRewritten), but because the random source failed.
    NotRewrittenWithoutEntropy,
    /// A signed session was written that would not fit into an encrypted cookie, which is not compressed.
    ///
    /// Reported while encrypted cookies are accepted but not yet written (`Builder::accept_encrypted_until`), to find such
    /// sessions before encryption begins.
    TooLargeToEncrypt {
        /// The size that it would have encrypted and without padding, in bytes: of name and value, or of the whole
        /// Set-Cookie, according to the limit.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The handler's Cache-Control, or a header for certain caches, would have allowed a cache to store Set-Cookie. It became
    /// `no-store`; headers for certain caches were removed.
    CacheControlReplaced,
    /// Another request had written the record since this one read it. The changes were applied to the newer record.
    Merged,
    /// The changes of this request were dropped: another request ended the session or changed its id, meanwhile or less than
    /// 10 seconds before.
    Gone,
    /// An id was used after a periodic renewal had replaced it and its time was over. An attacker may have copied it.
    Reuse,
    /// Sessions were ended because such an id was used: [`on_reuse`](crate::Builder::on_reuse).
    EndedForReuse {
        /// The number of sessions.
        sessions: u64,
    },
    /// The store failed in a step that the response does not depend on.
    StoreFailed(&'static str),
}

impl EventKind {
    /// Returns the event that replaces an error, where a request did not change its session and rewriting it failed.
    pub(crate) fn left(error: &Error) -> Self {
        match *error {
            Error::TooLarge { size, limit, .. } | Error::RecordTooLarge { size, limit } => {
                Self::NotRewritten { size, limit }
            }
            Error::Entropy(_) => Self::NotRewrittenWithoutEntropy,
            _ => Self::StoreFailed("the session was not rewritten"),
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("session created"),
            Self::Cleared => f.write_str("session cleared"),
            Self::Renewed => f.write_str("session renewed"),
            Self::Rejected(reason) => write!(f, "session rejected: {reason}"),
            Self::Duplicate(count) => write!(f, "{count} session cookies in one request"),
            Self::Oversized { size, limit } => write!(
                f,
                "the session cookie is too large: {size} bytes, the limit is {limit}; browsers may ignore it silently"
            ),
            Self::NotRewritten { size, limit } => write!(
                f,
                "unchanged session not rewritten: it would take {size} bytes, the limit is {limit}"
            ),
            Self::NotRewrittenWithoutEntropy => {
                f.write_str("unchanged session not rewritten: the random source failed")
            }
            Self::TooLargeToEncrypt { size, limit } => write!(
                f,
                "the session fits into a signed cookie but not into an encrypted one: that would take {size} bytes, the limit is {limit}"
            ),
            Self::CacheControlReplaced => {
                f.write_str("Cache-Control replaced by no-store: a session cookie is set")
            }
            Self::Merged => {
                f.write_str("session written by two concurrent requests; their changes were merged")
            }
            Self::Gone => f.write_str("session gone: the changes of this request were dropped"),
            Self::Reuse => f.write_str("replaced session id used again"),
            Self::EndedForReuse { sessions } => {
                write!(
                    f,
                    "sessions ended because a replaced session id was used again: {sessions}"
                )
            }
            Self::StoreFailed(what) => write!(f, "the session store did not answer: {what}"),
        }
    }
}

/// A keyed digest of a cookie, for logs. Equal cookies have equal digests, and without the secret key the cookie cannot be
/// found from its digest. All zeros for an event that belongs to no cookie.
///
/// ```
/// # use http::{HeaderMap, HeaderValue, header::COOKIE};
/// # use session_core::{SecretKey, Sessions};
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// # let digest = |cookie: &'static str| {
/// #     let request = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))]);
/// #     let exchange = sessions.exchange(&request);
/// #     let _session = exchange.open().done().unwrap().unwrap();
/// #     let outgoing = exchange.close().done().unwrap();
/// #     outgoing.events()[0].digest
/// # };
/// assert_eq!(digest("__Host-session=forged"), digest("__Host-session=forged"));
/// assert_ne!(digest("__Host-session=forged"), digest("__Host-session=another"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LogDigest(pub(crate) [u8; 8]);

impl fmt::Display for LogDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}
