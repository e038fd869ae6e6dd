//! The verbs about a user's sessions.
//!
//! The index of a user is a sorted set of the user's records, each with the second until which its entry is needed. It is a
//! hint: in a cluster it is on another server than the records, so no script changes both. It holds every live record of the
//! user, and maybe others; each record is read, and says by itself whose it is.

use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Value, cmd};
use session_core::{RecordKey, protocol::TrimResult};
use session_store::{DeleteScope, SessionInfo, StoreError};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use tracing::warn;

use crate::record::{LISTED_FIELDS, Stored, malformed, stored, text};
use crate::script::INDEX;
use crate::store::{RedisStore, milliseconds};

const DAY: u64 = 24 * 60 * 60;
/// How many records are read or ended in parallel.
const CONCURRENT: usize = 32;

/// A live record of a user.
pub(crate) struct UserRecord {
    /// Its number in the order of logins.
    pub(crate) order: u64,
    pub(crate) info: SessionInfo,
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    pub(crate) async fn add_to_index(
        &self,
        user: &str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> Result<(), StoreError> {
        let until = until.max(now);
        let member = key.to_text();
        let lifetime = milliseconds((until - now).saturating_add(DAY));
        // An entry is removed a day after it has ended. Scores are floating-point numbers, so beyond 2^53 both times are
        // rounded, but in one direction: no entry is removed early.
        let (until, ended) = (until.to_string(), now.saturating_sub(DAY).to_string());
        let arguments = [
            member.as_bytes(),
            until.as_bytes(),
            ended.as_bytes(),
            lifetime.as_bytes(),
        ];
        self.run(&INDEX, &self.index_key(user), &arguments).await?;
        Ok(())
    }

    pub(crate) async fn remove_from_index(
        &self,
        user: &str,
        keys: &[RecordKey],
    ) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut command = cmd("ZREM");
        command.arg(self.index_key(user));
        for key in keys {
            command.arg(key.to_text());
        }
        self.query(&command).await?;
        Ok(())
    }

    /// Returns the live records of a user in the order of logins, the oldest first.
    pub(crate) async fn records_of(
        &self,
        user: &str,
        now: u64,
    ) -> Result<Vec<UserRecord>, StoreError> {
        let user: Arc<str> = user.into();
        let keys = self.indexed(&user).await?;
        let read = |store: Self, key| {
            let user = user.clone();
            async move { store.live_record_of(&user, key, now).await }
        };
        let mut records = Vec::new();
        for record in self.each(keys, read).await? {
            records.extend(record);
        }
        // Two servers of a cluster may give one number twice; the key then decides, in every process alike.
        records.sort_unstable_by_key(|record| (record.order, *record.info.key.as_bytes()));
        Ok(records)
    }

    pub(crate) async fn delete_by_user(
        &self,
        user: &str,
        which: DeleteScope,
        now: u64,
    ) -> Result<u64, StoreError> {
        let mut keys = Vec::new();
        if let DeleteScope::One(key) = which {
            keys.push((key, None));
        } else {
            for key in self.indexed(user).await? {
                if which.names(key) {
                    keys.push((key, None));
                }
            }
        }
        self.end_all(user, keys, now).await
    }

