//! The memory store beside the plainest model of one.

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
            Some(Slot::Tombstone(expires)) => Loaded::Dead { expires: *expires },
            None => Loaded::Absent,
        }
    }

    fn insert(&mut self, key: RecordKey, record: &Record) -> Inserted {
        match self.load(key) {
            Loaded::Live(record) => Inserted::Exists(record),
            Loaded::Dead { .. } => Inserted::Dead,
            Loaded::Absent => {
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

    /// What is there already takes room, as far as it is among the strangers'.
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
            if loaded == Loaded::Absent && self.may_be_gone(key) {
                self.slots.remove(&key);
            }
            assert_eq!(loaded, self.load(key));
        }
    }
}

#[derive(Debug, Clone)]
enum Operation {
    Insert(RecordKey, Record),
    Update(RecordKey, u64, Record),
    Touch(RecordKey, u64),
    Delete(RecordKey),
    DeleteVersion(RecordKey, u64),
    Index(&'static str, RecordKey),
    Unindex(&'static str, RecordKey),
    List(&'static str, usize),
    DeleteOwned(&'static str, DeleteScope),
    Trim(&'static str, usize, RecordKey),
    DeleteExpired(u64, usize),
}

/// So many seconds lie between the first and the last time: less than notes last.
const SPAN: u64 = 400;

fn any_key() -> impl Strategy<Value = RecordKey> {
    // Most of them in one shard of 64.
    prop::sample::select(vec![0, 64, 128, 192, 256, 320, 1, 65, 2]).prop_map(key)
}

fn any_user() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["ada", "bob", ""])
}

fn any_which() -> impl Strategy<Value = DeleteScope> {
    prop_oneof![
        Just(DeleteScope::All),
        any_key().prop_map(DeleteScope::AllBut),
        any_key().prop_map(DeleteScope::One)
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    let times = (0..SPAN, 0..SPAN, 0..SPAN);
    (
        0..4_u64,
        times,
        prop::option::of(any_user()),
        prop::option::of("[a-z]{0,9}"),
        0..400_usize,
    )
        .prop_map(
            |(version, (expires, created, seen), user, label, size)| Record {
                version,
                expires,
                created,
                seen,
                user: user.map(Into::into),
                label: label.map(Into::into),
                body: vec![0; size].into(),
            },
        )
}

fn any_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => (any_key(), any_record()).prop_map(|(key, record)| Operation::Insert(key, record)),
        6 => (any_key(), 0..4_u64, any_record()).prop_map(|(key, version, record)| Operation::Update(key, version, record)),
        2 => (any_key(), 0..SPAN).prop_map(|(key, expires)| Operation::Touch(key, expires)),
        1 => any_key().prop_map(Operation::Delete),
        2 => (any_key(), 0..4_u64).prop_map(|(key, version)| Operation::DeleteVersion(key, version)),
        1 => (any_user(), any_key()).prop_map(|(user, key)| Operation::Index(user, key)),
        1 => (any_user(), any_key()).prop_map(|(user, key)| Operation::Unindex(user, key)),
        3 => (any_user(), 0..5_usize).prop_map(|(user, max)| Operation::List(user, max)),
        1 => (any_user(), any_which()).prop_map(|(user, which)| Operation::DeleteOwned(user, which)),
        2 => (any_user(), 0..4_usize, any_key()).prop_map(|(user, keep, this)| Operation::Trim(user, keep, this)),
        1 => (0..SPAN, 0..4_usize).prop_map(|(before, batch)| Operation::DeleteExpired(before, batch)),
    ]
}

/// Whoever has a user is never refused for strangers' sake, and a stranger only if there are too many.
fn check_refusal(model: &Model, error: &StoreError, key: RecordKey, record: &Record, limit: usize) {
    if error
        .to_string()
        .starts_with("the memory store is full of sessions without a user")
    {
        assert_eq!(record.user, None);
        assert!(model.is_full_of_strangers(key, record, limit));
    }
}

async fn compare(
    store: &MemoryStore,
    model: &mut Model,
    operation: Operation,
    now: u64,
    anonymous_limit: usize,
) {
    model.latest = model.latest.max(now);
    match operation {
        Operation::Insert(key, record) => {
            if let Some(user) = &record.user
                && store.index(user, key, record.expires, now).await.is_err()
            {
                return;
            }
            let inserted = match store.insert(key, &record, now).await {
                Ok(inserted) => inserted,
                Err(error) => {
                    model.follow(store).await;
                    return check_refusal(model, &error, key, &record, anonymous_limit);
                }
            };
            if inserted == Inserted::Done && model.may_be_gone(key) {
                model.slots.remove(&key);
            }
            assert_eq!(inserted, model.insert(key, &record));
        }
        Operation::Update(key, version, record) => {
            if let Some(user) = &record.user
                && store.index(user, key, record.expires, now).await.is_err()
            {
                return;
            }
            let updated = match store.update(key, version, &record, now).await {
                Ok(updated) => updated,
                Err(error) => {
                    model.follow(store).await;
                    return check_refusal(model, &error, key, &record, anonymous_limit);
                }
            };
            // Where it was full, garbage was cleared away: maybe this record, which has expired by another's time.
            if store.load(key, 0).await.unwrap() == Loaded::Absent && model.may_be_gone(key) {
                model.slots.remove(&key);
            }
            assert_eq!(updated, model.update(key, version, &record, now));
        }
        Operation::Touch(key, expires) => {
            assert_eq!(
                store.touch(key, expires, now).await.unwrap(),
                model.touch(key, expires, now)
            );
        }
        Operation::Delete(key) => {
            assert_eq!(
                store.delete(key, now).await.unwrap(),
                model.delete(key, now)
            );
        }
        Operation::DeleteVersion(key, version) => {
            let deleted = store.delete_version(key, version, now).await.unwrap();
            assert_eq!(deleted, model.delete_version(key, version, now));
        }
        Operation::Index(user, key) => drop(store.index(user, key, now, now).await),
        // As the core does: only of a record that is not this user's.
        Operation::Unindex(user, key) => {
            if !matches!(model.load(key), Loaded::Live(record) if record.user.as_deref() == Some(user))
            {
                store.unindex(user, key).await.unwrap();
            }
        }
        Operation::List(user, max) => {
            let listed = model.list(user, now);
            let newest = &listed[listed.len().saturating_sub(max)..];
            assert_eq!(store.list(user, max, now).await.unwrap(), newest);
        }
        Operation::DeleteOwned(user, which) => {
            let ended = store.delete_owned(user, which, now).await.unwrap();
            assert_eq!(ended, model.delete_owned(user, which, now));
        }
        Operation::Trim(user, keep, this) => {
            let trimmed = store.trim(user, keep, this, now).await.unwrap();
            assert_eq!(trimmed, model.trim(user, keep, this, now));
        }
        Operation::DeleteExpired(before, batch) => {
            model.latest = model.latest.max(before);
            let keys: Vec<_> = model.slots.keys().copied().collect();
            let ended = keys
                .iter()
                .filter(|key| model.expires(**key).is_some_and(|expires| expires < before));
            let expected = u64::try_from(ended.count().min(batch)).unwrap();
            assert_eq!(store.delete_expired(before, batch).await.unwrap(), expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Every verb in any order, at times that step about, with room and without.
    #[test]
    fn as_the_model(
        operations in prop::collection::vec((any_operation(), 0..SPAN), 1..80),
        limit in prop::sample::select(vec![usize::MAX, 8_000, 3_000]),
        anonymous in prop::sample::select(vec![usize::MAX, 4_000, 1_500]),
    ) {
        let store = MemoryStore::with_limit(limit).anonymous_limit(anonymous);
        block_on(async {
            let mut model = Model::default();
            for (operation, now) in operations {
                compare(&store, &mut model, operation, now, anonymous).await;
                assert!(store.used_bytes() <= limit && store.anonymous_bytes() <= anonymous);
                model.follow(&store).await;
                let records = model.slots.values().filter(|slot| matches!(slot, Slot::Record(..)));
                assert_eq!(store.len(), records.count());
                assert_eq!(store.anonymous_bytes(), model.anonymous_bytes());
            }
            // Not a byte is miscounted.
            store.delete_expired(u64::MAX, usize::MAX).await.unwrap();
            assert_eq!((store.len(), store.used_bytes(), store.anonymous_bytes()), (0, 0, 0));
        });
    }
}
