//! A renewed id that is used too late: its session, or all of its user's, may end for it.
//!
//! | `on_reuse` | asked, before all else | told |
//! |---|---|---|
//! | report | | reuse |
//! | end session; end user, where nobody is logged in | delete (unindex) | reuse, ended |
//! | end user | load, trim to none | reuse, ended |
//!
//! What counts is the record when the request ends. If a login or a renewal has dropped the old id since, it is no longer one
//! that is used too late, and nothing is ended for it. What could not be ended is an error, also of a request that only read:
//! its page would look as if the session were over, while whoever has the newer id goes on. Sent again, it ends what is left:
//! of a user's sessions the one that knows of the reuse ends with the others and not before.

use crate::error::Error;
use crate::event::EventKind;
use crate::record::base::{Decoded, LiveRecord};
use crate::record::body::VerifierMatch;
use crate::record::policy::ReusePolicy;
use crate::record::store::{Loaded, Record, StoreReply, StoreRequest, Updated};
use crate::session::handle::Session;
use crate::stored::closing::{Closing, Next};

impl Closing {
    /// Ends what is to end, then goes on as for any id that opens nothing. `reused` is what this session's id has found.
    pub(crate) fn end_reused(self, reused: &LiveRecord) -> Next {
        let record = &reused.decoded.record;
        if self.stored().on_reuse == ReusePolicy::EndSession || record.user.is_none() {
            return self.end_reused_record(reused, record);
        }
        let question = StoreRequest::Load {
            key: reused.key,
            now: self.now,
        };
        self.ask(question, |closing, answer| match answer {
            StoreReply::Loaded(Loaded::Live(record)) => closing.end_reused_user(record),
            StoreReply::Loaded(_) => closing.go_on(),
            _ => closing.not_ended(),
        })
    }

    fn end_reused_record(self, reused: &LiveRecord, record: &Record) -> Next {
        let (key, user) = (reused.key, record.user.clone());
        let question = StoreRequest::Delete {
            key,
            version: record.version,
            now: self.now,
        };
        self.ask(question, move |closing, answer| match answer {
            StoreReply::Deleted(Updated::Done) => {
                closing.unindex(user, key, |closing| closing.ended_for_reuse(1))
            }
            StoreReply::Deleted(Updated::Gone) => closing.go_on(),
            StoreReply::Deleted(Updated::Conflict(newer)) => {
                let session = closing.session.clone();
                match closing.still_reused(&session, newer) {
                    Ok(Some((reused, decoded))) => {
                        closing.end_reused_record(reused, &decoded.record)
                    }
                    Ok(None) => closing.go_on(),
                    Err(()) => closing.not_ended(),
                }
            }
            _ => closing.not_ended(),
        })
    }

    fn end_reused_user(self, record: Record) -> Next {
        let session = self.session.clone();
        let (reused, decoded) = match self.still_reused(&session, record) {
            Ok(Some(found)) => found,
            Ok(None) => return self.go_on(),
            Err(()) => return self.not_ended(),
        };
        let Some(user) = decoded.record.user.clone() else {
            return self.end_reused_record(reused, &decoded.record);
        };
        let question = StoreRequest::Trim {
            user,
            keep: 0,
            this: reused.key,
            now: self.now,
        };
        self.ask(question, |closing, answer| match answer {
            StoreReply::Trimmed(trimmed) => closing.ended_for_reuse(trimmed.ended),
            _ => closing.not_ended(),
        })
    }

    /// The record as it is now, if the id is still one that it had before. An error if it cannot be read.
    fn still_reused<'a>(
        &self,
        session: &'a Session,
        record: Record,
    ) -> Result<Option<(&'a LiveRecord, Decoded)>, ()> {
        let Some(reused) = session.incoming().loaded_from.reused() else {
            return Ok(None);
        };
        let (decoded, _) = Decoded::read(
            &self.settings().keys().records,
            reused.key,
            record,
            self.now,
        )
        .ok_or(())?;
        let opens = decoded.body.opens(&reused.presented, self.now);
        Ok((opens == VerifierMatch::Reused).then_some((reused, decoded)))
    }

    fn ended_for_reuse(mut self, sessions: u64) -> Next {
        self.event(EventKind::EndedForReuse { sessions });
        self.go_on()
    }

    fn not_ended(mut self) -> Next {
        self.event(EventKind::StoreFailed(
            "what was to end for its reused id goes on",
        ));
        self.only_read = false;
        self.fail(Error::Unavailable)
    }
}
