//! The plainest store, for tests: the contract's table in a map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::question::*;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slot {
    Live { record: Record, seq: u64 },
    Dead { expires: u64 },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ModelStore {
    pub(crate) slots: BTreeMap<RecordKey, Slot>,
    pub(crate) index: BTreeMap<Arc<str>, BTreeSet<RecordKey>>,
    seq: u64,
}

impl ModelStore {
    pub(crate) fn ask(&mut self, question: &Question) -> Answer {
        match question.clone() {
            Question::Load { key, .. } => Answer::Loaded(match self.slots.get(&key) {
                Some(Slot::Live { record, .. }) => Loaded::Live(record.clone()),
                Some(Slot::Dead { .. }) => Loaded::Dead,
                None => Loaded::Absent,
            }),
            Question::Insert { key, record, .. } => Answer::Inserted(match self.slots.get(&key) {
                Some(Slot::Live { record, .. }) => Inserted::Exists(record.clone()),
                Some(Slot::Dead { .. }) => Inserted::Dead,
                None => {
                    let seq = self.draw();
                    self.slots.insert(key, Slot::Live { record, seq });
                    Inserted::Done
                }
            }),
            Question::Update { key, version, record: new, now } => {
                let seq = self.draw();
                Answer::Updated(match self.live(key, now) {
                    Some((record, _)) if record.version != version => Updated::Conflict(record.clone()),
                    Some((record, at)) => {
                        if record.owner != new.owner {
                            *at = seq;
                        }
                        *record = Record { expires: record.expires.max(new.expires), ..new };
                        Updated::Done
                    }
                    None => Updated::Gone,
                })
            }
            Question::Touch { key, expires, now } => Answer::Touched(match self.live(key, now) {
                Some((record, _)) => {
                    (record.expires, record.seen) = (record.expires.max(expires), record.seen.max(now));
                    Outcome::Done
                }
                None => Outcome::Gone,
            }),
            Question::Delete { key, now } => Answer::Deleted(self.delete(key, now)),
            Question::Index { owner, key, .. } => {
                self.index.entry(owner).or_default().insert(key);
                Answer::Noted
            }
            Question::Unindex { owner, key } => {
                self.index.entry(owner).or_default().remove(&key);
                Answer::Noted
            }
            Question::Trim { owner, keep, this, now } => {
                let mut live = self.owned(&owner, now);
                live.sort_unstable();
                let ended = &live[..live.len().saturating_sub(keep)];
                for (_, key) in ended {
                    self.delete(*key, now);
                    self.index.entry(owner.clone()).or_default().remove(key);
                }
                let alive = self.live(this, now).is_some();
                Answer::Trimmed(Trimmed { ended: ended.len() as u64, alive })
            }
        }
    }

    /// Ends all sessions of an owner, by the index.
    pub(crate) fn delete_all(&mut self, owner: &str, now: u64) {
        for (_, key) in self.owned(owner, now) {
            self.delete(key, now);
        }
    }

    /// Live records of an owner that the index knows, with their order.
    pub(crate) fn owned(&mut self, owner: &str, now: u64) -> Vec<(u64, RecordKey)> {
        let keys = self.index.get(owner).cloned().unwrap_or_default();
        let live = keys.into_iter().filter_map(|key| {
            let (record, seq) = self.live(key, now)?;
            (record.owner.as_deref() == Some(owner)).then_some((*seq, key))
        });
        live.collect()
    }

    pub(crate) fn delete(&mut self, key: RecordKey, now: u64) -> Outcome {
        match self.slots.get_mut(&key) {
            Some(slot @ Slot::Live { .. }) => {
                *slot = Slot::Dead { expires: now + TOMBSTONE_SECONDS };
                Outcome::Done
            }
            _ => Outcome::Gone,
        }
    }

    pub(crate) fn live(&mut self, key: RecordKey, now: u64) -> Option<(&mut Record, &mut u64)> {
        match self.slots.get_mut(&key) {
            Some(Slot::Live { record, seq }) if record.expires > now => Some((record, seq)),
            _ => None,
        }
    }

    fn draw(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}
