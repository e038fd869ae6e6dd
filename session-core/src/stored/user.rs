//! A record's user: the index that finds their sessions, and how many they may have.

use std::sync::Arc;

use crate::error::Error;
use crate::event::EventKind;
use crate::record::store::{StoreReply, StoreRequest, TrimResult};
use crate::record_key::RecordKey;
use crate::stored::closing::{Closing, Next};
use crate::token::lifetime::tenth;

impl Closing {
    /// Ends the user's oldest sessions beyond the number that is configured. One that finds itself among them is gone.
    pub(crate) fn trim(
        self,
        user: Option<Arc<str>>,
        this: RecordKey,
        next: impl FnOnce(Self) -> Next + Send + 'static,
    ) -> Next {
        let (Some(user), Some(keep)) = (user, self.stored().per_user) else {
            return next(self);
        };
        let question = StoreRequest::Trim {
            user,
            keep,
            this,
            now: self.now,
        };
        self.ask(question, |mut closing, answer| match answer {
            StoreReply::Trimmed(TrimResult { alive: true, .. }) => next(closing),
            StoreReply::Trimmed(TrimResult { alive: false, .. }) => {
                closing.event(EventKind::Gone);
                closing.done()
            }
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// Tells the user's index of a record that will be theirs, before it is.
    pub(crate) fn index(
        mut self,
        user: Option<Arc<str>>,
        key: RecordKey,
        next: impl FnOnce(Self) -> Next + Send + 'static,
    ) -> Next {
        let Some(user) = user else { return next(self) };
        self.indexed = Some(key);
        let question = self.note(user, key);
        self.ask(question, |closing, answer| match answer {
            StoreReply::Noted => next(closing),
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// Longer than any record lives that is not noted again: a note is renewed with every tenth of the idle lifetime in which
    /// the record was written or touched, and what follows may have the longest of the lifetimes.
    pub(crate) fn note(&self, user: Arc<str>, key: RecordKey) -> StoreRequest {
        let idle = self.settings().lifetime.longest_idle();
        let longest = idle.saturating_add(tenth(idle).saturating_mul(2));
        let until = self
            .now
            .saturating_add(longest)
            .min(i64::MAX.cast_unsigned());
        StoreRequest::Index {
            user,
            key,
            until,
            now: self.now,
        }
    }

    /// Takes a record that has ended out of its user's index. It need not succeed: the index is a superset. Never one that
    /// lives, not even for another user: the question could come late, after a login of the first one again.
    pub(crate) fn unindex(
        self,
        user: Option<Arc<str>>,
        key: RecordKey,
        next: impl FnOnce(Self) -> Next + Send + 'static,
    ) -> Next {
        let Some(user) = user else { return next(self) };
        self.ask(
            StoreRequest::Unindex { user, key },
            |mut closing, answer| {
                if answer != StoreReply::Noted {
                    closing.event(EventKind::StoreFailed(
                        "the user's index still names the session",
                    ));
                }
                next(closing)
            },
        )
    }
}
