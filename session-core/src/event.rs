//! What happened to a session, as data: for logs and counters. Never an id, a key of the map or a value.

use std::fmt;

use crate::error::Rejected;

/// One thing that happened. [`Outgoing::events`](crate::Outgoing::events) gives them; `session-store` writes them to
/// `tracing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Which cookie it happened to.
    pub digest: LogDigest,
}

/// What happened.
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
    /// The handler's Cache-Control would have let a cache keep our Set-Cookie; it became `no-store`.
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
/// from it. All zeros where no cookie is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LogDigest(pub(crate) [u8; 8]);

impl fmt::Display for LogDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}
