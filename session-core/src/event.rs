//! What happened to a session, as data: for logs and counters. Never an id, a key of the map or a value; and the record's key
//! only if that is asked for.

use std::fmt;

use crate::error::{Error, Rejected};
use crate::record_key::RecordKey;

/// One thing that happened. [`Outgoing::events`](crate::protocol::Outgoing::events) gives them; `session-store` writes them to
/// `tracing`.
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
    /// What happened.
    pub kind: EventKind,
    /// Which cookie it happened to.
    pub digest: LogDigest,
    /// Which record it happened to, if [`events_with_record_keys`](crate::Builder::events_with_record_keys) says so and the
    /// session has one: to end it.
    pub record: Option<RecordKey>,
}

/// What happened.
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
    /// A session began: its first cookie goes out.
    Created,
    /// An existing session was emptied on purpose.
    Cleared,
    /// Someone logged in, or the session was renewed.
    Renewed,
    /// A cookie of our name was not accepted.
    Rejected(Rejected),
    /// A request carried so many cookies of our name.
    Duplicate(usize),
    /// Flask's format: Set-Cookie is longer than `MAX_COOKIE_SIZE`, and was sent.
    Oversized {
        /// Octets of the header's value.
        size: usize,
        /// `MAX_COOKIE_SIZE`.
        limit: usize,
    },
    /// A session that nobody changed was due to be written: its refresh, or a new key, name or format. It would have been too
    /// large, so it stays as it is, and the request does not fail. It can still be read. A plain record is extended all
    /// the same; a cookie or an encrypted record ends one idle lifetime after it was last written, unless the session gets smaller.
    NotRewritten {
        /// Octets that it would have taken: of name and value, of the whole Set-Cookie, or of the record, as the limit is.
        size: usize,
        /// The limit that it would have exceeded.
        limit: usize,
    },
    /// As [`NotRewritten`](Self::NotRewritten), because the random source failed.
    NotRewrittenWithoutEntropy,
    /// A signed session was written that would not fit into an encrypted cookie, which is not compressed. Told while encrypted cookies are
    /// accepted but not yet written (`Builder::accept_encrypted_until`), so that such sessions are found before
    /// encryption begins.
    TooLargeToEncrypt {
        /// Octets that it would take encrypted, without padding: of name and value, or of the whole Set-Cookie, as the limit is.
        size: usize,
        /// The limit that it would exceed.
        limit: usize,
    },
    /// The handler's Cache-Control, or a header for certain caches, would have let one keep our Set-Cookie; it became
    /// `no-store`, the others were removed.
    CacheControlReplaced,
    /// Another request had written to the record since this one read it; the changes were made again on the newer one.
    Merged,
    /// What this request did to its session was dropped: another request ended the session or renewed its id, meanwhile or
    /// less than 10 seconds before.
    Gone,
    /// An id was used that a periodic renewal had replaced, and whose time was over: perhaps a copy in other hands.
    Reuse,
    /// Sessions ended because such an id was used, as [`on_reuse`](crate::Builder::on_reuse) says.
    EndedForReuse {
        /// How many.
        sessions: u64,
    },
    /// The store did not carry out something that the response can do without.
    StoreFailed(&'static str),
}

impl EventKind {
    /// What is told instead of an error, where a request did nothing to its session and writing it anew failed.
    pub(crate) fn left(error: &Error) -> Self {
        match *error {
            Error::TooLarge { size, limit, .. } | Error::RecordTooLarge { size, limit } => {
                Self::NotRewritten { size, limit }
            }
            Error::Entropy(_) => Self::NotRewrittenWithoutEntropy,
            _ => Self::StoreFailed("the session was not written anew"),
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
                "the session cookie is too large: {size} bytes, the limit is {limit}; browsers may ignore it in silence"
            ),
            Self::NotRewritten { size, limit } => write!(
                f,
                "session left as it is, since nobody changed it: written anew it would take {size} bytes, the limit is {limit}"
            ),
            Self::NotRewrittenWithoutEntropy => f.write_str(
                "session left as it is, since nobody changed it: the random source failed",
            ),
            Self::TooLargeToEncrypt { size, limit } => write!(
                f,
                "the session fits into a signed cookie but not into an encrypted one: that would take {size} bytes, the limit is {limit}"
            ),
            Self::CacheControlReplaced => {
                f.write_str("Cache-Control replaced by no-store: a session cookie is set")
            }
            Self::Merged => {
                f.write_str("session written by two requests at once; their changes were merged")
            }
            Self::Gone => f.write_str("session gone: what this request did to it was dropped"),
            Self::Reuse => f.write_str("session id used again after it was renewed"),
            Self::EndedForReuse { sessions } => {
                write!(
                    f,
                    "sessions ended, since an id was used again after it was renewed: {sessions}"
                )
            }
            Self::StoreFailed(what) => write!(f, "the session store did not answer: {what}"),
        }
    }
}

/// A keyed digest of a cookie: the same cookie has the same one, and nobody without the secret key can find the cookie
/// from it. All zeros for what is found after the cookie was made.
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
