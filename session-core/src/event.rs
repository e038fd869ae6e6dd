//! What happened to a session, as data: for logs and counters. Never an id, a key of the map or a value.

use std::fmt;

use crate::error::Rejected;

/// One thing that happened. [`Outgoing::events`](crate::Outgoing::events) gives them; `session-store` writes them to
/// `tracing`.
///
/// ```
/// # use http::{HeaderMap, HeaderValue, header::COOKIE};
/// # use session_core::{SecretKey, Sessions, Step};
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// # let cookie = HeaderValue::from_static("__Host-session=forged");
/// # let exchange = sessions.exchange(&HeaderMap::from_iter([(COOKIE, cookie)]));
/// # let Step::Done(_session) = exchange.open();
/// let Step::Done(outgoing) = exchange.close();
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
}

/// What happened.
///
/// ```
/// # use http::HeaderMap;
/// # use session_core::{EventKind, SecretKey, Sessions, Step};
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
/// # let Step::Done(session) = exchange.open();
/// session.insert("username", "ada").unwrap();
/// let Step::Done(outgoing) = exchange.close();
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
    /// The handler's Cache-Control, or a header for certain caches, would have let one keep our Set-Cookie; it became
    /// `no-store`, the others were removed.
    CacheControlReplaced,
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
            Self::CacheControlReplaced => {
                f.write_str("Cache-Control replaced by no-store: a session cookie is set")
            }
        }
    }
}

/// A keyed digest of a cookie: the same cookie has the same one, and nobody without the secret key can find the cookie
/// from it. All zeros for what is found after the cookie was made.
///
/// ```
/// # use http::{HeaderMap, HeaderValue, header::COOKIE};
/// # use session_core::{SecretKey, Sessions, Step};
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// # let digest = |cookie: &'static str| {
/// #     let request = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))]);
/// #     let exchange = sessions.exchange(&request);
/// #     let Step::Done(_session) = exchange.open();
/// #     let Step::Done(outgoing) = exchange.close();
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
