//! The verbs.

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
            shard.sweep(now.saturating_sub(SLACK), PER_WRITE, &self.room);
            shard.insert(key, record, &self.orders, &self.room)
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
                .update(key, version, record, now, &self.orders, &self.room)
        };
        Box::pin(async move { self.grow(now, update) })
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move { Ok(self.shard(key).touch(key, expires, now, &self.room)) })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let ended = self.shard(key).end(key, now, &self.room, |_, _| true);
            Ok(if ended { Outcome::Done } else { Outcome::Gone })
        })
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move { Ok(self.shard(key).end_version(key, version, now, &self.room)) })
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
            users.sweep(now, PER_WRITE, &self.room);
            users.note(user, key, until, now, &self.room)
        };
        Box::pin(async move { self.grow(now, note) })
    }

    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.users().forget(user, key, &self.room);
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
            let older = records.len().saturating_sub(max);
            Ok(records
                .into_iter()
                .skip(older)
                .map(|(_, listed)| listed)
                .collect())
        })
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let keys = self.users().keys(user);
            let named = keys.into_iter().filter(|key| which.names(*key));
            Ok(named
                .map(|key| u64::from(self.end(user, key, now, |_| true)))
                .sum())
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
            // What got a user anew since is among the newest: it has another order.
            let end = |(order, listed): &(u64, SessionInfo)| {
                u64::from(self.end(user, listed.key, now, |order_now| order_now == *order))
            };
            let ended = records.iter().take(surplus).map(end).sum();
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
