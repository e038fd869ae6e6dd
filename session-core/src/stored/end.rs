//! A logout: first the record ends, then the browser's cookie goes. The rules stand in [`close`](super::close).

use std::sync::Arc;

use crate::error::Error;
use crate::event::EventKind;
use crate::record::base::{Decoded, LoadedFrom};
use crate::record::id::{Id, VerifierHash};
use crate::record::store::{Record, StoreReply, StoreRequest, Updated};
use crate::record_key::RecordKey;
use crate::stored::closing::{Closing, Next};

impl Closing {
    /// A logout with an id that times alone speak against: the record ends if it is open to it.
    pub(crate) fn end_untimely(self, id: Id) -> Next {
        let (key, now) = (id.key(), self.now);
        self.ask(
            StoreRequest::Load { key, now },
            move |closing, answer| match LoadedFrom::of(
                &closing.settings().keys().records,
                answer,
                id,
                key,
                now,
            ) {
                Ok((live, _)) => closing.end(key, live.presented, &live.decoded.record),
                Err((LoadedFrom::Degraded, _)) => closing.fail(Error::Unavailable),
                Err((
                    LoadedFrom::Refused {
                        lives: false, mute, ..
                    },
                    _,
                )) => closing.end_again(key, mute),
                Err((base, _)) => closing.go_on_from(&base),
            },
        )
    }

    /// A logout that finds nothing to end asks the store to end it all the same: so what another request did, and was not
    /// answered, is confirmed before this one is.
    pub(crate) fn end_again(self, key: RecordKey, mute: bool) -> Next {
        let question = StoreRequest::Delete {
            key,
            version: 0,
            now: self.now,
        };
        self.ask(question, move |closing, answer| match answer {
            StoreReply::Deleted(Updated::Done | Updated::Gone) => {
                closing.go_on_refused(mute, false)
            }
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// Ends the record, whoever else has written to it, and before anything else.
    pub(crate) fn end(mut self, key: RecordKey, presented: VerifierHash, record: &Record) -> Next {
        if !self.is_blank() && self.draw().is_err() {
            return self.fail(Error::Entropy(crate::env::EntropyError));
        }
        let user = record.user.clone();
        let question = StoreRequest::Delete {
            key,
            version: record.version,
            now: self.now,
        };
        self.ask(question, move |closing, answer| match answer {
            // Whoever ended it: a logout finds what it wanted.
            StoreReply::Deleted(Updated::Done | Updated::Gone) => closing.ended(key, user),
            StoreReply::Deleted(Updated::Conflict(newer)) => {
                closing.end_newer(key, presented, newer)
            }
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// Another request has written to the record. If it has given the session another id, this request may not end it.
    fn end_newer(self, key: RecordKey, presented: VerifierHash, newer: Record) -> Next {
        let Some((decoded, _)) =
            Decoded::read(&self.settings().keys().records, key, newer, self.now)
        else {
            return self.fail(Error::Unavailable);
        };
        if decoded.body.opens(&presented, self.now).admits() {
            self.end(key, presented, &decoded.record)
        } else {
            self.gone(true)
        }
    }

    fn ended(mut self, key: RecordKey, user: Option<Arc<str>>) -> Next {
        self.event(EventKind::Cleared);
        self.unindex(user, key, |mut closing| {
            // A new session's cookie would be deleted with the others.
            closing.outgoing.clear_site_data =
                closing.settings().clear_site_data && closing.is_blank();
            closing.begin()
        })
    }

    /// Nothing is left: a logout takes the browser's cookie away, whatever that was.
    pub(crate) fn forget(mut self) -> Next {
        let incoming = self.session.incoming();
        if self.cleared && incoming.cookies + incoming.old_cookies > 0 {
            let (cookie, _) = self.settings().cookie_to_write(incoming.cookies, self.now);
            (self.outgoing.set_cookie, self.outgoing.vary) = (Some(cookie.removal()), true);
        }
        self.done()
    }
}
