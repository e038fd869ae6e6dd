//! The verbs of the plain store that write one record.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, Updated},
};

use super::bug::Bug;
use super::plain::{Key, Plain, Slot, State};

impl Plain {
    pub(super) async fn do_insert(&self, key: RecordKey, record: &Record, now: u64) -> Inserted {
        let found = match self.do_load(key, now) {
            Loaded::Live(there) if self.has(Bug::InsertOverwrites) && there != *record => {
                Inserted::Done
            }
            Loaded::Live(there) if self.has(Bug::OwnInsertIsDone) && there == *record => {
                return Inserted::Done;
            }
            Loaded::Live(there) => Inserted::Exists(there),
            Loaded::Tombstone { .. } if self.has(Bug::InsertRevives) => Inserted::Done,
            Loaded::Tombstone { .. } => Inserted::Tombstone,
            Loaded::NotFound => Inserted::Done,
        };
        self.gap(Bug::InsertInTwoSteps).await;
        let gap = self.has(Bug::InsertInTwoSteps);
        self.with(|state| {
            let overwrites = gap
                || [Bug::InsertOverwrites, Bug::InsertRevives]
                    .iter()
                    .any(|bug| self.has(*bug));
            let until_now =
                |slot: &Slot| matches!(slot, Slot::Tombstone { until, .. } if *until <= now);
            let is_free = state.slots.get(&self.key(key)).is_none_or(until_now);
            if found == Inserted::Done && (overwrites || is_free) {
                state.orders += 1;
                let slot = Slot::Record {
                    record: self.encoded(record),
                    order: state.orders,
                    before: None,
                };
                state.slots.insert(self.key(key), slot);
                return Inserted::Done;
            }
            match state.slots.get(&self.key(key)) {
                Some(Slot::Record { record, .. }) => Inserted::Exists(record.clone()),
                _ => found.clone(),
            }
        })
    }

    pub(super) async fn do_update(
        &self,
        key: RecordKey,
        version: u64,
        next: &Record,
        now: u64,
    ) -> Updated {
        let key = self.key(key);
        let check = |state: &mut State| {
            let now = self.now(state, now);
            match state.slots.get(&key) {
                Some(Slot::Record { record, before, .. })
                    if self.is_live(record, now) || self.has(Bug::UpdateRevives) =>
                {
                    if record.version == version || self.has(Bug::UpdateIgnoresVersion) {
                        return Updated::Done;
                    }
                    if self.has(Bug::OwnUpdateIsDone) && record.version == next.version {
                        return Updated::Done;
                    }
                    let older = before.as_ref().filter(|_| self.has(Bug::ConflictIsOlder));
                    Updated::Conflict(older.unwrap_or(record).clone())
                }
                Some(Slot::Tombstone { .. }) | None if self.has(Bug::UpdateCreates) => {
                    Updated::Done
                }
                _ => Updated::Gone,
            }
        };
        if self.has(Bug::UpdateInTwoSteps) {
            let found = self.with(check);
            self.gap(Bug::UpdateInTwoSteps).await;
            if found == Updated::Done {
                self.with(|state| self.replace(state, key, next));
            }
            return found;
        }
        self.with(|state| {
            let found = check(state);
            if found == Updated::Done {
                self.replace(state, key.clone(), next);
            }
            found
        })
    }

    fn replace(&self, state: &mut State, key: Key, next: &Record) {
        let mut next = self.encoded(next);
        let drawn = state.orders + 1;
        let (mut order, mut before) = (drawn, None);
        if let Some(Slot::Record {
            record, order: old, ..
        }) = state.slots.get(&key)
        {
            if (record.user == next.user && !self.has(Bug::UpdateDrawsOrder))
                || self.has(Bug::UpdateKeepsOrder)
            {
                order = *old;
            }
            if !self.has(Bug::UpdateShortens) {
                next.expires = next.expires.max(record.expires);
            }
            match self.bug {
                Some(Bug::UpdateKeepsCreated) => next.created = record.created,
                Some(Bug::UpdateKeepsUser) => next.user = next.user.or_else(|| record.user.clone()),
                Some(Bug::UpdateKeepsLabel) => {
                    next.label = next.label.or_else(|| record.label.clone())
                }
                Some(Bug::UpdateKeepsSeen) => next.seen = next.seen.max(record.seen),
                _ => {}
            }
            before = Some(record.clone());
        }
        state.orders = drawn;
        state.slots.insert(
            key,
            Slot::Record {
                record: next,
                order,
                before,
            },
        );
    }

    pub(super) fn do_touch(&self, key: RecordKey, expires: u64, now: u64) -> Outcome {
        self.with(|state| {
            let now = self.now(state, now);
            let drawn = state.orders + 1;
            let Some(Slot::Record { record, order, .. }) = state.slots.get_mut(&self.key(key))
            else {
                if self.has(Bug::TouchIsAlwaysDone) {
                    return Outcome::Done;
                }
                return Outcome::Gone;
            };
            if !self.is_live(record, now) && !self.has(Bug::TouchRevives) {
                return Outcome::Gone;
            }
            let shortens = self.has(Bug::TouchShortens);
            record.expires = if shortens {
                expires
            } else {
                record.expires.max(expires)
            };
            record.seen = if self.has(Bug::TouchStepsBack) {
                now
            } else {
                record.seen.max(now)
            };
            record.version = record
                .version
                .wrapping_add(u64::from(self.has(Bug::TouchChangesVersion)));
            if self.has(Bug::TouchDrawsOrder) {
                (*order, state.orders) = (drawn, drawn);
            }
            Outcome::Done
        })
    }

    pub(super) fn do_delete(&self, key: RecordKey, now: u64) -> Outcome {
        self.with(|state| {
            self.now(state, now);
            let place = self.key(key);
            if self.end(state, &place, now) {
                return Outcome::Done;
            }
            if self.has(Bug::DeleteCreates) && !state.slots.contains_key(&place) {
                let tombstone = Slot::Tombstone {
                    until: now + TOMBSTONE_SECONDS,
                    user: None,
                };
                state.slots.insert(place, tombstone);
            }
            if self.has(Bug::DeleteIsAlwaysDone) {
                Outcome::Done
            } else {
                Outcome::Gone
            }
        })
    }

    pub(super) async fn do_delete_version(
        &self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> Updated {
        let place = self.key(key);
        let check = |state: &mut State| match state.slots.get(&place) {
            Some(Slot::Record { record, .. })
                if record.version != version && !self.has(Bug::DeleteVersionIgnoresVersion) =>
            {
                if self.has(Bug::DeleteVersionOfOthersIsGone) {
                    return Updated::Gone;
                }
                Updated::Conflict(record.clone())
            }
            Some(Slot::Record { .. }) => Updated::Done,
            _ => Updated::Gone,
        };
        let end = |state: &mut State, found: &Updated| {
            self.now(state, now);
            if self.has(Bug::DeleteCreates) && !state.slots.contains_key(&place) {
                let tombstone = Slot::Tombstone {
                    until: now + TOMBSTONE_SECONDS,
                    user: None,
                };
                state.slots.insert(place.clone(), tombstone);
            }
            if *found == Updated::Done {
                self.end(state, &place, now);
            }
        };
        if self.has(Bug::DeleteVersionInTwoSteps) {
            let found = self.with(check);
            self.gap(Bug::DeleteVersionInTwoSteps).await;
            self.with(|state| end(state, &found));
            return found;
        }
        self.with(|state| {
            let found = check(state);
            end(state, &found);
            found
        })
    }
}
