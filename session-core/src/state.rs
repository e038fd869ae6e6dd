//! What a session was opened from, and what became of it.

use std::sync::Arc;

use crate::change::Change;
use crate::error::{Error, Rejected};
use crate::flash::Flash;
use crate::lifetime::Lifetime;
use crate::map::Map;
use crate::stored::Base;
use crate::wire::sign::SignedBy;
use crate::wire::stamp::{Epoch, Stamp};

/// What the request brought.
#[derive(Default)]
pub(crate) struct Origin {
    /// Cookies of our name.
    pub(crate) cookies: usize,
    /// Cookies of its old name.
    pub(crate) old_cookies: usize,
    /// Whether the accepted one would be written otherwise today: with another key, in another format, under another name.
    pub(crate) outdated: bool,
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
    /// What became of one cookie; the session, if it was accepted.
    pub(crate) fn note_opened<T>(
        &mut self,
        cookie: &[u8],
        opened: Result<(T, Stamp, SignedBy), Rejected>,
    ) -> Option<T> {
        match opened {
            Ok((session, stamp, by)) => {
                self.note(cookie);
                (self.stamp, self.rejected) = (Some(stamp), None);
                self.outdated = by == SignedBy::Other;
                Some(session)
            }
            Err(reason) => {
                if self.rejected.is_none() {
                    self.note(cookie);
                    self.rejected = Some(reason);
                }
                None
            }
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
    /// The user's epoch that this request set.
    pub(crate) epoch: Option<u16>,
    /// Whether this request found the session behind the user's epoch.
    pub(crate) revoked: bool,
    pub(crate) cleared: bool,
    pub(crate) renewed: bool,
    /// Flask's `get_flashed_messages` answers from this for the rest of the request.
    pub(crate) flashes_taken: Option<Vec<Flash>>,
}

impl State {
    /// Why the cookie of the request does not count.
    pub(crate) fn rejected(&self, origin: &Origin) -> Option<Rejected> {
        if self.revoked { Some(Rejected::Revoked) } else { origin.rejected }
    }

    /// As if it began now.
    pub(crate) fn clear(&mut self, lifetime: &Lifetime, now: u64) {
        self.map.change(Change::Clear);
        let epoch = Epoch { application: lifetime.epoch, user: 0 };
        self.stamp =
            Stamp { permanent: lifetime.permanent, created: now, authenticated: None, epoch, ..self.stamp };
        (self.permanent, self.owner, self.label, self.epoch) = (None, None, None, None);
        self.cleared = true;
    }

    /// From now on changes come too late.
    pub(crate) fn seal(&mut self) {
        self.sealed.get_or_insert(Error::TooLate);
    }
}
