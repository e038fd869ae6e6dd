//! A store that never replies.

use std::future::pending;

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreFuture};

pub(crate) struct Hanging;

impl Store for Hanging {
    fn load<'a>(&'a self, _: RecordKey, _: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(pending())
    }

    fn insert<'a>(&'a self, _: RecordKey, _: &'a Record, _: u64) -> StoreFuture<'a, Inserted> {
        Box::pin(pending())
    }

    fn update<'a>(
        &'a self,
        _: RecordKey,
        _: u64,
        _: &'a Record,
        _: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(pending())
    }

    fn touch<'a>(&'a self, _: RecordKey, _: u64, _: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(pending())
    }

    fn delete_version<'a>(&'a self, _: RecordKey, _: u64, _: u64) -> StoreFuture<'a, Updated> {
        Box::pin(pending())
    }
    fn delete<'a>(&'a self, _: RecordKey, _: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(pending())
    }

    fn index<'a>(&'a self, _: &'a str, _: RecordKey, _: u64, _: u64) -> StoreFuture<'a, ()> {
        Box::pin(pending())
    }

    fn unindex<'a>(&'a self, _: &'a str, _: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(pending())
    }

    fn list<'a>(&'a self, _: &'a str, _: usize, _: u64) -> StoreFuture<'a, Vec<SessionInfo>> {
        Box::pin(pending())
    }

    fn delete_owned<'a>(&'a self, _: &'a str, _: DeleteScope, _: u64) -> StoreFuture<'a, u64> {
        Box::pin(pending())
    }

    fn trim<'a>(
        &'a self,
        _: &'a str,
        _: usize,
        _: RecordKey,
        _: u64,
    ) -> StoreFuture<'a, TrimResult> {
        Box::pin(pending())
    }

    fn delete_expired<'a>(&'a self, _: u64, _: usize) -> StoreFuture<'a, u64> {
        Box::pin(pending())
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(pending())
    }
}
