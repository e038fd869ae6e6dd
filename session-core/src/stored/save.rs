//! A close with a live record: it is left alone, touched, or written.
//!
//! The write is optimistic: an update names the version that it replaces. If another request was
//! faster, the store returns the newer record, and this request's changes are made again on that
//! one. Each write has a random id, which is the version of the record that it makes, and which the
//! record lists among its last [`RECENT_WRITES`](crate::record::body::RECENT_WRITES). So an update
//! whose reply was lost finds itself in the newer record, and is not made twice.
//! [`next_body`](super::next_body) says what becomes of the verifiers.

use std::sync::Arc;

use crate::data::map::Map;
use crate::env::EntropyError;
use crate::error::Error;
use crate::event::EventKind;
use crate::record::base::{Decoded, LiveRecord, LoadedFrom};
use crate::record::body::Body;
use crate::record::id::Id;
use crate::record::store::{Outcome, Record, StoreReply, StoreRequest, Updated};
use crate::record_key::RecordKey;
use crate::session::handle::Session;
use crate::stored::closing::{CloseStep, Closing, RecordParts, content};
use crate::stored::pending_write::{Changes, PendingWrite};
use crate::stored::step::Attempt;

/// An update that is about to be sent.
struct Update {
    /// The version that it replaces.
    version: u64,
    record: Record,
    body: Body,
}

impl Closing {
    /// Does what is due to a live record. `merged` is the content of a newer record with this
    /// request's changes.
    pub(crate) fn save(
        self,
        live: &LiveRecord,
        decoded: &Decoded,
        merged: Option<&Map>,
    ) -> CloseStep {
        let map = merged.unwrap_or(&self.map);
        let changed = !map.changes().is_empty();
        let changes = Changes {
            changed: changed || self.label.is_some() || self.epoch.is_some(),
            permanent: self.permanent,
            renewed: self.renewed,
        };
        let pending = PendingWrite::of(&self.session, &changes, live, decoded, self.now);
        let extend = pending.touch || self.map.is_modified();
        // The end of an encrypted record is encrypted with it, so a write extends it and a touch
        // does not.
        if pending.write || (extend && decoded.encrypted) {
            let data = content(map);
            self.write(live, decoded, &pending, data)
        } else if extend {
            self.touch(live, decoded)
        } else {
            self.finish()
        }
    }

    fn write(
        mut self,
        live: &LiveRecord,
        decoded: &Decoded,
        pending: &PendingWrite,
        data: Arc<str>,
    ) -> CloseStep {
        let Decoded { record, body, .. } = decoded;
        let Ok(write_id) = self.generate_update_ids(live, pending.new_verifier) else {
            let error = Error::Entropy(EntropyError);
            return self.unwritten(live, decoded, pending, error);
        };
        let next = self.next_body(live, decoded, pending, write_id, data);
        let (mut user, mut label) = (self.user.clone(), self.label.clone());
        // Where the user was cleared, the label goes as well: it named the session in the user's
        // list.
        if !self.user_cleared {
            user = user.or_else(|| record.user.clone());
            label = label.or_else(|| record.label.clone());
        }
        let built = self.build_record(RecordParts {
            key: live.key,
            // The record's own, unless the user has logged in.
            created: self.stamp.created,
            user,
            label,
            body: &next,
            replaces: Some(record),
        });
        let written = match built {
            Ok(written) => written,
            Err(error) => return self.unwritten(live, decoded, pending, error),
        };
        let mut note_for = None;
        if self.is_index_due(body) && self.indexed != Some(live.key) {
            note_for = written.user.clone();
        }
        let update = Update {
            version: record.version,
            record: written,
            body: next,
        };
        self.index(note_for, live.key, |closing| closing.update(update))
    }

    /// Continues where the record cannot be written: with an error or, for a request that only
    /// read, with an event. The record is extended nevertheless, unless its end is encrypted.
    fn unwritten(
        mut self,
        live: &LiveRecord,
        decoded: &Decoded,
        pending: &PendingWrite,
        error: Error,
    ) -> CloseStep {
        if !pending.touch || !self.only_read || decoded.encrypted {
            return self.fail(error);
        }
        self.add_event(EventKind::left(&error));
        self.touch(live, decoded)
    }

