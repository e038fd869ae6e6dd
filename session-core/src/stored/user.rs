//! A record's user: the index in which the user's records are found, and how many sessions a user
//! may have.
//!
//! The index is a superset of the user's live records. So a record is noted there before it belongs
//! to the user, and the note is removed only after the record has ended.

use std::sync::Arc;

use crate::error::Error;
use crate::event::EventKind;
use crate::record::store::{StoreReply, StoreRequest, TrimResult};
use crate::record_key::RecordKey;
use crate::stored::closing::{CloseStep, Closing};
use crate::token::lifetime::tenth;

impl Closing {
    /// Notes in the user's index a record that will be the user's, then continues. Without a user
    /// it only continues.
    pub(crate) fn index(
        mut self,
        user: Option<Arc<str>>,
        key: RecordKey,
        next: impl FnOnce(Self) -> CloseStep + Send + 'static,
    ) -> CloseStep {
        let Some(user) = user else { return next(self) };
        self.indexed = Some(key);
        let request = self.index_request(user, key);
        self.request(request, |closing, reply| match reply {
            StoreReply::Noted => next(closing),
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// The note must outlive the record. It is written again with every write or touch that comes a
    /// tenth of the idle lifetime later, and until then the session may get the longest of the
    /// configured lifetimes.
    pub(crate) fn index_request(&self, user: Arc<str>, key: RecordKey) -> StoreRequest {
        let idle = self.settings().lifetime.longest_idle();
        let longest = idle.saturating_add(tenth(idle).saturating_mul(2));
        let until = self.now.saturating_add(longest);
        StoreRequest::Index {
            user,
            key,
            // Databases have signed integers.
            until: until.min(i64::MAX.cast_unsigned()),
            now: self.now,
        }
    }

    /// Removes a record that has ended from its user's index, then continues, even if that failed:
    /// the index is a superset.
    ///
    /// Never for a record that lives, not even if it has another user now. The request could arrive
    /// late, after the first user has logged in there again, and would hide their session.
    pub(crate) fn unindex(
        self,
        user: Option<Arc<str>>,
        key: RecordKey,
        next: impl FnOnce(Self) -> CloseStep + Send + 'static,
    ) -> CloseStep {
        let Some(user) = user else { return next(self) };
        let request = StoreRequest::Unindex { user, key };
        self.request(request, |mut closing, reply| {
            if reply != StoreReply::Noted {
                closing.add_event(EventKind::StoreFailed(
                    "the user's index still names the session",
                ));
            }
            next(closing)
        })
    }

    /// Ends the user's oldest sessions beyond the configured number, then continues. If this
    /// session is among them, it is gone.
    pub(crate) fn trim(
        self,
        user: Option<Arc<str>>,
        this: RecordKey,
        next: impl FnOnce(Self) -> CloseStep + Send + 'static,
    ) -> CloseStep {
        let (Some(user), Some(keep)) = (user, self.policy().per_user) else {
            return next(self);
        };
        let request = StoreRequest::Trim {
            user,
            keep,
            this,
            now: self.now,
        };
        self.request(request, |mut closing, reply| match reply {
            StoreReply::Trimmed(TrimResult { alive: true, .. }) => next(closing),
            StoreReply::Trimmed(TrimResult { alive: false, .. }) => {
                closing.add_event(EventKind::Gone);
                closing.finish()
            }
            _ => closing.fail(Error::Unavailable),
        })
    }
}
