//! A plain model of the memory store, and the comparison of the two.

mod random;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, TrimResult, Updated},
};
use session_store::{DeleteScope, MemoryStore, SessionInfo, Store, StoreError};

use super::{block_on, key};

/// The plainest store: one map. What has expired by the latest time it was told may be gone.
#[derive(Debug, Default)]
struct Model {
    slots: BTreeMap<RecordKey, Slot>,
    /// Which began without a user and never had one.
    anonymous: BTreeSet<RecordKey>,
    orders: u64,
    latest: u64,
}

#[derive(Debug)]
enum Slot {
    Record(Record, u64),
    Tombstone(u64),
}

impl Slot {
    fn bytes(&self) -> usize {
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map_or(0, str::len);
        match self {
            Self::Record(record, _) => {
                512 + record.body.len() + text(&record.user) + text(&record.label)
            }
            Self::Tombstone(_) => 512,
        }
    }
}

impl Model {
    fn live(&mut self, key: RecordKey, now: u64) -> Option<(&mut Record, &mut u64)> {
        match self.slots.get_mut(&key) {
            Some(Slot::Record(record, order)) if record.expires > now => Some((record, order)),
            _ => None,
        }
    }

    fn load(&self, key: RecordKey) -> Loaded {
        match self.slots.get(&key) {
            Some(Slot::Record(record, _)) => Loaded::Live(record.clone()),
            Some(Slot::Tombstone(expires)) => Loaded::Tombstone { expires: *expires },
            None => Loaded::NotFound,
        }
    }

    fn insert(&mut self, key: RecordKey, record: &Record) -> Inserted {
        match self.load(key) {
            Loaded::Live(record) => Inserted::Exists(record),
            Loaded::Tombstone { .. } => Inserted::Tombstone,
            Loaded::NotFound => {
                self.orders += 1;
                self.slots
                    .insert(key, Slot::Record(record.clone(), self.orders));
                if record.user.is_none() {
                    self.anonymous.insert(key);
                } else {
                    self.anonymous.remove(&key);
                }
                Inserted::Done
            }
        }
    }

    fn update(&mut self, key: RecordKey, version: u64, record: &Record, now: u64) -> Updated {
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
        if record.user.is_some() {
            self.anonymous.remove(&key);
        }
        Updated::Done
    }

    fn anonymous_bytes(&self) -> usize {
        let of = |key: &RecordKey| self.slots.get(key).map_or(0, Slot::bytes);
        self.anonymous.iter().map(of).sum()
    }

    /// The bytes that the present slot takes of the anonymous part.
    fn is_full_of_strangers(&self, key: RecordKey, record: &Record, limit: usize) -> bool {
        let there = if self.anonymous.contains(&key) {
            self.slots.get(&key).map_or(0, Slot::bytes)
        } else {
            0
        };
        self.anonymous_bytes() - there + Slot::Record(record.clone(), 0).bytes() > limit
    }

    fn touch(&mut self, key: RecordKey, expires: u64, now: u64) -> Outcome {
        let Some((record, _)) = self.live(key, now) else {
            return Outcome::Gone;
        };
        record.expires = record.expires.max(expires);
        record.seen = record.seen.max(now);
        Outcome::Done
    }

    fn delete(&mut self, key: RecordKey, now: u64) -> Outcome {
        if let Some(Slot::Record(..)) = self.slots.get(&key) {
            self.slots
                .insert(key, Slot::Tombstone(now + TOMBSTONE_SECONDS));
            return Outcome::Done;
        }
        Outcome::Gone
    }

    fn delete_version(&mut self, key: RecordKey, version: u64, now: u64) -> Updated {
        match self.load(key) {
            Loaded::Live(record) if record.version != version => Updated::Conflict(record),
            Loaded::Live(_) => {
                self.delete(key, now);
                Updated::Done
            }
            _ => Updated::Gone,
        }
    }

    fn list(&self, user: &str, now: u64) -> Vec<SessionInfo> {
        let mut records: Vec<_> = self
            .slots
            .iter()
            .filter_map(|(key, slot)| match slot {
                Slot::Record(record, order)
                    if record.user.as_deref() == Some(user) && record.expires > now =>
                {
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

    fn delete_owned(&mut self, user: &str, which: DeleteScope, now: u64) -> u64 {
        let mine = |slot: &Slot| matches!(slot, Slot::Record(record, _) if record.user.as_deref() == Some(user));
        let keys: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| mine(slot))
            .map(|(key, _)| *key)
            .collect();
        keys.iter()
            .filter(|key| which.names(**key))
            .map(|key| u64::from(self.delete(*key, now) == Outcome::Done))
            .sum()
    }

    fn trim(&mut self, user: &str, keep: usize, this: RecordKey, now: u64) -> TrimResult {
        let listed = self.list(user, now);
        let surplus = &listed[..listed.len().saturating_sub(keep)];
        let ended = surplus
            .iter()
            .map(|listed| u64::from(self.delete(listed.key, now) == Outcome::Done))
            .sum();
        TrimResult {
            ended,
            alive: self.live(this, now).is_some(),
        }
    }

    fn expires(&self, key: RecordKey) -> Option<u64> {
        self.slots.get(&key).map(|slot| match slot {
            Slot::Record(record, _) => record.expires,
            Slot::Tombstone(expires) => *expires,
        })
    }

    fn may_be_gone(&self, key: RecordKey) -> bool {
        self.expires(key)
            .is_some_and(|expires| expires <= self.latest)
    }

    /// Forgets what the store has removed, and only what it may have.
    async fn follow(&mut self, store: &MemoryStore) {
        for key in self.slots.keys().copied().collect::<Vec<_>>() {
            let loaded = store.load(key, 0).await.unwrap();
            if loaded == Loaded::NotFound && self.may_be_gone(key) {
                self.slots.remove(&key);
            }
            assert_eq!(loaded, self.load(key));
        }
    }
}