    fn update(self, update: Update) -> CloseStep {
        let request = StoreRequest::Update {
            key: self.live_key(),
            version: update.version,
            record: update.record.clone(),
            now: self.now,
        };
        self.request(request, |closing, reply| closing.updated(update, reply))
    }

    fn updated(self, update: Update, reply: StoreReply) -> CloseStep {
        match reply {
            StoreReply::Updated(Updated::Done) => self.written(update.record, update.body),
            StoreReply::Updated(Updated::Conflict(newer)) => self.merge(update.version, newer),
            StoreReply::Updated(Updated::Gone) => self.gone(false),
            _ => self.fail(Error::Unavailable),
        }
    }

    /// Continues with a record that is newer than the version that the update was to replace: this
    /// request's own write, which is recognised, or that of another request, on which the changes
    /// are made again.
    fn merge(mut self, version: u64, newer: Record) -> CloseStep {
        let session = self.session.clone();
        let live = live(&session);
        let Some((decoded, mut map)) = self.decode(live.key, newer) else {
            return self.fail(Error::Unavailable);
        };
        let recent_writes = &decoded.body.recent_writes;
        if let Some(own) = self.write_id
            && recent_writes.contains(&own)
        {
            return self.written_before(decoded);
        }
        // Neither this write nor the version that it was to replace is listed. If the request was sent
        // twice, the first may have happened and been pushed off the list: its outcome is unknown.
        if self.attempt == Attempt::Retried && !recent_writes.contains(&version) {
            return self.fail(Error::Unavailable);
        }
        let matched = decoded.body.match_verifier(&live.presented, self.now);
        if !matched.is_valid() || decoded.is_idle(&self.settings().lifetime, self.now) {
            return self.gone(!matched.is_valid());
        }
        for change in self.map.changes() {
            if let Err(mismatch) = map.apply(change.clone()) {
                let key = change.key().unwrap_or_default().to_owned();
                let reason = mismatch.reason().to_owned();
                return self.fail(Error::Conflict { key, reason });
            }
        }
        let mut events = self.outgoing.events.iter();
        if !events.any(|event| event.kind == EventKind::Merged) {
            self.add_event(EventKind::Merged);
        }
        self.save(live, &decoded, Some(&map))
    }

    /// Continues where an earlier attempt of this write reached the record.
    fn written_before(mut self, decoded: Decoded) -> CloseStep {
        let Decoded { record, body, .. } = decoded;
        // Another request may have replaced the verifier since. That request sends the valid one.
        let is_valid = |id: &Id| id.verifier_hash() == body.verifier;
        self.new_id = self.new_id.filter(is_valid);
        self.written(record, body)
    }

    /// The write is in the record. Next is the limit of the user's sessions, then the cookie.
    fn written(self, record: Record, body: Body) -> CloseStep {
        let (user, key) = (self.user.clone(), self.live_key());
        self.trim(user, key, move |closing| {
            closing.send_new_id(&record, &body, EventKind::Renewed)
        })
    }

    /// Extends a record that nothing changed, and its note in the user's index before.
    fn touch(self, live: &LiveRecord, decoded: &Decoded) -> CloseStep {
        let Decoded { record, body, .. } = decoded;
        let lifetime = &self.settings().lifetime;
        let expires = lifetime.expires(record.created, self.now, body.idle(lifetime));
        let touch = StoreRequest::Touch {
            key: live.key,
            expires: expires.max(record.expires),
            now: self.now,
        };
        let Some(user) = record.user.clone() else {
            return self.request(touch, Self::touched);
        };
        let index = self.index_request(user, live.key);
        self.request(index, |closing, reply| match reply {
            StoreReply::Noted => closing.request(touch, Self::touched),
            _ => closing.not_extended(),
        })
    }

    fn touched(self, reply: StoreReply) -> CloseStep {
        match reply {
            StoreReply::Touched(Outcome::Done | Outcome::Gone) => self.finish(),
            _ => self.not_extended(),
        }
    }

    /// Ends the close. A later request extends the record.
    fn not_extended(mut self) -> CloseStep {
        self.add_event(EventKind::StoreFailed("the session was not extended"));
        self.finish()
    }

    fn live_key(&self) -> RecordKey {
        live(&self.session).key
    }
}

/// Returns the record that the session was opened from.
fn live(session: &Session) -> &LiveRecord {
    match &session.incoming().loaded_from {
        LoadedFrom::Live(live) => live,
        _ => unreachable!("only a live record is updated"),
    }
}