    pub(crate) async fn end_oldest(
        &self,
        user: &str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> Result<TrimResult, StoreError> {
        let records = self.records_of(user, now).await?;
        let surplus = records.len().saturating_sub(keep);
        let mut oldest = Vec::new();
        // The number is a condition: a record that logs in again after it was read has another number. It is among the
        // newest then, and is not ended.
        for record in &records[..surplus] {
            oldest.push((record.info.key, Some(record.order)));
        }
        let ended = self.end_all(user, oldest, now).await?;
        let alive = match self.listed_record(this).await? {
            Stored::Record(record) => record.expires > now,
            Stored::Tombstone(_) | Stored::Nothing => false,
        };
        Ok(TrimResult { ended, alive })
    }

    /// Ends the records that are still this user's, and still have their number in the order if one is given.
    ///
    /// The index entries are removed after the records are ended, never before: an index that lacks a live record would hide
    /// it from the user.
    async fn end_all(
        &self,
        user: &str,
        records: Vec<(RecordKey, Option<u64>)>,
        now: u64,
    ) -> Result<u64, StoreError> {
        let owner: Arc<[u8]> = text(Some(user)).into();
        let end = |store: Self, (key, order): (RecordKey, Option<u64>)| {
            let owner = owner.clone();
            async move {
                let mut conditions = vec![&*owner];
                let order = order.map(|order| order.to_string());
                if let Some(order) = &order {
                    conditions.push(order.as_bytes());
                }
                let ended = store.end(key, &conditions, now).await?;
                Ok(ended.then_some(key))
            }
        };
        let mut ended = Vec::new();
        for key in self.each(records, end).await? {
            ended.extend(key);
        }
        // The records are ended whether or not this succeeds. An entry that stays leads to a tombstone, then to nothing.
        let _ = self.remove_from_index(user, &ended).await;
        Ok(ended.len().try_into().unwrap_or(u64::MAX))
    }

    /// Reads the record. Returns it if it is live and this user's.
    async fn live_record_of(
        &self,
        user: &str,
        key: RecordKey,
        now: u64,
    ) -> Result<Option<UserRecord>, StoreError> {
        let Stored::Record(record) = self.listed_record(key).await? else {
            return Ok(None);
        };
        if record.user.as_deref() != Some(user) || record.expires <= now {
            return Ok(None);
        }
        // `LISTED_FIELDS` has the number in place of the body.
        let order = match std::str::from_utf8(&record.body).map(str::parse) {
            Ok(Ok(order)) => order,
            _ => return Err(malformed()),
        };
        let info = SessionInfo {
            key,
            created: record.created,
            seen: record.seen,
            expires: record.expires,
            label: record.label,
        };
        Ok(Some(UserRecord { order, info }))
    }

    /// Returns a record whose body is its number in the order.
    async fn listed_record(&self, key: RecordKey) -> Result<Stored, StoreError> {
        let mut command = cmd("HMGET");
        command.arg(self.record_key(key)).arg(&LISTED_FIELDS);
        stored(self.query(&command).await?)
    }

    /// Returns the records in the user's index. Members that this store did not write are skipped, with a warning.
    async fn indexed(&self, user: &str) -> Result<Vec<RecordKey>, StoreError> {
        let mut command = cmd("ZRANGE");
        command.arg(self.index_key(user)).arg(0).arg(-1);
        let Value::Array(members) = self.query(&command).await? else {
            return Err(malformed());
        };
        let (mut keys, mut foreign) = (Vec::new(), 0);
        for member in &members {
            match member_key(member) {
                Some(key) => keys.push(key),
                None => foreign += 1,
            }
        }
        if foreign > 0 {
            foreign_members(foreign);
        }
        Ok(keys)
    }

    /// Sends a request for each item, [`CONCURRENT`] at a time, and returns the replies in any order.
    ///
    /// Not a pipeline: in a cluster the records are on several servers.
    async fn each<I, T, F>(
        &self,
        items: Vec<I>,
        request: impl Fn(Self, I) -> F,
    ) -> Result<Vec<T>, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let mut replies = Vec::with_capacity(items.len());
        let mut pending = JoinSet::new();
        let mut items = items.into_iter();
        loop {
            while pending.len() < CONCURRENT
                && let Some(item) = items.next()
            {
                pending.spawn(request(self.clone(), item));
            }
            match pending.join_next().await {
                Some(Ok(reply)) => replies.push(reply?),
                Some(Err(_)) => return Err(StoreError::new("the runtime is ending")),
                None => return Ok(replies),
            }
        }
    }

    /// Returns the key of a user's index. It has a fixed length, also for a user whose name is a megabyte.
    fn index_key(&self, user: &str) -> String {
        let digest = RecordKey::from_bytes(Sha256::digest(user).into());
        format!("{}o:{}", self.prefix, digest.to_text())
    }
}

fn member_key(member: &Value) -> Option<RecordKey> {
    match member {
        Value::BulkString(member) => RecordKey::from_text(std::str::from_utf8(member).ok()?),
        _ => None,
    }
}

/// Warns that a user's index has members that this store did not write.
fn foreign_members(count: usize) {
    warn!(target: "session", count, "a user's index of sessions in Redis has members that this store did not write: does another program use its prefix?");
}
