//! A logout: first the record ends, then the browser's cookie goes. [`close`](super::close) has the
//! rules.
//!
//! A request may end a record only if its verifier opens it. Else a cookie from before a login
//! could end the session that the login began.

use std::sync::Arc;

use crate::error::Error;
use crate::event::EventKind;
use crate::record::base::LoadedFrom;
use crate::record::id::{Id, VerifierHash};
use crate::record::store::{Record, StoreReply, StoreRequest, Updated};
use crate::record_key::RecordKey;
use crate::stored::closing::{CloseStep, Closing};

/// A record that is about to be ended.
struct Ending {
    key: RecordKey,
    /// The verifier that the request presented.
    presented: VerifierHash,
    user: Option<Arc<str>>,
}

impl Closing {
    /// Ends the record of an id that has expired, if the id opens it. Such an id was not looked up
    /// when the request began.
    pub(crate) fn end_expired(self, id: Id) -> CloseStep {
        let load = StoreRequest::Load {
            key: id.record_key(),
            now: self.now,
        };
        self.request(load, |closing, reply| closing.end_loaded(id, reply))
    }

    fn end_loaded(self, id: Id, reply: StoreReply) -> CloseStep {
        let (key, keys) = (id.record_key(), self.settings().keys());
        let unopened = match LoadedFrom::from_reply(&keys.records, reply, id, key, self.now) {
            Ok((live, _)) => return self.end(key, live.presented, &live.decoded.record),
            Err(unopened) => unopened.loaded_from,
        };
        match unopened {
            LoadedFrom::Unavailable => self.fail(Error::Unavailable),
            LoadedFrom::Refused {
                record_exists: false,
                recent,
                ..
            } => self.confirm_end(key, recent),
            other => self.without_record_from(&other),
        }
    }

    /// Deletes a record that does not exist. Another request may have ended it, and have got no
    /// reply: the store confirms that before this request is answered.
    pub(crate) fn confirm_end(self, key: RecordKey, recent: bool) -> CloseStep {
        let delete = StoreRequest::Delete {
            key,
            // No record has this version, so a record that exists is not deleted.
            version: 0,
            now: self.now,
        };
        self.request(delete, move |closing, reply| match reply {
            StoreReply::Deleted(Updated::Done | Updated::Gone) => {
                closing.after_refusal(recent, false)
            }
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// Ends the record before anything else happens.
    pub(crate) fn end(
        mut self,
        key: RecordKey,
        presented: VerifierHash,
        record: &Record,
    ) -> CloseStep {
        // A session that is to follow must not fail for want of random bytes once the old one has
        // ended.
        if !self.is_empty() && self.generate_ids().is_err() {
            return self.fail_without_entropy();
        }
        let ending = Ending {
            key,
            presented,
            user: record.user.clone(),
        };
        let delete = StoreRequest::Delete {
            key,
            version: record.version,
            now: self.now,
        };
        self.request(delete, |closing, reply| closing.deleted(ending, reply))
    }

    fn deleted(self, ending: Ending, reply: StoreReply) -> CloseStep {
        match reply {
            // If another request has ended it, this logout has succeeded as well.
            StoreReply::Deleted(Updated::Done | Updated::Gone) => self.ended(ending),
            StoreReply::Deleted(Updated::Conflict(newer)) => self.end_newer(ending, newer),
            _ => self.fail(Error::Unavailable),
        }
    }

    /// Ends a record to which another request has written meanwhile, unless that has given the
    /// session another id.
    fn end_newer(self, ending: Ending, newer: Record) -> CloseStep {
        let Ending { key, presented, .. } = ending;
        let Some((decoded, _)) = self.decode(key, newer) else {
            return self.fail(Error::Unavailable);
        };
        let matched = decoded.body.match_verifier(&presented, self.now);
        if matched.is_valid() {
            self.end(key, presented, &decoded.record)
        } else {
            self.gone(true)
        }
    }

    fn ended(mut self, ending: Ending) -> CloseStep {
        self.add_event(EventKind::Cleared);
        self.unindex(ending.user, ending.key, Self::begin_after_end)
    }

    fn begin_after_end(mut self) -> CloseStep {
        // Clear-Site-Data would also delete the cookie of a session that follows.
        self.outgoing.clear_site_data = self.settings().clear_site_data && self.is_empty();
        self.begin()
    }
}
