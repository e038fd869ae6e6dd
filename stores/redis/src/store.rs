//! The store itself: what it is made of, and its verbs.

use std::fmt;
use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use redis::{Arg, Client, Cmd, Value, cmd};
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};

use crate::connection::RedisConnection;
use crate::error::{failed, not_allowed};
use crate::record::{FIELDS, Found, digits, found, malformed, text};
use crate::script::{CHECK, DELETE, DELETE_VERSION, INSERT, Script, TOUCH, UPDATE};
use crate::server::{self, Servers};

/// How many seconds longer than needed Redis keeps what it then removes by itself: its clock is another one.
const SLACK: u64 = 60 * 60;
/// The longest native lifetime, a hundred years: Redis refuses what overflows. It counts anew from each write.
const LONGEST: u64 = 100 * 365 * 24 * 60 * 60;
const LONGEST_PREFIX: usize = 100;

/// Keeps sessions in Redis 7, Valkey, or a cluster of either: for an application of several processes. Feature `redis`.
///
/// - **A connection of its own**, one for all questions. It is replaced when it was cut, when three questions in a row got no
///   answer, when the server says that it is a replica now, and after a password that was refused: so the store is back when
///   Redis is. [Connections of the application's](Self::with_connection), also to a cluster, can be used instead.
/// - **One round trip** for a read, and one for a write: a script, which the server is sent only if it does not know it.
///   Questions by user look at each of that user's records, 32 at a time.
/// - **Of all keys, ours begin with the prefix**, which nobody else may use: `{prefix}s:` and the digest of the session's id,
///   `{prefix}o:` and the digest of a user's name. Nothing that is kept opens a session.
/// - **It cleans up by itself.** Every key has a native expiry, an hour later than is needed, relative to the server's clock.
///   So the clocks of servers and application need not agree.
/// - **It must never evict.** `maxmemory-policy` is to be `noeviction`; [`check`](Self::check) tells. A Redis that is full
///   refuses writes with a [`StoreError`], still extends and ends sessions, and loses none.
/// - **It reads from primaries only.** A connection that reads from replicas
///   (`ClusterClientBuilder::read_from_replicas`) may show sessions that were ended.
/// - **What it survives** depends on how it is configured: see [`durability`](Store::durability). With `appendonly yes` and
///   `appendfsync always` an answered write survives a crash and a power loss. Replication is asynchronous: a failover may
///   lose the last moments, a logout among them.
/// - **The order of logins** is that of the servers' clocks, in microseconds. In a cluster whose clocks differ, so may the
///   order of two logins that lie closer together than that; a limit on sessions still ends exactly those too many.
/// - **Few permissions.** `EVALSHA`, `EVAL`, `HMGET`, `ZRANGE`, `ZREM`; in scripts `HGET`, `HMGET`, `HSET`, `EXISTS`, `DEL`,
///   `PEXPIRE`, `PTTL`, `TIME`, `ZADD`, `ZREMRANGEBYSCORE`; `INFO` for [`check`](Self::check) and, with `CONFIG GET`, for
///   [`durability`](Store::durability); in a cluster `CLUSTER SLOTS` for the client. Of categories these are parts of
///   `@scripting`, `@hash`, `@sortedset`, `@keyspace`, and `INFO` and `CONFIG GET` of `@dangerous`:
///
///   ```text
///   ACL SETUSER shop on >password resetkeys ~shop:sessions:* resetchannels -@all +eval +evalsha +hmget +hget +hset +exists
///       +del +pexpire +pttl +time +zadd +zrange +zrem +zremrangebyscore +info +config|get
///   ```
///
/// ```no_run
/// use std::sync::Arc;
/// use session_core::{SecretKey, Sessions};
/// use session_store::SessionBackend;
/// use session_store_redis::RedisStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = SecretKey::generate()?;
/// let store = RedisStore::new(redis::Client::open("redis://127.0.0.1")?, "shop:sessions:")?;
/// store.check().await?;
/// let source = SessionBackend::stored(Sessions::builder(key).build_stored()?, Arc::new(store));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore<C = RedisConnection> {
    connection: C,
    pub(crate) prefix: Arc<str>,
}

