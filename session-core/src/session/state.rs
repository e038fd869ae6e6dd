//! What a session was opened from, and what became of it.

use std::ops::Range;
use std::sync::Arc;

use http::HeaderValue;

use crate::data::change::Change;
use crate::data::flash::Flash;
use crate::data::map::Map;
use crate::error::{Error, Rejected};
use crate::record::base::LoadedFrom;
use crate::token::lifetime::Lifetime;
use crate::token::mac::Freshness;
use crate::token::stamp::{Epoch, Stamp};

/// What the request brought.
pub(crate) struct Incoming {
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
    pub(crate) signature_end: [u8; 32],
    /// Octets of its value.
    pub(crate) size: usize,
    /// The accepted one itself, if its refresh was due when it came.
    pub(crate) to_refresh: Option<Accepted>,
    /// What a store knows about it.
    pub(crate) loaded_from: LoadedFrom,
}

/// A cookie's value where it stands in the request: to be written again with the payload that it has. A handle on the header,
/// which costs no copy.
pub(crate) struct Accepted {
    header: HeaderValue,
    value: Range<usize>,
}

impl Accepted {
    /// Of a value that is a part of this header; none of one that stood there escaped, and so is a text of its own.
    pub(crate) fn new(header: &HeaderValue, value: &[u8]) -> Option<Self> {
        let whole = header.as_bytes().as_ptr_range();
        if !whole.contains(&value.as_ptr()) {
            return None;
        }
        let start = value.as_ptr().addr() - whole.start.addr();
        Some(Self {
            header: header.clone(),
            value: start..start + value.len(),
        })
    }

    pub(crate) fn value(&self) -> &[u8] {
        &self.header.as_bytes()[self.value.clone()]
    }
}

impl Incoming {
    /// Nothing yet. A constant, which is written in place.
    pub(crate) const NONE: Self = Self {
        cookies: 0,
        old_cookies: 0,
        outdated: false,
        stamp: None,
        rejected: None,
        signature_end: [0; 32],
        size: 0,
        to_refresh: None,
        loaded_from: LoadedFrom::None,
    };

    /// What became of one cookie: whether it was accepted.
    pub(crate) fn note_opened(
        &mut self,
        cookie: &[u8],
        opened: Result<Freshness, Rejected>,
    ) -> bool {
        match opened {
            Ok(by) => {
                self.note(cookie);
                self.rejected = None;
                self.outdated = by == Freshness::Outdated;
            }
            Err(reason) if self.rejected.is_none() => {
                self.note(cookie);
                self.rejected = Some(reason);
            }
            Err(_) => {}
        }
        opened.is_ok()
    }

    fn note(&mut self, cookie: &[u8]) {
        self.signature_end = signature_end(cookie);
        self.size = cookie.len();
    }
}

/// The end of a cookie's value: enough of its signature to tell it from others.
pub(crate) fn signature_end(cookie: &[u8]) -> [u8; 32] {
    let mut end = [0; 32];
    match cookie.last_chunk() {
        Some(signature_end) => end = *signature_end,
        None => end[..cookie.len()].copy_from_slice(cookie),
    }
    end
}

/// A session's state, behind its lock.
pub(crate) struct State {
    /// Whether changes come too late.
    pub(crate) frozen: bool,
    /// Whether the response was decided, and how.
    pub(crate) closed: Option<Result<(), Box<Error>>>,
    pub(crate) map: Map,
    /// The session's stamp as it will be written. In Flask's format the key `_permanent` tells permanence.
    pub(crate) stamp: Stamp,
    /// What this request set, in our formats.
    pub(crate) permanent: Option<bool>,
    /// Who logged in during this request.
    pub(crate) user: Option<Arc<str>>,
    /// Whether the user that the session had is no longer its user.
    pub(crate) left: bool,
    /// What the session is called; kept for stores only.
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
    /// Of a session that begins now.
    pub(crate) fn new(lifetime: &Lifetime, now: u64) -> Self {
        let epoch = Epoch {
            application: lifetime.epoch,
            user: 0,
        };
        let permanent = lifetime.permanent;
        Self {
            frozen: false,
            closed: None,
            map: Map::default(),
            stamp: Stamp {
                permanent,
                issued: now,
                created: now,
                authenticated: None,
                epoch,
            },
            permanent: None,
            user: None,
            left: false,
            label: None,
            epoch: None,
            revoked: false,
            cleared: false,
            renewed: false,
            flashes_taken: None,
        }
    }

    /// Why the cookie of the request does not count.
    pub(crate) fn rejected(&self, incoming: &Incoming) -> Option<Rejected> {
        if self.revoked {
            Some(Rejected::Revoked)
        } else {
            incoming.rejected
        }
    }

    /// As if it began now.
    pub(crate) fn clear(&mut self, lifetime: &Lifetime, now: u64) {
        self.map.change(Change::Clear);
        let epoch = Epoch {
            application: lifetime.epoch,
            user: 0,
        };
        self.stamp = Stamp {
            permanent: lifetime.permanent,
            created: now,
            authenticated: None,
            epoch,
            ..self.stamp
        };
        (self.permanent, self.user, self.label, self.epoch) = (None, None, None, None);
        self.cleared = true;
    }

    /// From now on changes come too late.
    pub(crate) fn freeze(&mut self) {
        self.frozen = true;
    }
}
