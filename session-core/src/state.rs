//! What a session was opened from, and what became of it.

use std::sync::Arc;

use crate::error::{Error, Rejected};
use crate::flash::Flash;
use crate::map::Map;
use crate::stored::Base;
use crate::wire::stamp::Stamp;

/// What the request brought.
#[derive(Default)]
pub(crate) struct Origin {
    /// Cookies of our name.
    pub(crate) cookies: usize,
    /// The stamp of the one that was accepted.
    pub(crate) stamp: Option<Stamp>,
    /// Why the first was not, if none was.
    pub(crate) rejected: Option<Rejected>,
    /// The end of the cookie that was accepted, or of the first that was not: for digests.
    pub(crate) tail: [u8; 32],
    /// Octets of its value.
    pub(crate) size: usize,
    /// What a store knows about it.
    pub(crate) base: Base,
}

impl Origin {
    pub(crate) fn accept(&mut self, cookie: &[u8], stamp: Stamp) {
        self.note(cookie);
        (self.stamp, self.rejected) = (Some(stamp), None);
    }

    pub(crate) fn reject(&mut self, cookie: &[u8], reason: Rejected) {
        if self.rejected.is_none() {
            self.note(cookie);
            self.rejected = Some(reason);
        }
    }

    fn note(&mut self, cookie: &[u8]) {
        self.tail = tail(cookie);
        self.size = cookie.len();
    }
}

/// The end of a cookie's value: enough of its signature to tell it from others.
pub(crate) fn tail(cookie: &[u8]) -> [u8; 32] {
    let mut end = [0; 32];
    let from = &cookie[cookie.len().saturating_sub(end.len())..];
    end[..from.len()].copy_from_slice(from);
    end
}

/// A session's state, behind its lock.
pub(crate) struct State {
    /// Why no change is taken any more.
    pub(crate) sealed: Option<Error>,
    /// Whether the response was decided, and how.
    pub(crate) closed: Option<Result<(), Error>>,
    pub(crate) map: Map,
    /// The session's stamp as it will be written. In Flask's format the key `_permanent` tells permanence.
    pub(crate) stamp: Stamp,
    /// What this request set, in our formats.
    pub(crate) permanent: Option<bool>,
    /// Who logged in during this request, and what the session is called; kept for stores only.
    pub(crate) owner: Option<Arc<str>>,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) cleared: bool,
    pub(crate) renewed: bool,
    /// Flask's `get_flashed_messages` answers from this for the rest of the request.
    pub(crate) flashes_taken: Option<Vec<Flash>>,
}

impl State {
    /// From now on changes come too late.
    pub(crate) fn seal(&mut self) {
        self.sealed.get_or_insert(Error::TooLate);
    }
}
