//! The store under test, the records of the rules, and the failure of a rule.

use std::fmt::Display;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;

use session_core::{
    RecordKey,
    protocol::{
        Inserted, Loaded, Outcome, Record, StoreReply, StoreRequest, TOMBSTONE_SECONDS, TrimResult,
        Updated,
    },
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::describe::Describe;

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const HOUR: u64 = 60 * 60;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Returns a different key for each number. Its other bytes are zero, so that a store that compares a part of a key
/// fails; see also the rules about hostile keys.
pub(crate) fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    RecordKey::from_bytes(bytes)
}

/// A record without a user that is live for an hour.
pub(crate) fn record(version: u64) -> Record {
    let body = version.to_le_bytes().into();
    Record {
        version,
        expires: NOW + HOUR,
        created: NOW,
        seen: NOW,
        user: None,
        label: None,
        body,
    }
}

pub(crate) fn of_user(version: u64, user: &str) -> Record {
    Record {
        user: Some(user.into()),
        ..record(version)
    }
}

/// Returns the tombstone of a record that was deleted at this second.
pub(crate) fn tombstone(now: u64) -> Loaded {
    Loaded::Tombstone {
        expires: now + TOMBSTONE_SECONDS,
    }
}

/// Fails unless the store's reply is the one of the contract.
#[track_caller]
pub(crate) fn expect<T: Describe + PartialEq>(rule: impl Display, actual: &T, wanted: &T) {
    expect_one_of(rule, actual, std::slice::from_ref(wanted));
}

/// Fails unless the store's reply is one of those that the contract allows.
#[track_caller]
pub(crate) fn expect_one_of<T: Describe + PartialEq>(rule: impl Display, actual: &T, wanted: &[T]) {
    if !wanted.contains(actual) {
        let wanted = wanted
            .iter()
            .map(Describe::describe)
            .collect::<Vec<_>>()
            .join("\n        or ");
        broken(
            rule,
            format!("\n  expected {wanted}\n    actual {}", actual.describe()),
        );
    }
}

/// Fails unless this holds.
#[track_caller]
pub(crate) fn hold(rule: impl Display, holds: bool) {
    if !holds {
        broken(rule, String::new());
    }
}

#[track_caller]
pub(crate) fn broken(rule: impl Display, how: String) -> ! {
    panic!("the store breaks its contract: {rule}{how}\n")
}

/// The store. Its methods are the verbs; a `StoreError` fails the rule.
#[derive(Clone)]
pub(crate) struct StoreUnderTest(pub(crate) Arc<dyn Store>);

#[track_caller]
fn expect_ok<T>(verb: &str, result: Result<T, StoreError>) -> T {
    let error = match result {
        Ok(reply) => return reply,
        Err(error) => error,
    };
    let mut message = format!(", but returned an error: {error}");
    if let Some(source) = std::error::Error::source(&error) {
        message = format!("{message}: {source}");
    }
    broken(format_args!("{verb} must succeed here"), message)
}

impl StoreUnderTest {
    pub(crate) async fn load(&self, key: RecordKey, now: u64) -> Loaded {
        expect_ok("load", self.0.load(key, now).await)
    }

    pub(crate) async fn insert(&self, key: RecordKey, record: &Record, now: u64) -> Inserted {
        expect_ok("insert", self.0.insert(key, record, now).await)
    }

    pub(crate) async fn update(
        &self,
        key: RecordKey,
        version: u64,
        record: &Record,
        now: u64,
    ) -> Updated {
        expect_ok("update", self.0.update(key, version, record, now).await)
    }

    pub(crate) async fn touch(&self, key: RecordKey, expires: u64, now: u64) -> Outcome {
        expect_ok("touch", self.0.touch(key, expires, now).await)
    }

    pub(crate) async fn delete(&self, key: RecordKey, now: u64) -> Outcome {
        expect_ok("delete", self.0.delete(key, now).await)
    }

    pub(crate) async fn delete_version(&self, key: RecordKey, version: u64, now: u64) -> Updated {
        expect_ok(
            "delete_version",
            self.0.delete_version(key, version, now).await,
        )
    }