impl RedisStore {
    /// With a connection of its own, and sessions under this prefix, such as `shop:sessions:`. Asks nobody; its questions need
    /// a tokio runtime.
    ///
    /// The client, which a URL makes, may bring a user, a password, TLS and a host with several addresses. A connection is
    /// made within a second, an answer waits for half of one, and on Linux what was sent and not acknowledged for three
    /// seconds ends the connection (`TCP_USER_TIMEOUT`), unless the client says another time.
    ///
    /// Two applications, or two sorts of sessions, that share a Redis need two prefixes; where one could begin with the other,
    /// end them alike, as with a colon. Permissions follow it: `~shop:sessions:*`.
    ///
    /// # Errors
    /// The prefix must have 1 to 100 characters, each an ASCII letter, a digit, or one of `:` `-` `_` `.` `/`. Braces would
    /// put all sessions into one slot of a cluster (Redis Cluster specification, "Hash tags").
    ///
    /// ```
    /// # use session_store_redis::RedisStore;
    /// let store = |prefix| RedisStore::new(redis::Client::open("redis://127.0.0.1").unwrap(), prefix);
    /// assert!(store("shop:sessions:").is_ok());
    /// assert!(store("").is_err());
    /// assert!(store("{shop}").is_err());
    /// ```
    pub fn new(client: Client, prefix: &str) -> Result<Self, StoreError> {
        let connection = RedisConnection::new(&client).map_err(|error| failed(&error, "", None))?;
        Self::with_connection(connection, prefix)
    }

    /// The same in a cluster. Its client may set `TCP_USER_TIMEOUT` by `ClusterClientBuilder::tcp_settings`, and must not read
    /// from replicas.
    ///
    /// A server of a cluster that does not answer is found out after three questions without an answer: then all connections
    /// are made anew, and the old ones are used until that is done.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// # use redis::cluster::ClusterClient;
    /// # use session_store_redis::RedisStore;
    /// let client = ClusterClient::new(["redis://10.0.0.1", "redis://10.0.0.2", "redis://10.0.0.3"]).unwrap();
    /// assert!(RedisStore::cluster(client.clone(), "shop:sessions:").is_ok());
    /// assert!(RedisStore::cluster(client, "{shop}").is_err());
    /// ```
    pub fn cluster(client: ClusterClient, prefix: &str) -> Result<Self, StoreError> {
        Self::with_connection(RedisConnection::cluster(client), prefix)
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// The same over a connection that the application has, which is cloned for each question: a
    /// [`ClusterConnection`](redis::cluster_async::ClusterConnection), a `ConnectionManager`, or anything that is
    /// [`ConnectionLike`].
    ///
    /// When it is replaced is its own matter then. See that it waits for an answer for less than a second, so that a lost
    /// one is asked for again before the request's deadline, and that `TCP_USER_TIMEOUT` is set
    /// (`TcpSettings::set_user_timeout`): else a connection that a network swallowed goes unnoticed for a minute.
    ///
    /// With redis 1, a `ConnectionManager` does not come back from a server that took its questions and did not answer, nor
    /// from one that refused its password once; a `ClusterConnection` not from the former; a `MultiplexedConnection` not at
    /// all.
    ///
    /// # Errors
    /// As [`new`](RedisStore::new).
    ///
    /// ```
    /// # use session_store::StoreError;
    /// # use session_store_redis::RedisStore;
    /// # fn example<C>(connection: C) -> Result<(), StoreError>
    /// # where C: redis::aio::ConnectionLike + Clone + Send + Sync + 'static {
    /// let store = RedisStore::with_connection(connection, "shop:sessions:")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_connection(connection: C, prefix: &str) -> Result<Self, StoreError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":-_./".contains(&byte);
        if (1..=LONGEST_PREFIX).contains(&prefix.len()) && prefix.bytes().all(allowed) {
            return Ok(Self {
                connection,
                prefix: prefix.into(),
            });
        }
        let message = format!(
            "the prefix of the keys in Redis must have 1 to {LONGEST_PREFIX} characters, ASCII letters, digits or \":-_./\", \
             such as \"shop:sessions:\"; it is {prefix:?}"
        );
        Err(StoreError::new(message).refused())
    }

