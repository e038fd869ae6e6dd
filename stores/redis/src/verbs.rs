//! The verbs of [`RedisStore`].

use redis::aio::ConnectionLike;
use redis::{Value, cmd};
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};

use crate::record::{FIELDS, Stored, digits, malformed, stored, text};
use crate::script::{DELETE, DELETE_VERSION, INSERT, Script, TOUCH, UPDATE};
use crate::server;
use crate::store::{RedisStore, milliseconds};

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// Ends a record, if it meets the conditions: its owner, then its number in the order; each may be left out. Returns
    /// whether it did.
    pub(crate) async fn end(
        &self,
        key: RecordKey,
        conditions: &[&[u8]],
        now: u64,
    ) -> Result<bool, StoreError> {
        match self.run_delete(&DELETE, key, conditions, now).await? {
            Value::Int(ended) => Ok(ended == 1),
            _ => Err(malformed()),
        }
    }

    async fn end_version(
        &self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> Result<Updated, StoreError> {
        let version = digits(version);
        updated(
            self.run_delete(&DELETE_VERSION, key, &[&version], now)
                .await?,
        )
    }

    /// Runs a script that replaces a record by a tombstone if its conditions hold.
    async fn run_delete(
        &self,
        script: &Script,
        key: RecordKey,
        conditions: &[&[u8]],
        now: u64,
    ) -> Result<Value, StoreError> {
        let lifetime = milliseconds(TOMBSTONE_SECONDS);
        let end = digits(now.saturating_add(TOMBSTONE_SECONDS));
        let arguments = [&[lifetime.as_bytes(), &end], conditions].concat();
        self.run(script, &self.record_key(key), &arguments).await
    }

    async fn create(
        &self,
        key: RecordKey,
        record: &Record,
        now: u64,
    ) -> Result<Inserted, StoreError> {
        let encoded = Encoded::new(record, now);
        let arguments = encoded.arguments(record);
        let reply = self.run(&INSERT, &self.record_key(key), &arguments).await?;
        if let Value::Int(_) = reply {
            return Ok(Inserted::Done);
        }
        match stored(reply)? {
            Stored::Record(record) => Ok(Inserted::Exists(record)),
            Stored::Tombstone(_) => Ok(Inserted::Tombstone),
            // Not a reply of the script: it has found the key in use.
            Stored::Nothing => Err(malformed()),
        }
    }

    async fn replace(
        &self,
        key: RecordKey,
        version: u64,
        record: &Record,
        now: u64,
    ) -> Result<Updated, StoreError> {
        let encoded = Encoded::new(record, now);
        let (version, now) = (digits(version), digits(now));
        let arguments = [&encoded.arguments(record)[..], &[&version, &now]].concat();
        updated(self.run(&UPDATE, &self.record_key(key), &arguments).await?)
    }
}

