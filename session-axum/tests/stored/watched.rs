//! A memory store that records its requests, and fails as planned.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_axum::MemoryStore;
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};
use tokio::sync::Semaphore;

/// The fault that a request meets.
#[derive(Clone)]
pub(crate) enum Fault {
    /// No answer ever comes, and nothing is done.
    Hang,
    /// An error, and nothing is done.
    Fail,
    /// It is done, and the answer is lost.
    LoseAnswer,
    Panic,
    /// It is done once the gate is opened.
    Wait(Gate),
}

/// Holds a question: who waits for it knows that it has arrived, and when it was let go.
#[derive(Clone)]
pub(crate) struct Gate {
    arrived: Arc<Semaphore>,
    open: Arc<Semaphore>,
    passed: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self {
            arrived: closed(),
            open: closed(),
            passed: closed(),
        }
    }

    pub(crate) async fn arrived(&self) {
        wait(&self.arrived).await;
    }

    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }

    /// Once what was held has been done.
    pub(crate) async fn passed(&self) {
        wait(&self.passed).await;
    }

    /// For handlers: says that it is here, and waits.
    pub(crate) async fn hold(&self) {
        self.arrived.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }
}

/// Waits for an event that comes soon, or fails after a generous limit.
async fn wait(semaphore: &Semaphore) {
    tokio::time::timeout(Duration::from_secs(20), semaphore.acquire())
        .await
        .unwrap()
        .unwrap()
        .forget();
}

#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) inner: MemoryStore,
    calls: Mutex<Vec<&'static str>>,
    plan: Mutex<Vec<(&'static str, usize, Fault)>>,
}

impl Watched {
    pub(crate) fn over(inner: MemoryStore) -> Self {
        Self {
            inner,
            ..Self::default()
        }
    }

    /// The next `times` questions of this verb are met by a fault.
    pub(crate) fn plan(&self, verb: &'static str, times: usize, fault: Fault) {
        self.plan.lock().unwrap().push((verb, times, fault));
    }

    pub(crate) fn heal(&self) {
        self.plan.lock().unwrap().clear();
    }

    /// Returns the requests since the last call.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn fault(&self, verb: &'static str) -> Option<Fault> {
        self.calls.lock().unwrap().push(verb);
        let mut plan = self.plan.lock().unwrap();
        let (_, times, fault) = plan
            .iter_mut()
            .find(|(planned, times, _)| *planned == verb && *times > 0)?;
        *times -= 1;
        Some(fault.clone())
    }

    fn meet<'a, T: Send + 'a>(
        &'a self,
        verb: &'static str,
        answer: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            match self.fault(verb) {
                None => answer.await,
                Some(Fault::Hang) => std::future::pending().await,
                Some(Fault::Fail) => Err(StoreError::new("the test's store is down")),
                Some(Fault::LoseAnswer) => {
                    answer.await?;
                    Err(StoreError::new("the connection was cut").with_source("by the test"))
                }
                Some(Fault::Panic) => panic!("the store's"),
                Some(Fault::Wait(gate)) => {
                    gate.hold().await;
                    let answer = answer.await;
                    gate.passed.add_permits(1);
                    answer
                }
            }
        })
    }
}

impl Store for Watched {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        self.meet("load", self.inner.load(key, now))
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Inserted> {
        self.meet("insert", self.inner.insert(key, record, now))
    }

    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        self.meet("update", self.inner.update(key, version, record, now))
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        self.meet("touch", self.inner.touch(key, expires, now))
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        self.meet("delete", self.inner.delete_version(key, version, now))
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        self.meet("delete", self.inner.delete(key, now))
    }

    fn index<'a>(
        &'a self,
        user: &'a str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> StoreFuture<'a, ()> {
        self.meet("index", self.inner.index(user, key, until, now))
    }

    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()> {
        self.meet("unindex", self.inner.unindex(user, key))
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        self.meet("list", self.inner.list(user, max, now))
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        self.meet("delete_owned", self.inner.delete_owned(user, which, now))
    }

    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult> {
        self.meet("trim", self.inner.trim(user, keep, this, now))
    }

    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64> {
        self.meet("delete_expired", self.inner.delete_expired(before, batch))
    }

    fn confirm(&self) -> StoreFuture<'_, ()> {
        self.meet("confirm", self.inner.confirm())
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        self.meet("durability", self.inner.durability())
    }
}