    pub(crate) async fn index(&self, user: &str, key: RecordKey, until: u64, now: u64) {
        expect_ok("index", self.0.index(user, key, until, now).await);
    }

    pub(crate) async fn unindex(&self, user: &str, key: RecordKey) {
        expect_ok("unindex", self.0.unindex(user, key).await);
    }

    pub(crate) async fn list(&self, user: &str, max: usize, now: u64) -> Vec<SessionInfo> {
        expect_ok("list", self.0.list(user, max, now).await)
    }

    pub(crate) async fn delete_owned(&self, user: &str, which: DeleteScope, now: u64) -> u64 {
        expect_ok("delete_owned", self.0.delete_owned(user, which, now).await)
    }

    pub(crate) async fn trim(
        &self,
        user: &str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> TrimResult {
        expect_ok("trim", self.0.trim(user, keep, this, now).await)
    }

    pub(crate) async fn delete_expired(&self, before: u64, batch: usize) -> u64 {
        expect_ok("delete_expired", self.0.delete_expired(before, batch).await)
    }

    pub(crate) async fn durability(&self) -> Durability {
        expect_ok("durability", self.0.durability().await)
    }

    /// Carries out a request of the core.
    pub(crate) async fn request(&self, request: &StoreRequest) -> StoreReply {
        match request {
            StoreRequest::Load { key, now } => StoreReply::Loaded(self.load(*key, *now).await),
            StoreRequest::Insert { key, record, now } => {
                StoreReply::Inserted(self.insert(*key, record, *now).await)
            }
            StoreRequest::Update {
                key,
                version,
                record,
                now,
            } => StoreReply::Updated(self.update(*key, *version, record, *now).await),
            StoreRequest::Touch { key, expires, now } => {
                StoreReply::Touched(self.touch(*key, *expires, *now).await)
            }
            StoreRequest::Delete { key, version, now } => {
                StoreReply::Deleted(self.delete_version(*key, *version, *now).await)
            }
            StoreRequest::Index {
                user,
                key,
                until,
                now,
            } => {
                self.index(user, *key, *until, *now).await;
                StoreReply::Noted
            }
            StoreRequest::Unindex { user, key } => {
                self.unindex(user, *key).await;
                StoreReply::Noted
            }
            StoreRequest::Trim {
                user,
                keep,
                this,
                now,
            } => StoreReply::Trimmed(self.trim(user, *keep, *this, *now).await),
            other => panic!("the kit has no verb {}", other.verb()),
        }
    }

    /// Logs in as the core does: index first, then insert, so that the index never lacks a live record.
    pub(crate) async fn log_in(&self, number: u64, user: &str) {
        self.index(user, key(number), NOW + HOUR, NOW).await;
        let inserted = self.insert(key(number), &of_user(number, user), NOW).await;
        expect(
            "insert, nothing there: creates the record",
            &inserted,
            &Inserted::Done,
        );
    }

    /// Returns the keys of a user's live records, in the order of logins.
    pub(crate) async fn keys(&self, user: &str) -> Vec<RecordKey> {
        let mut keys = Vec::new();
        for session in self.list(user, usize::MAX, NOW).await {
            keys.push(session.key);
        }
        keys
    }

    /// Returns the record, which must be live.
    pub(crate) async fn live(&self, key: RecordKey) -> Record {
        match self.load(key, NOW).await {
            Loaded::Live(record) => record,
            loaded => broken(
                "load, a live record: Loaded::Live",
                format!("\n    actual {}", loaded.describe()),
            ),
        }
    }
}

/// Runs `count` tasks concurrently, and returns their results in the order of their numbers.
pub(crate) async fn concurrently<T, R>(count: u64, run: impl Fn(u64) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(usize::try_from(count).unwrap()));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (barrier, task) = (barrier.clone(), run(number));
        tasks.spawn(async move {
            barrier.wait().await;
            (number, task.await)
        });
    }
    let mut results = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(result) => results.push(result),
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
