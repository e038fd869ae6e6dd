//! The store's verbs. Each runs when it is first polled, and is then ready.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};

use super::{MemoryStore, PER_WRITE, SLACK};
use crate::contract::durability::Durability;
use crate::contract::store::{DeleteScope, SessionInfo, Store, StoreFuture};

impl Store for MemoryStore {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(async move { Ok(self.shard(key).load(key).at(now)) })
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Inserted> {
        let insert = move || {
            let mut shard = self.shard(key);
            shard.sweep(now.saturating_sub(SLACK), PER_WRITE, &self.budget);
            shard.insert(key, record, &self.orders, &self.budget)
        };
        Box::pin(async move { self.grow(now, insert) })
    }

    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        let update = move || {
            self.shard(key)
                .update(key, version, record, now, &self.orders, &self.budget)
        };
        Box::pin(async move { self.grow(now, update) })
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move { Ok(self.shard(key).touch(key, expires, now, &self.budget)) })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let ended = self.shard(key).end(key, now, &self.budget, |_, _| true);
            Ok(if ended { Outcome::Done } else { Outcome::Gone })
        })
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move { Ok(self.shard(key).end_version(key, version, now, &self.budget)) })
    }

    fn index<'a>(
        &'a self,
        user: &'a str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> StoreFuture<'a, ()> {
        let note = move || {
            let mut users = self.users();
            users.sweep(now, PER_WRITE, &self.budget);
            users.note(user, key, until, now, &self.budget)
        };
        Box::pin(async move { self.grow(now, note) })
    }

    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.users().forget(user, key, &self.budget);
            Ok(())
        })
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        Box::pin(async move {
            let records = self.records_of(user, now);
            // The oldest come first, and the newest are to be listed.
            let surplus = records.len().saturating_sub(max);
            let newest = records.into_iter().skip(surplus);
            Ok(newest.map(|(_, info)| info).collect())
        })
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut ended = 0;
            let keys = self.users().keys(user);
            for key in keys {
                if which.names(key) && self.end(user, key, now, None) {
                    ended += 1;
                }
            }
            Ok(ended)
        })
    }

    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult> {
        Box::pin(async move {
            let records = self.records_of(user, now);
            let surplus = records.len().saturating_sub(keep);
            let mut ended = 0;
            for (order, info) in records.into_iter().take(surplus) {
                // A record that logged in again since has another order, and is now among the newest.
                if self.end(user, info.key, now, Some(order)) {
                    ended += 1;
                }
            }
            Ok(TrimResult {
                ended,
                alive: self.shard(this).live(this, now).is_some(),
            })
        })
    }

    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64> {
        Box::pin(async move { Ok(self.sweep(before, batch).try_into().unwrap_or(u64::MAX)) })
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(async { Ok(Durability::Process) })
    }
}
