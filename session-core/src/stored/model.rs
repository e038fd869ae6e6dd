//! The simplest store, for tests: the contract in a map. The requests by user are atomic per record
//! only, so each has two parts: the list of the records, and then one after the other.

use crate::record_key::RecordKey;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::record::store::*;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slot {
    Live { record: Record, seq: u64 },
    Dead { expires: u64 },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ModelStore {
    pub(crate) slots: BTreeMap<RecordKey, Slot>,
    /// The records that may be a user's, and until when each note is needed.
    pub(crate) index: BTreeMap<Arc<str>, BTreeMap<RecordKey, u64>>,
    seq: u64,
}

impl ModelStore {
    pub(crate) fn execute(&mut self, request: &StoreRequest) -> StoreReply {
        match request.clone() {
            StoreRequest::Load { key, now } => StoreReply::Loaded(match self.slots.get(&key) {
                Some(Slot::Live { record, .. }) => Loaded::Live(record.clone()),
                Some(Slot::Dead { expires }) => Loaded::Tombstone { expires: *expires }.at(now),
                None => Loaded::NotFound,
            }),
            StoreRequest::Insert { key, record, .. } => {
                StoreReply::Inserted(match self.slots.get(&key) {
                    Some(Slot::Live { record, .. }) => Inserted::Exists(record.clone()),
                    Some(Slot::Dead { .. }) => Inserted::Tombstone,
                    None => {
                        let seq = self.next_seq();
                        self.slots.insert(key, Slot::Live { record, seq });
                        Inserted::Done
                    }
                })
            }
            StoreRequest::Update {
                key,
                version,
                record,
                now,
            } => StoreReply::Updated(self.update(key, version, record, now)),
            StoreRequest::Touch { key, expires, now } => {
                StoreReply::Touched(match self.live(key, now) {
                    Some((record, _)) => {
                        (record.expires, record.seen) =
                            (record.expires.max(expires), record.seen.max(now));
                        Outcome::Done
                    }
                    None => Outcome::Gone,
                })
            }
            StoreRequest::Delete { key, version, now } => {
                StoreReply::Deleted(match self.slots.get(&key) {
                    Some(Slot::Live { record, .. }) if record.version != version => {
                        Updated::Conflict(record.clone())
                    }
                    Some(Slot::Live { .. }) => {
                        self.end(key, now);
                        Updated::Done
                    }
                    _ => Updated::Gone,
                })
            }
            StoreRequest::Index {
                user, key, until, ..
            } => {
                let notes = self.index.entry(user).or_default().entry(key).or_default();
                *notes = until.max(*notes);
                StoreReply::Noted
            }
            StoreRequest::Unindex { user, key } => {
                self.unindex(&user, key);
                StoreReply::Noted
            }
            StoreRequest::Trim {
                user,
                keep,
                this,
                now,
            } => {
                let surplus = self.surplus(&user, keep, now);
                let ended = surplus
                    .into_iter()
                    .filter(|key| self.end_of(&user, *key, now))
                    .count() as u64;
                StoreReply::Trimmed(TrimResult {
                    ended,
                    alive: self.live(this, now).is_some(),
                })
            }
        }
    }

    fn update(&mut self, key: RecordKey, version: u64, new: Record, now: u64) -> Updated {
        let next = self.seq + 1;
        match self.live(key, now) {
            Some((record, _)) if record.version != version => Updated::Conflict(record.clone()),
            Some((record, seq)) => {
                let moved = record.user != new.user;
                if moved {
                    *seq = next;
                }
                *record = Record {
                    expires: record.expires.max(new.expires),
                    ..new
                };
                self.seq += u64::from(moved);
                Updated::Done
            }
            None => Updated::Gone,
        }
    }

    fn end(&mut self, key: RecordKey, now: u64) {
        self.slots.insert(
            key,
            Slot::Dead {
                expires: now + TOMBSTONE_SECONDS,
            },
        );
    }

    fn unindex(&mut self, user: &str, key: RecordKey) {
        if let Some(notes) = self.index.get_mut(user) {
            notes.remove(&key);
        }
    }

    /// Returns the live records of a user that the index lists, oldest first: for a list, a trim,
    /// or the end of all.
    pub(crate) fn of_user(&self, user: &str, now: u64) -> Vec<RecordKey> {
        let notes = self.index.get(user).into_iter().flat_map(BTreeMap::keys);
        let mut of_user: Vec<_> = notes
            .filter_map(|key| Some((self.is_of(user, *key, now)?, *key)))
            .collect();
        of_user.sort_unstable();
        of_user.into_iter().map(|(_, key)| key).collect()
    }

    /// Returns the records that a trim ends.
    pub(crate) fn surplus(&self, user: &str, keep: usize, now: u64) -> Vec<RecordKey> {
        let mut of_user = self.of_user(user, now);
        of_user.truncate(of_user.len().saturating_sub(keep));
        of_user
    }

    /// Ends a record if it is still this user's. Returns whether it was.
    pub(crate) fn end_of(&mut self, user: &str, key: RecordKey, now: u64) -> bool {
        let theirs = self.is_of(user, key, now).is_some();
        if theirs {
            self.end(key, now);
            self.unindex(user, key);
        }
        theirs
    }

    /// Returns the order of a live record that belongs to this user.
    fn is_of(&self, user: &str, key: RecordKey, now: u64) -> Option<u64> {
        match self.slots.get(&key)? {
            Slot::Live { record, seq }
                if record.expires > now && record.user.as_deref() == Some(user) =>
            {
                Some(*seq)
            }
            _ => None,
        }
    }

    /// Removes what ended before this second, tombstones too.
    pub(crate) fn delete_expired(&mut self, before: u64) {
        self.slots.retain(|_, slot| match slot {
            Slot::Live { record, .. } => record.expires > before,
            Slot::Dead { expires } => *expires > before,
        });
    }

    pub(crate) fn live(&mut self, key: RecordKey, now: u64) -> Option<(&mut Record, &mut u64)> {
        match self.slots.get_mut(&key) {
            Some(Slot::Live { record, seq }) if record.expires > now => Some((record, seq)),
            _ => None,
        }
    }

    fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}
