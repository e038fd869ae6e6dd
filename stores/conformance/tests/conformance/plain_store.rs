//! The plain store as a [`Store`]: each verb calls its method of [`Plain`].

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};

use crate::bug::Bug;
use crate::plain::Plain;

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
