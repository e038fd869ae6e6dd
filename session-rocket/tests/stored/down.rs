//! A memory store that can be switched off.

use std::sync::atomic::{AtomicBool, Ordering};

use session_rocket::MemoryStore;
use session_rocket::session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_rocket::session_store::{
    DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture,
};

#[derive(Default)]
pub(crate) struct Switched {
    inner: MemoryStore,
    off: AtomicBool,
}

impl Switched {
    pub(crate) fn switch(&self, on: bool) {
        self.off.store(!on, Ordering::SeqCst);
    }

    fn meet<'a, T: Send + 'a>(&'a self, answer: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        if self.off.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::new("the test's store is down")) });
        }
        answer
    }
}

impl Store for Switched {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        self.meet(self.inner.load(key, now))
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Inserted> {
        self.meet(self.inner.insert(key, record, now))
    }

    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        self.meet(self.inner.update(key, version, record, now))
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        self.meet(self.inner.touch(key, expires, now))
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        self.meet(self.inner.delete_version(key, version, now))
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        self.meet(self.inner.delete(key, now))
    }

    fn index<'a>(
        &'a self,
        user: &'a str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> StoreFuture<'a, ()> {
        self.meet(self.inner.index(user, key, until, now))
    }

    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()> {
        self.meet(self.inner.unindex(user, key))
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        self.meet(self.inner.list(user, max, now))
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        self.meet(self.inner.delete_owned(user, which, now))
    }

    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult> {
        self.meet(self.inner.trim(user, keep, this, now))
    }

    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64> {
        self.meet(self.inner.delete_expired(before, batch))
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        self.meet(self.inner.durability())
    }
}
