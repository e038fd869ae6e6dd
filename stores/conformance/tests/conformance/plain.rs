//! A store as plain as the contract allows: one map, an index that it needs, no garbage collection of its own. With a [`Bug`]
//! it breaks the contract in one place.

use std::collections::BTreeMap;
use std::sync::Mutex;

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};
use tokio::task::yield_now;

use super::bug::Bug;

pub(super) type Key = Vec<u8>;

pub(super) struct Plain {
    pub(super) bug: Option<Bug>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) slots: BTreeMap<Key, Slot>,
    /// Of each user: until when each note lasts.
    pub(super) notes: BTreeMap<String, BTreeMap<Key, (RecordKey, u64)>>,
    orders: u64,
    latest: u64,
}

#[derive(Clone)]
pub(super) enum Slot {
    Record {
        record: Record,
        order: u64,
        before: Option<Record>,
    },
    Tombstone {
        until: u64,
        user: Option<String>,
    },
}

impl Plain {
    pub(super) fn new(bug: Option<Bug>) -> Self {
        Self {
            bug,
            state: Mutex::default(),
        }
    }

    pub(super) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(super) fn with<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        run(&mut self.state.lock().unwrap())
    }

    /// Between a check and what follows from it.
    pub(super) async fn gap(&self, bug: Bug) {
        if self.has(bug) {
            for _ in 0..3 {
                yield_now().await;
            }
        }
    }

    pub(super) fn key(&self, key: RecordKey) -> Key {
        let bytes = key.as_bytes();
        match self.bug {
            Some(Bug::KeyCut) => bytes[..16].to_vec(),
            Some(Bug::KeyAsText) => String::from_utf8_lossy(bytes).into_owned().into_bytes(),
            Some(Bug::KeyEndsAtNul) => bytes.split(|byte| *byte == 0).next().unwrap().to_vec(),
            _ => bytes.to_vec(),
        }
    }

    pub(super) fn user(&self, user: &str) -> String {
        match self.bug {
            Some(Bug::UserFolded) => user.to_lowercase(),
            Some(Bug::UserTrimmed) => user.trim_end().to_owned(),
            Some(Bug::UserEndsAtNul) => user.split('\0').next().unwrap().to_owned(),
            Some(Bug::UserCut) => user.chars().take(255).collect(),
            _ => user.to_owned(),
        }
    }

    pub(super) fn owns(&self, user: &str, record: &Record) -> bool {
        let of = record.user.as_deref();
        let of = if self.has(Bug::NobodyIsEmpty) {
            Some(of.unwrap_or_default())
        } else {
            of
        };
        of.is_some_and(|of| self.user(of) == self.user(user))
    }

    pub(super) fn now(&self, state: &mut State, now: u64) -> u64 {
        state.latest = state.latest.max(now);
        if self.has(Bug::LatestTime) {
            state.latest
        } else {
            now
        }
    }

    pub(super) fn is_live(&self, record: &Record, now: u64) -> bool {
        record.expires > now || (self.has(Bug::LiveAtItsEnd) && record.expires == now)
    }

    fn kept(&self, record: &Record) -> Record {
        let mut record = record.clone();
        match self.bug {
            Some(Bug::VersionSigned) => {
                record.version = record.version.min(i64::MAX.cast_unsigned())
            }
            Some(Bug::VersionAsFloat) => record.version = record.version as f64 as u64,
            Some(Bug::TimesOf32Bits) => record.expires = record.expires.min(u64::from(u32::MAX)),
            Some(Bug::LabelEmptied) => {
                record.label = record.label.filter(|label| !label.is_empty())
            }
            Some(Bug::UserEmptied) => record.user = record.user.filter(|user| !user.is_empty()),
            _ => {}
        }
        record
    }

    fn tombstone(&self, record: &Record, now: u64) -> Option<Slot> {
        let seconds = if self.has(Bug::TombstoneShort) {
            TOMBSTONE_SECONDS / 2
        } else {
            TOMBSTONE_SECONDS
        };
        let user = record.user.as_deref().map(str::to_owned);
        let until = if self.has(Bug::TombstoneOverflows) {
            now.cast_signed().wrapping_add(60).max(0).cast_unsigned()
        } else {
            now.saturating_add(seconds)
        };
        (!self.has(Bug::NoTombstone)).then_some(Slot::Tombstone { until, user })
    }

    pub(super) fn end(&self, state: &mut State, key: &Key, now: u64) -> bool {
        let Some(Slot::Record { record, .. }) = state.slots.get(key) else {
            return false;
        };
        match self.tombstone(record, now) {
            Some(tombstone) => state.slots.insert(key.clone(), tombstone),
            None => state.slots.remove(key),
        };
        true
    }

    fn do_load(&self, key: RecordKey, now: u64) -> Loaded {
        self.with(|state| {
            let now = self.now(state, now);
            match state.slots.get(&self.key(key)) {
                Some(Slot::Record { record, .. })
                    if self.has(Bug::ExpiredIsDead) && !self.is_live(record, now) =>
                {
                    Loaded::Dead {
                        expires: record.expires + TOMBSTONE_SECONDS,
                    }
                }
                Some(Slot::Record { record, .. }) => Loaded::Live(record.clone()),
                Some(Slot::Tombstone { until, .. })
                    if *until > now || self.has(Bug::TombstoneOutlasts) =>
                {
                    Loaded::Dead { expires: *until }
                }
                Some(Slot::Tombstone { .. }) | None => Loaded::Absent,
            }
        })
    }

    async fn do_insert(&self, key: RecordKey, record: &Record, now: u64) -> Inserted {
        let found = match self.do_load(key, now) {
            Loaded::Live(there) if self.has(Bug::InsertOverwrites) && there != *record => {
                Inserted::Done
            }
            Loaded::Live(there) if self.has(Bug::OwnInsertIsDone) && there == *record => {
                return Inserted::Done;
            }
            Loaded::Live(there) => Inserted::Exists(there),
            Loaded::Dead { .. } if self.has(Bug::InsertRevives) => Inserted::Done,
            Loaded::Dead { .. } => Inserted::Dead,
            Loaded::Absent => Inserted::Done,
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
                    record: self.kept(record),
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

    async fn do_update(&self, key: RecordKey, version: u64, next: &Record, now: u64) -> Updated {
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
        let mut next = self.kept(next);
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

    fn do_touch(&self, key: RecordKey, expires: u64, now: u64) -> Outcome {
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

    fn do_delete(&self, key: RecordKey, now: u64) -> Outcome {
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

    async fn do_delete_version(&self, key: RecordKey, version: u64, now: u64) -> Updated {
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

    fn refuse(&self, bug: Bug, text: &str) -> Result<(), StoreError> {
        let refused = self.has(bug) && text.contains('\0');
        if refused {
            Err(StoreError::new("invalid byte sequence for encoding: 0x00"))
        } else {
            Ok(())
        }
    }
}

impl Store for Plain {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(async move { Ok(self.do_load(key, now)) })
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Inserted> {
        Box::pin(async move {
            self.refuse(
                Bug::NulInLabelIsAnError,
                record.label.as_deref().unwrap_or_default(),
            )?;
            Ok(self.do_insert(key, record, now).await)
        })
    }

    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move { Ok(self.do_update(key, version, record, now).await) })
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move { Ok(self.do_touch(key, expires, now)) })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move { Ok(self.do_delete(key, now)) })
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move { Ok(self.do_delete_version(key, version, now).await) })
    }

    fn index<'a>(
        &'a self,
        user: &'a str,
        key: RecordKey,
        until: u64,
        _now: u64,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.refuse(Bug::NulInUserIsAnError, user)?;
            self.do_index(user, key, until);
            Ok(())
        })
    }

    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.do_unindex(user, key);
            Ok(())
        })
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        Box::pin(async move { Ok(self.do_list(user, max, now)) })
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        Box::pin(async move { Ok(self.do_delete_owned(user, which, now).await) })
    }

    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult> {
        Box::pin(async move { Ok(self.do_trim(user, keep, this, now).await) })
    }

    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64> {
        Box::pin(async move { Ok(self.do_delete_expired(before, batch)) })
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(async move {
            if self.has(Bug::DurabilityIsAnError) {
                return Err(StoreError::new("no such setting"));
            }
            Ok(Durability::Process)
        })
    }
}