/// Reads the reply of `update.lua` and `delete_version.lua`: 1, 0, or the record of another version.
fn updated(reply: Value) -> Result<Updated, StoreError> {
    match reply {
        Value::Int(1) => Ok(Updated::Done),
        Value::Int(_) => Ok(Updated::Gone),
        fields => match stored(fields)? {
            Stored::Record(record) => Ok(Updated::Conflict(record)),
            Stored::Tombstone(_) | Stored::Nothing => Err(malformed()),
        },
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Store for RedisStore<C> {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(async move {
            let mut command = cmd("HMGET");
            command.arg(self.record_key(key)).arg(&FIELDS);
            let loaded = match stored(self.query(&command).await?)? {
                Stored::Record(record) => Loaded::Live(record),
                Stored::Tombstone(expires) => Loaded::Tombstone { expires },
                Stored::Nothing => Loaded::NotFound,
            };
            // Redis removes by its own clock, an hour late; `now` decides.
            Ok(loaded.at(now))
        })
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Inserted> {
        Box::pin(self.create(key, record, now))
    }

    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(self.replace(key, version, record, now))
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let lifetime = milliseconds(expires.saturating_sub(now));
            let arguments: [&[u8]; 3] = [lifetime.as_bytes(), &digits(expires), &digits(now)];
            match self.run(&TOUCH, &self.record_key(key), &arguments).await? {
                Value::Int(1) => Ok(Outcome::Done),
                _ => Ok(Outcome::Gone),
            }
        })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let ended = self.end(key, &[], now).await?;
            Ok(if ended { Outcome::Done } else { Outcome::Gone })
        })
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(self.end_version(key, version, now))
    }

    fn index<'a>(
        &'a self,
        user: &'a str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> StoreFuture<'a, ()> {
        Box::pin(self.add_to_index(user, key, until, now))
    }

    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.remove_from_index(user, &[key]).await })
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        Box::pin(async move {
            let mut records = self.records_of(user, now).await?;
            let newest = records.split_off(records.len().saturating_sub(max));
            Ok(newest.into_iter().map(|record| record.info).collect())
        })
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        Box::pin(self.delete_by_user(user, which, now))
    }

    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult> {
        Box::pin(self.end_oldest(user, keep, this, now))
    }

    /// Removes nothing: each key has an expiry in Redis.
    fn delete_expired<'a>(&'a self, _before: u64, _batch: usize) -> StoreFuture<'a, u64> {
        Box::pin(async { Ok(0) })
    }

    /// Returns the durability of the weakest of several servers. In a cluster a crash may lead to a failover, which at best
    /// loses only [the last moments](Durability::LastMoments). The store cannot see whether a replica of a single server takes
    /// over.
    ///
    /// | appendonly | appendfsync | durability |
    /// |---|---|---|
    /// | no | | [`Durability::Process`] |
    /// | yes | `everysec`, `no`, or unknown | [`Durability::LastMoments`] |
    /// | yes | `always`, but not while the file is rewritten | [`Durability::Crash`] |
    /// | yes | `always` | [`Durability::PowerLoss`] |
    /// | unknown | | [`Durability::Unknown`] |
    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(async move {
            let servers = match self.servers().await {
                // The server replies, but refuses INFO: some services forbid it.
                Err(error) if error.is_refused() => return Ok(Durability::Unknown),
                servers => servers?,
            };
            let enabled = servers.values("aof_enabled");
            if enabled.is_empty() {
                return Ok(Durability::Unknown);
            }
            // A server that does not report the setting may have it off.
            if enabled.len() < servers.count() || enabled.iter().any(|value| *value != "1") {
                return Ok(Durability::Process);
            }
            if servers.is_cluster() {
                return Ok(Durability::LastMoments);
            }
            let mut command = cmd("CONFIG");
            command.arg("GET").arg("appendfsync");
            command.arg("no-appendfsync-on-rewrite");
            // Some services have no such command; then the settings are unknown.
            let settings = self.query(&command).await.unwrap_or_default();
            Ok(server::appending(settings))
        })
    }
}

/// A record as the first eight arguments of `insert.lua` and `update.lua`.
struct Encoded {
    lifetime: String,
    numbers: [[u8; 20]; 4],
    user: Vec<u8>,
    label: Vec<u8>,
}

impl Encoded {
    fn new(record: &Record, now: u64) -> Self {
        Self {
            lifetime: milliseconds(record.expires.saturating_sub(now)),
            numbers: [record.version, record.expires, record.created, record.seen].map(digits),
            user: text(record.user.as_deref()),
            label: text(record.label.as_deref()),
        }
    }

    fn arguments<'a>(&'a self, record: &'a Record) -> [&'a [u8]; 8] {
        let [version, expires, created, seen] = &self.numbers;
        [
            self.lifetime.as_bytes(),
            version,
            expires,
            created,
            seen,
            &self.user,
            &self.label,
            &record.body,
        ]
    }
}
