//! The verbs of the plain store about a user's records and about all records.

use session_core::{
    RecordKey,
    protocol::{Record, TrimResult},
};
use session_store::{DeleteScope, SessionInfo};

use super::bug::Bug;
use super::plain::{Key, Plain, Slot, State};

impl Plain {
    /// Returns the user's records that are in the index, in the order of logins, live or not.
    fn owned(&self, state: &State, user: &str) -> Vec<(Key, RecordKey, u64, Record)> {
        let notes = state.notes.get(&self.user(user)).into_iter().flatten();
        let mut records: Vec<_> = notes
            .filter_map(|(key, (shown, _))| match state.slots.get(key)? {
                Slot::Record { record, order, .. }
                    if self.has(Bug::ListTrustsNotes) || self.owns(user, record) =>
                {
                    Some((key.clone(), *shown, *order, record.clone()))
                }
                _ => None,
            })
            .collect();
        records.sort_by_key(|(key, _, order, record)| match self.bug {
            Some(Bug::OrderByCreation) => (record.created, 0, Key::new()),
            Some(Bug::OrderByKey) => (0, 0, key.clone()),
            _ => (0, *order, Key::new()),
        });
        records
    }

    pub(super) fn do_index(&self, user: &str, key: RecordKey, until: u64) {
        self.with(|state| {
            let notes = state.notes.entry(self.user(user)).or_default();
            let note = notes.entry(self.key(key)).or_insert((key, until));
            note.1 = if self.has(Bug::LastNoteCounts) {
                until
            } else {
                note.1.max(until)
            };
        });
    }

    pub(super) fn do_unindex(&self, user: &str, key: RecordKey) {
        self.with(|state| {
            if self.has(Bug::UnindexRemovesRecord) {
                state.slots.remove(&self.key(key));
            }
            let of_all = self.has(Bug::UnindexForAll);
            for (of, notes) in &mut state.notes {
                if of_all || *of == self.user(user) {
                    notes.remove(&self.key(key));
                }
            }
        });
    }

    pub(super) fn do_list(&self, user: &str, max: usize, now: u64) -> Vec<SessionInfo> {
        self.with(|state| {
            let now = self.now(state, now);
            if self.has(Bug::LastNoteCounts) {
                for notes in state.notes.values_mut() {
                    notes.retain(|_, (_, until)| until.saturating_add(24 * 60 * 60) > now);
                }
            }
            let mut records = self.owned(state, user);
            records.retain(|(_, _, _, record)| {
                self.is_live(record, now) || self.has(Bug::ListShowsExpired)
            });
            if self.has(Bug::ListPrunes) {
                let slots = &state.slots;
                state
                    .notes
                    .entry(self.user(user))
                    .or_default()
                    .retain(|key, _| matches!(slots.get(key), Some(Slot::Record { .. })));
            }
            let mut listed: Vec<_> = records
                .into_iter()
                .map(
                    |(
                        _,
                        key,
                        _,
                        Record {
                            created,
                            seen,
                            expires,
                            label,
                            ..
                        },
                    )| SessionInfo {
                        key,
                        created,
                        seen,
                        expires,
                        label,
                    },
                )
                .collect();
            if self.has(Bug::ListShowsDead) {
                let dead = state.slots.iter().filter_map(|(key, slot)| match slot {
                    Slot::Tombstone { user: Some(of), .. } if of == user => {
                        let key = RecordKey::from_bytes(key.as_slice().try_into().ok()?);
                        Some(SessionInfo {
                            key,
                            created: 0,
                            seen: 0,
                            expires: 0,
                            label: None,
                        })
                    }
                    _ => None,
                });
                listed.extend(dead);
            }
            match self.bug {
                Some(Bug::ListIgnoresMax) => {}
                Some(Bug::ListShowsOldest) => listed.truncate(max),
                Some(Bug::ListIsBackwards) => {
                    listed.reverse();
                    listed.truncate(max);
                }
                _ => drop(listed.drain(..listed.len().saturating_sub(max))),
            }
            listed
        })
    }

