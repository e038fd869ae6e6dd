//! A session's two halves: the data that its request brought, which does not change, and its state, which does.

use std::ops::Range;

use http::HeaderValue;
use memchr::memmem;

use crate::data::change::Change;
use crate::data::flash::Flash;
use crate::data::map::Map;
use crate::error::{Error, Rejected};
use crate::record::base::LoadedFrom;
use crate::session::own_changes::OwnChanges;
use crate::token::lifetime::Lifetime;
use crate::token::mac::Freshness;
use crate::token::stamp::{Epoch, Stamp};

/// The cookies of the request, and the outcome of opening them.
#[derive(Default)]
pub(crate) struct Incoming {
    /// Number of cookies under the current name.
    pub(crate) cookies: usize,
    /// Number of cookies under the previous name.
    pub(crate) old_cookies: usize,
    /// Whether the accepted cookie would be written with another key, in another format or under another name today.
    pub(crate) outdated: bool,
    /// The stamp of the accepted cookie.
    pub(crate) stamp: Option<Stamp>,
    /// Why the first cookie was rejected, if none was accepted.
    pub(crate) rejected: Option<Rejected>,
    /// The end of the accepted cookie, or of the first one if all were rejected. Log digests are made from it.
    pub(crate) signature_end: [u8; 32],
    /// Bytes of that cookie's value.
    pub(crate) size: usize,
    /// The accepted cookie, if its refresh was due when it came.
    pub(crate) to_refresh: Option<Accepted>,
    /// The record of a stored session.
    pub(crate) loaded_from: LoadedFrom,
}

/// The value of a cookie, as a range of its header. It costs no copy, and can be signed again as it is.
pub(crate) struct Accepted {
    header: HeaderValue,
    value: Range<usize>,
}

impl Accepted {
    /// Returns `None` for a value that is not part of the header: one that was unquoted into a text of its own.
    pub(crate) fn new(header: &HeaderValue, value: &[u8]) -> Option<Self> {
        // Found again by its bytes. If they occur twice, both are equal, so it does not matter which is taken.
        let start = memmem::find(header.as_bytes(), value)?;
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
    /// Notes the outcome of one cookie. Returns whether it was accepted.
    pub(crate) fn note_opened(
        &mut self,
        cookie: &[u8],
        opened: Result<Freshness, Rejected>,
    ) -> bool {
        // Of several rejected cookies the first is reported.
        if opened.is_ok() || self.rejected.is_none() {
            self.signature_end = signature_end(cookie);
            self.size = cookie.len();
            self.rejected = opened.err();
            self.outdated = opened == Ok(Freshness::Outdated);
        }
        opened.is_ok()
    }
}

/// Returns the last 32 bytes of a cookie's value, filled up with zeros: enough of its signature to tell it from others.
pub(crate) fn signature_end(cookie: &[u8]) -> [u8; 32] {
    let last = &cookie[cookie.len().saturating_sub(32)..];
    let mut end = [0; 32];
    end[..last.len()].copy_from_slice(last);
    end
}

/// A session's state, behind its lock.
#[derive(Default)]
pub(crate) struct State {
    /// Whether every change is [`Error::TooLate`]: its request was closed, discarded or dropped.
    pub(crate) frozen: bool,
    /// The outcome of the close, once it is decided.
    pub(crate) closed: Option<Result<(), Box<Error>>>,
    pub(crate) map: Map,
    /// The stamp as it will be written. In Flask's format permanence is the key `_permanent` of the map.
    pub(crate) stamp: Stamp,
    /// The other changes of this request, if the session is in a store.
    pub(crate) own: OwnChanges,
    /// Whether the session was found to be behind its user's epoch.
    pub(crate) revoked: bool,
    pub(crate) cleared: bool,
    /// Whether a stored session gets a new id.
    pub(crate) renewed: bool,
    /// In Flask's format: the flashes that were taken. Later calls in this request return them again.
    pub(crate) flashes_taken: Option<Vec<Flash>>,
}

impl State {
    /// Returns the state of a session that begins now.
    pub(crate) fn new(lifetime: &Lifetime, now: u64) -> Self {
        let epoch = Epoch {
            application: lifetime.epoch,
            user: 0,
        };
        Self {
            stamp: Stamp {
                permanent: lifetime.permanent,
                issued: now,
                created: now,
                authenticated: None,
                epoch,
            },
            ..Self::default()
        }
    }

    pub(crate) fn rejected(&self, incoming: &Incoming) -> Option<Rejected> {
        if self.revoked {
            Some(Rejected::Revoked)
        } else {
            incoming.rejected
        }
    }

    /// Empties the session. Values that are set later belong to a new session.
    pub(crate) fn clear(&mut self, lifetime: &Lifetime, now: u64) {
        self.map.change(Change::Clear);
        self.stamp = Stamp {
            issued: self.stamp.issued,
            ..Self::new(lifetime, now).stamp
        };
        self.own.clear();
        self.cleared = true;
    }

    pub(crate) fn freeze(&mut self) {
        self.frozen = true;
    }
}
