//! Random operations on the store and on the model.

use super::*;

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

/// The seconds between the first and the last time. Less than a note lasts.
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

/// A session with a user is never refused because of anonymous ones, and an anonymous one only if there are too many.
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
            if store.load(key, 0).await.unwrap() == Loaded::NotFound && model.may_be_gone(key) {
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