    /// Asks whether sessions are safe there: for an application's start. It tries what the store needs, under the key
    /// `{prefix}check`, which is gone a moment later.
    ///
    /// # Errors
    /// A server that is older than 7 or may evict keys (`maxmemory-policy` is not `noeviction`), where `INFO` is allowed to tell;
    /// a replica; one that does not answer, or not to us; commands that this user may not run, by name.
    ///
    /// ```
    /// # use session_store::StoreError;
    /// # use session_store_redis::RedisStore;
    /// # async fn example(client: redis::Client) -> Result<(), StoreError> {
    /// RedisStore::new(client, "shop:sessions:")?.check().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(&self) -> Result<(), StoreError> {
        match self.servers().await {
            Ok(servers) => Self::check_servers(&servers)?,
            // It answers, but not this: some services forbid it.
            Err(error) if error.is_refused() => {}
            Err(error) => return Err(error),
        }
        self.check_permissions().await
    }

    fn check_servers(servers: &Servers) -> Result<(), StoreError> {
        let is_old = |version: &str| {
            !matches!(
                version.split('.').next().map(str::parse),
                Some(Ok(7..=u32::MAX))
            )
        };
        if let Some(version) = servers
            .values("redis_version")
            .find(|version| is_old(version))
        {
            return Err(StoreError::new(format!(
                "this is Redis {version}; sessions need 7 or later"
            ))
            .refused());
        }
        if let Some(policy) = servers
            .values("maxmemory_policy")
            .find(|policy| *policy != "noeviction")
        {
            return Err(StoreError::new(format!(
                "Redis may evict sessions: its maxmemory-policy is {policy}; set it to noeviction"
            ))
            .refused());
        }
        Ok(())
    }

    /// A script that is refused a command in its middle leaves what it did before. A replica refuses its first.
    async fn check_permissions(&self) -> Result<(), StoreError> {
        let key = [&*self.prefix, "check"].concat();
        let Value::Array(refused) = self.run(&CHECK, &key, &[]).await? else {
            return Err(malformed());
        };
        if !refused.is_empty() {
            let names = refused.iter().filter_map(|name| match name {
                Value::BulkString(name) => std::str::from_utf8(name).ok(),
                _ => None,
            });
            let names: Vec<_> = names.collect();
            return Err(StoreError::new(not_allowed(&names.join(", "))).refused());
        }
        for command in [
            cmd("HMGET").arg(&key).arg("dead"),
            cmd("ZRANGE").arg(&key).arg(0).arg(-1),
            cmd("ZREM").arg(&key).arg("check"),
        ] {
            self.ask(command).await?;
        }
        Ok(())
    }

    async fn servers(&self) -> Result<Servers, StoreError> {
        Servers::of(self.ask(&cmd("INFO")).await?)
            .ok_or_else(|| StoreError::new("Redis did not answer INFO as it should"))
    }

    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, StoreError> {
        let answer = command.query_async(&mut self.connection.clone()).await;
        answer.map_err(|error| failed(&error, &name(command), None))
    }

    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<Value, StoreError> {
        let answer = script
            .run(&mut self.connection.clone(), key, arguments)
            .await;
        answer.map_err(|error| failed(&error, "EVALSHA", Some(script)))
    }

    pub(crate) fn place(&self, key: RecordKey) -> String {
        [&*self.prefix, "s:", &key.to_text()].concat()
    }

    /// A record, a user and a place in the order: to be ended if it has these.
    pub(crate) async fn end(
        &self,
        key: RecordKey,
        only: &[&[u8]],
        now: u64,
    ) -> Result<bool, StoreError> {
        match self.bury(&DELETE, key, only, now).await? {
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
        match self
            .bury(&DELETE_VERSION, key, &[&digits(version)], now)
            .await?
        {
            Value::Int(1) => Ok(Updated::Done),
            Value::Int(_) => Ok(Updated::Gone),
            there => match found(there)? {
                Found::Record(record) => Ok(Updated::Conflict(record)),
                Found::Tombstone(_) | Found::Nothing => Err(malformed()),
            },
        }
    }

    /// Runs a script that lays a tombstone where its conditions hold.
    async fn bury(
        &self,
        script: &Script,
        key: RecordKey,
        conditions: &[&[u8]],
        now: u64,
    ) -> Result<Value, StoreError> {
        let lifetime = milliseconds(TOMBSTONE_SECONDS);
        let end = digits(now.saturating_add(TOMBSTONE_SECONDS));
        let arguments = [&[lifetime.as_bytes(), &end], conditions].concat();
        self.run(script, &self.place(key), &arguments).await
    }

    async fn create(
        &self,
        key: RecordKey,
        record: &Record,
        now: u64,
    ) -> Result<Inserted, StoreError> {
        let written = Written::new(record, now);
        match self
            .run(&INSERT, &self.place(key), &written.arguments(record))
            .await?
        {
            Value::Int(_) => Ok(Inserted::Done),
            there => match found(there)? {
                Found::Record(record) => Ok(Inserted::Exists(record)),
                Found::Tombstone(_) => Ok(Inserted::Dead),
                Found::Nothing => Err(malformed()),
            },
        }
    }

    async fn replace(
        &self,
        key: RecordKey,
        version: u64,
        record: &Record,
        now: u64,
    ) -> Result<Updated, StoreError> {
        let written = Written::new(record, now);
        let (version, now) = (digits(version), digits(now));
        let arguments = [&written.arguments(record)[..], &[&version, &now]].concat();
        match self.run(&UPDATE, &self.place(key), &arguments).await? {
            Value::Int(1) => Ok(Updated::Done),
            Value::Int(_) => Ok(Updated::Gone),
            there => match found(there)? {
                Found::Record(record) => Ok(Updated::Conflict(record)),
                Found::Tombstone(_) | Found::Nothing => Err(malformed()),
            },
        }
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Store for RedisStore<C> {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(async move {
            let values = self
                .ask(cmd("HMGET").arg(self.place(key)).arg(&FIELDS))
                .await?;
            let there = match found(values)? {
                Found::Record(record) => Loaded::Live(record),
                Found::Tombstone(expires) => Loaded::Dead { expires },
                Found::Nothing => Loaded::Absent,
            };
            Ok(there.at(now))
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
            match self.run(&TOUCH, &self.place(key), &arguments).await? {
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
        Box::pin(self.note(user, key, until, now))
    }

    fn unindex<'a>(&'a self, user: &'a str, key: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.forget(user, &[key]).await })
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        Box::pin(async move {
            let records = self.records_of(user, now).await?;
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
        Box::pin(self.end_owned(user, which, now))
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

    fn delete_expired<'a>(&'a self, _before: u64, _batch: usize) -> StoreFuture<'a, u64> {
        Box::pin(async { Ok(0) })
    }

    /// Of several servers the weakest counts. In a cluster a crash may lead to a failover, so it survives that but for
    /// [the last moments](Durability::LastMoments), at best. Whether replicas of a single server take over is not seen.
    ///
    /// | appendonly | appendfsync | answer |
    /// |---|---|---|
    /// | no | | [`Durability::Process`] |
    /// | yes | `everysec`, `no`, or not told | [`Durability::LastMoments`] |
    /// | yes | `always`, but not while the file is rewritten | [`Durability::Crash`] |
    /// | yes | `always` | [`Durability::PowerLoss`] |
    /// | not told | | [`Durability::Unknown`] |
    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(async move {
            let servers = match self.servers().await {
                // It answers, but not this: some services forbid it.
                Err(error) if error.is_refused() => return Ok(Durability::Unknown),
                servers => servers?,
            };
            if servers.values("aof_enabled").count() == 0 {
                return Ok(Durability::Unknown);
            }
            if !servers.all("aof_enabled", "1") {
                return Ok(Durability::Process);
            }
            if servers.is_cluster() {
                return Ok(Durability::LastMoments);
            }
            let settings = ["appendfsync", "no-appendfsync-on-rewrite"];
            // Also where it is an unknown command.
            let settings = self
                .ask(cmd("CONFIG").arg("GET").arg(&settings))
                .await
                .unwrap_or_default();
            Ok(server::appending(settings))
        })
    }
}

/// Of a command and not of what it asks for.
fn name(command: &Cmd) -> String {
    let name = match command.args_iter().next() {
        Some(Arg::Simple(name)) => name,
        _ => b"a command",
    };
    String::from_utf8_lossy(name).into_owned()
}

impl<C> fmt::Debug for RedisStore<C> {
    /// The prefix, nothing of what is kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// What scripts are told of a record that is written.
struct Written {
    lifetime: String,
    numbers: [[u8; 20]; 4],
    user: Vec<u8>,
    label: Vec<u8>,
}

impl Written {
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

/// A native lifetime for what is needed for so many seconds.
pub(crate) fn milliseconds(seconds: u64) -> String {
    (seconds.saturating_add(SLACK).min(LONGEST) * 1000).to_string()
}
