//! The model: one map that never forgets. A record that has expired by the latest time that the store has seen may be missing in
//! the store.

use std::collections::BTreeMap;

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, Updated},
};
use session_store::SessionInfo;

// `slots` is what a perfect store holds; `orders` counts logins, so that a larger number is a later login; `latest` is the
// largest `now` of any request, which decides what a store may have removed.

#[derive(Default)]
pub(crate) struct Model {
    slots: BTreeMap<RecordKey, Slot>,
    orders: u64,
    latest: u64,
}

enum Slot {
    Record(Record, u64),
    Tombstone(u64),
}

impl Model {
    pub(crate) fn advance(&mut self, now: u64) -> u64 {
        self.latest = self.latest.max(now);
        self.latest
    }

    pub(crate) fn record(&self, key: RecordKey) -> Option<&Record> {
        match self.slots.get(&key) {
            Some(Slot::Record(record, _)) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn load(&self, key: RecordKey) -> Loaded {
        match self.slots.get(&key) {
            Some(Slot::Record(record, _)) => Loaded::Live(record.clone()),
            Some(Slot::Tombstone(expires)) => Loaded::Tombstone { expires: *expires },
            None => Loaded::NotFound,
        }
    }

    pub(crate) fn may_be_gone(&self, key: RecordKey) -> bool {
        let expires = match self.slots.get(&key) {
            Some(Slot::Record(record, _)) => record.expires,
            Some(Slot::Tombstone(expires)) => *expires,
            None => return false,
        };
        expires <= self.latest
    }

    pub(crate) fn forget(&mut self, key: RecordKey) {
        self.slots.remove(&key);
    }

    fn live(&mut self, key: RecordKey, now: u64) -> Option<(&mut Record, &mut u64)> {
        match self.slots.get_mut(&key) {
            Some(Slot::Record(record, order)) if record.expires > now => Some((record, order)),
            _ => None,
        }
    }

    pub(crate) fn is_live(&mut self, key: RecordKey, now: u64) -> bool {
        self.live(key, now).is_some()
    }

    pub(crate) fn insert(&mut self, key: RecordKey, record: &Record) -> Inserted {
        match self.load(key) {
            Loaded::Live(record) => Inserted::Exists(record),
            Loaded::Tombstone { .. } => Inserted::Tombstone,
            Loaded::NotFound => {
                self.orders += 1;
                self.slots
                    .insert(key, Slot::Record(record.clone(), self.orders));
                Inserted::Done
            }
        }
    }

    pub(crate) fn update(
        &mut self,
        key: RecordKey,
        version: u64,
        record: &Record,
        now: u64,
    ) -> Updated {
        let drawn = self.orders + 1;
        let Some((old, order)) = self.live(key, now) else {
            return Updated::Gone;
        };
        if old.version != version {
            return Updated::Conflict(old.clone());
        }
        if old.user != record.user {
            *order = drawn;
        }
        *old = Record {
            expires: old.expires.max(record.expires),
            ..record.clone()
        };
        self.orders = drawn;
        Updated::Done
    }

    pub(crate) fn touch(&mut self, key: RecordKey, expires: u64, now: u64) -> Outcome {
        let Some((record, _)) = self.live(key, now) else {
            return Outcome::Gone;
        };
        record.expires = record.expires.max(expires);
        record.seen = record.seen.max(now);
        Outcome::Done
    }

    pub(crate) fn delete(&mut self, key: RecordKey, now: u64) -> Outcome {
        if let Some(Slot::Record(..)) = self.slots.get(&key) {
            self.slots
                .insert(key, Slot::Tombstone(now + TOMBSTONE_SECONDS));
            return Outcome::Done;
        }
        Outcome::Gone
    }

    pub(crate) fn delete_version(&mut self, key: RecordKey, version: u64, now: u64) -> Updated {
        match self.record(key).cloned() {
            Some(other) if other.version != version => Updated::Conflict(other),
            Some(_) => {
                self.delete(key, now);
                Updated::Done
            }
            None => Updated::Gone,
        }
    }

    /// Returns all records of a user, in the order of logins.
    pub(crate) fn of_user(&self, user: &str) -> Vec<SessionInfo> {
        let mut records: Vec<_> = self
            .slots
            .iter()
            .filter_map(|(key, slot)| match slot {
                Slot::Record(record, order) if record.user.as_deref() == Some(user) => {
                    let Record {
                        created,
                        seen,
                        expires,
                        ..
                    } = *record;
                    Some((
                        order,
                        SessionInfo {
                            key: *key,
                            created,
                            seen,
                            expires,
                            label: record.label.clone(),
                        },
                    ))
                }
                _ => None,
            })
            .collect();
        records.sort_by_key(|(order, _)| *order);
        records.into_iter().map(|(_, listed)| listed).collect()
    }

    /// Returns the number of records and tombstones that ended before this.
    pub(crate) fn ended_before(&self, before: u64) -> u64 {
        let ended = |slot: &&Slot| match slot {
            Slot::Record(record, _) => record.expires < before,
            Slot::Tombstone(expires) => *expires < before,
        };
        self.slots.values().filter(ended).count() as u64
    }
}