    pub(super) async fn do_delete_owned(&self, user: &str, which: DeleteScope, now: u64) -> u64 {
        let mut keys = self.with(|state| {
            self.now(state, now);
            let mut owned = self.owned(state, user);
            owned.retain(|(_, key, _, _)| which.names(*key));
            owned.into_iter().map(|(key, ..)| key).collect::<Vec<_>>()
        });
        match (self.bug, which) {
            (Some(Bug::DeleteOneOfAnybody), DeleteScope::One(one)) => keys = vec![self.key(one)],
            (Some(Bug::DeleteAllButOneIsAll), DeleteScope::AllBut(one)) => keys.push(self.key(one)),
            (Some(Bug::DeleteAllNoted), DeleteScope::All) => {
                keys = self.with(|state| {
                    state
                        .notes
                        .get(user)
                        .into_iter()
                        .flat_map(|notes| notes.keys().cloned())
                        .collect()
                })
            }
            _ => {}
        }
        self.gap(Bug::DeleteAllInTwoSteps).await;
        let unchecked = [
            Bug::DeleteAllInTwoSteps,
            Bug::DeleteOneOfAnybody,
            Bug::DeleteAllNoted,
        ]
        .iter()
        .chain(&[Bug::DeleteAllButOneIsAll, Bug::ListTrustsNotes])
        .any(|bug| self.has(*bug));
        self.with(|state| {
            let mut ended = 0;
            for key in keys {
                let theirs = match state.slots.get(&key) {
                    Some(Slot::Record { record, .. }) => self.owns(user, record),
                    _ => false,
                };
                if self.has(Bug::DeleteAllRemoves) && theirs {
                    state.slots.remove(&key);
                    ended += 1;
                } else if theirs || unchecked {
                    ended += u64::from(self.end(state, &key, now));
                }
            }
            ended
        })
    }

    pub(super) async fn do_trim(
        &self,
        user: &str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> TrimResult {
        let surplus = self.with(|state| {
            let now = self.now(state, now);
            let mut owned = self.owned(state, user);
            owned.retain(|(_, _, _, record)| {
                self.is_live(record, now) || self.has(Bug::TrimCountsExpired)
            });
            if self.has(Bug::TrimKeepsOldest) {
                owned.reverse();
            }
            if self.has(Bug::TrimSparesThis) {
                let (this, others): (Vec<_>, Vec<_>) =
                    owned.into_iter().partition(|(_, key, _, _)| *key == this);
                owned = [others, this].concat();
            }
            owned.truncate(owned.len().saturating_sub(keep));
            owned
        });
        self.gap(Bug::TrimInTwoSteps).await;
        self.with(|state| {
            let mut ended = 0;
            for (key, _, order, _) in surplus {
                let as_it_was = matches!(state.slots.get(&key),
                    Some(Slot::Record { record, order: now, .. }) if *now == order && self.owns(user, record));
                if self.has(Bug::TrimInTwoSteps) || self.has(Bug::ListTrustsNotes) || as_it_was {
                    ended += u64::from(self.end(state, &key, now));
                }
            }
            let alive = match state.slots.get(&self.key(this)) {
                Some(Slot::Record { record, .. }) => self.is_live(record, now),
                _ => self.has(Bug::TrimSaysAlive),
            };
            TrimResult { ended, alive }
        })
    }

    pub(super) fn do_delete_expired(&self, before: u64, batch: usize) -> u64 {
        self.with(|state| {
            let ended = |slot: &Slot| match slot {
                Slot::Record { record, .. } if self.has(Bug::DeleteExpiredTooEarly) => {
                    record.expires <= before
                }
                Slot::Record { record, .. } => record.expires < before,
                Slot::Tombstone { until, .. } => {
                    *until < before || self.has(Bug::DeleteExpiredTombstones)
                }
            };
            let ended = state
                .slots
                .iter()
                .filter(|(_, slot)| ended(slot))
                .map(|(key, _)| key.clone());
            let most = if self.has(Bug::DeleteExpiredIgnoresBatch) {
                usize::MAX
            } else {
                batch
            };
            let keys: Vec<Key> = ended.take(most).collect();
            for key in &keys {
                state.slots.remove(key);
            }
            keys.len() as u64
        })
    }
}
