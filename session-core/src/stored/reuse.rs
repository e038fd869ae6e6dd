//! The use of an id that a periodic renewal replaced, after its time: its session, or all sessions
//! of its user, may end for it.
//!
//! | `on_reuse` | requests, before all others | events |
//! |---|---|---|
//! | report | | reuse |
//! | end session; or end user, and the session has no user | delete (unindex) | reuse, ended for reuse |
//! | end user | load, trim to none | reuse, ended for reuse |
//!
//! The record decides as it is when the request ends. If a login or a renewal has dropped the old
//! id since, the id is no longer one that is used too late, and nothing ends for it.
//!
//! If the store does not reply, the request fails, even if it only read: its page would look as if
//! the session were over, while the browser with the newer id goes on. When the request is sent
//! again, it ends what is left. For that, the session that knows of the reuse ends together with
//! the others of its user, not before them.

use crate::error::Error;
use crate::event::EventKind;
use crate::record::base::{Decoded, LiveRecord};
use crate::record::body::VerifierMatch;
use crate::record::policy::ReusePolicy;
use crate::record::store::{Loaded, Record, StoreReply, StoreRequest, Updated};
use crate::session::handle::Session;
use crate::stored::closing::{CloseStep, Closing};

/// The state, in a newer record, of an id that was used too late.
enum Recheck<'a> {
    /// It still is the previous one of the record.
    Reused(&'a LiveRecord, Box<Decoded>),
    /// The record does not know it any more.
    Dropped,
    Unreadable,
}

impl Closing {
    /// Ends what the policy says, then continues as for any id that was refused. `reused`: the
    /// record when the request began.
    pub(crate) fn end_reused(self, reused: &LiveRecord) -> CloseStep {
        let record = &reused.decoded.record;
        if self.policy().on_reuse == ReusePolicy::EndSession || record.user.is_none() {
            return self.end_reused_session(reused, record);
        }
        // The user may have changed since.
        let load = StoreRequest::Load {
            key: reused.key,
            now: self.now,
        };
        self.request(load, |closing, reply| match reply {
            StoreReply::Loaded(Loaded::Live(record)) => closing.end_reused_user(record),
            StoreReply::Loaded(_) => closing.without_record(),
            _ => closing.not_ended(),
        })
    }

    fn end_reused_session(self, reused: &LiveRecord, record: &Record) -> CloseStep {
        let (key, user) = (reused.key, record.user.clone());
        let delete = StoreRequest::Delete {
            key,
            version: record.version,
            now: self.now,
        };
        self.request(delete, move |closing, reply| match reply {
            StoreReply::Deleted(Updated::Done) => closing.unindex(user, key, Self::session_ended),
            StoreReply::Deleted(Updated::Gone) => closing.without_record(),
            StoreReply::Deleted(Updated::Conflict(newer)) => closing.end_newer_reused(newer),
            _ => closing.not_ended(),
        })
    }

    fn end_newer_reused(self, newer: Record) -> CloseStep {
        let session = self.session.clone();
        match self.recheck(&session, newer) {
            Recheck::Reused(reused, decoded) => self.end_reused_session(reused, &decoded.record),
            Recheck::Dropped => self.without_record(),
            Recheck::Unreadable => self.not_ended(),
        }
    }

    fn end_reused_user(self, record: Record) -> CloseStep {
        let session = self.session.clone();
        let (reused, decoded) = match self.recheck(&session, record) {
            Recheck::Reused(reused, decoded) => (reused, decoded),
            Recheck::Dropped => return self.without_record(),
            Recheck::Unreadable => return self.not_ended(),
        };
        let Some(user) = decoded.record.user.clone() else {
            return self.end_reused_session(reused, &decoded.record);
        };
        let trim = StoreRequest::Trim {
            user,
            keep: 0,
            this: reused.key,
            now: self.now,
        };
        self.request(trim, |closing, reply| match reply {
            StoreReply::Trimmed(trimmed) => closing.ended_for_reuse(trimmed.ended),
            _ => closing.not_ended(),
        })
    }

    fn recheck<'a>(&self, session: &'a Session, record: Record) -> Recheck<'a> {
        let Some(reused) = session.incoming().loaded_from.reused() else {
            return Recheck::Dropped;
        };
        let Some((decoded, _)) = self.decode(reused.key, record) else {
            return Recheck::Unreadable;
        };
        match decoded.body.match_verifier(&reused.presented, self.now) {
            VerifierMatch::Reused => Recheck::Reused(reused, Box::new(decoded)),
            _ => Recheck::Dropped,
        }
    }

    fn session_ended(self) -> CloseStep {
        self.ended_for_reuse(1)
    }

    fn ended_for_reuse(mut self, sessions: u64) -> CloseStep {
        self.add_event(EventKind::EndedForReuse { sessions });
        self.without_record()
    }

    fn not_ended(mut self) -> CloseStep {
        self.add_event(EventKind::StoreFailed(
            "the session of a reused id was not ended",
        ));
        // So that `fail` reports the error for a request that only read, too.
        self.only_read = false;
        self.fail(Error::Unavailable)
    }
}
