//! A close without a record that is open to the request: a new session begins, or nothing is
//! stored.

use std::collections::BTreeSet;

use crate::data::change::Change;
use crate::data::map::Map;
use crate::error::Error;
use crate::event::EventKind;
use crate::record::base::LoadedFrom;
use crate::record::body::Body;
use crate::record::policy::GonePolicy;
use crate::record::store::{Inserted, Record, StoreReply, StoreRequest};
use crate::record_key::RecordKey;
use crate::stored::closing::{CloseStep, Closing, RecordParts, content};
use crate::token::stamp::Epoch;

/// A session that is about to be inserted.
struct NewSession {
    key: RecordKey,
    record: Record,
    body: Body,
}

impl Closing {
    /// Continues a request to which no record is open, according to what it was opened from.
    pub(crate) fn without_record(self) -> CloseStep {
        let session = self.session.clone();
        self.without_record_from(&session.incoming().loaded_from)
    }

    pub(crate) fn without_record_from(self, loaded_from: &LoadedFrom) -> CloseStep {
        match *loaded_from {
            LoadedFrom::Refused {
                recent,
                record_exists,
                ..
            } => self.after_refusal(recent, record_exists),
            _ => self.begin(),
        }
    }

    /// Continues a request whose id was refused. While that is recent, only a login begins a
    /// session.
    pub(crate) fn after_refusal(self, recent: bool, record_exists: bool) -> CloseStep {
        if recent && self.user.is_none() {
            self.drop_changes(record_exists)
        } else {
            self.begin()
        }
    }

    /// Drops what the request left and sets no cookie, since a newer id may be on its way to the
    /// browser. A logout fails if there is a record, which it was not allowed to end: it must not
    /// look like a logout that succeeded.
    fn drop_changes(mut self, record_exists: bool) -> CloseStep {
        let failed_logout = record_exists && self.cleared;
        if failed_logout || !self.is_empty() {
            self.add_event(EventKind::Gone);
        }
        if failed_logout {
            self.fail(Error::Gone)
        } else {
            self.finish()
        }
    }

    /// Begins a session with a record of its own, under an id that nobody has seen. Stores nothing
    /// for an empty session.
    pub(crate) fn begin(mut self) -> CloseStep {
        if self.is_empty() {
            return self.remove_cookie();
        }
        let Ok((id, write_id)) = self.generate_ids() else {
            return self.fail_without_entropy();
        };
        let body = Body {
            permanent: self.stamp.permanent,
            epoch: self.stamp.epoch,
            verifier_created: self.now,
            indexed: self.now,
            verifier: id.verifier_hash(),
            authenticated: self.stamp.authenticated,
            previous_verifier: None,
            recent_writes: vec![write_id],
            data: content(&self.map),
        };
        let key = id.record_key();
        let built = self.build_record(RecordParts {
            key,
            created: self.stamp.created,
            user: self.user.clone(),
            label: self.label.clone(),
            body: &body,
            replaces: None,
        });
        let record = match built {
            Ok(record) => record,
            Err(error) => return self.fail(error),
        };
        let new = NewSession { key, record, body };
        self.index(new.record.user.clone(), key, |closing| closing.insert(new))
    }

    fn insert(self, new: NewSession) -> CloseStep {
        let request = StoreRequest::Insert {
            key: new.key,
            record: new.record.clone(),
            now: self.now,
        };
        self.request(request, |closing, reply| closing.inserted(new, reply))
    }

    fn inserted(mut self, new: NewSession, reply: StoreReply) -> CloseStep {
        let NewSession { key, record, body } = new;
        match reply {
            StoreReply::Inserted(Inserted::Done) => {}
            // An insert that was repeated finds its own record.
            StoreReply::Inserted(Inserted::Exists(found)) if found.version == record.version => {}
            // Another session's record has this selector of 128 random bits: they were not random.
            StoreReply::Inserted(Inserted::Exists(_)) => return self.fail_without_entropy(),
            // Another request ended the session already, by a trim for instance.
            StoreReply::Inserted(Inserted::Tombstone) => {
                self.add_event(EventKind::Gone);
                return self.finish();
            }
            _ => return self.fail(Error::Unavailable),
        }
        self.trim(record.user.clone(), key, move |closing| {
            closing.send_new_id(&record, &body, EventKind::Created)
        })
    }

    /// Continues a request whose session was ended while the request was under way, or got another
    /// id (`lives_on`). If the request logged a user in, a new session begins, with nothing of the
    /// old one. Otherwise its changes are dropped.
    pub(crate) fn gone(mut self, lives_on: bool) -> CloseStep {
        if self.user.is_some() {
            return self.begin_from_changes();
        }
        if !self.map.is_modified() {
            return self.finish();
        }
        self.add_event(EventKind::Gone);
        // A logout that ended nothing must not look like one that succeeded.
        let failed_logout = lives_on && (self.cleared || self.user_cleared);
        match self.policy().on_gone {
            GonePolicy::Forget if !failed_logout => self.finish(),
            _ => self.fail(Error::Gone),
        }
    }

    /// Begins a session for a login, with this request's changes alone.
    fn begin_from_changes(mut self) -> CloseStep {
        let mut map = Map::default().recording();
        let mut own_keys = BTreeSet::new();
        for change in self.map.changes() {
            match change {
                Change::Set { key, .. } => {
                    own_keys.insert(key);
                }
                // The new value was made from one of the old session, so it is part of the old
                // session.
                Change::Update { key, .. } if !own_keys.contains(key) => continue,
                _ => {}
            }
            if map.apply(change.clone()).is_err() {
                return self.fail(Error::Gone);
            }
        }
        self.map = map;
        // An id that was generated for the old record must not name the new one.
        self.new_id = None;
        self.stamp.permanent = self.permanent.unwrap_or(self.settings().lifetime.permanent);
        self.stamp.epoch = Epoch {
            application: self.settings().lifetime.epoch,
            user: self.epoch.unwrap_or_default(),
        };
        self.begin()
    }
}
