//! [`RedisStore`]: how it is made, and its check of the servers. Its verbs are in `verbs`.

use std::fmt;
use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use redis::{Arg, Client, Cmd, Value, cmd};
use session_core::RecordKey;
use session_store::StoreError;

use crate::connection::RedisConnection;
use crate::error::{failed, not_allowed};
use crate::record::malformed;
use crate::script::{CHECK, Script};
use crate::server::Servers;

/// How many seconds later than needed Redis removes a key by itself: its clock may differ from the application's.
const SLACK: u64 = 60 * 60;
/// The longest native lifetime in seconds, a hundred years: Redis refuses times that overflow. Each write begins it again.
const LONGEST: u64 = 100 * 365 * 24 * 60 * 60;
const LONGEST_PREFIX: usize = 100;

/// Stores sessions in Redis 7, Valkey, or a cluster of either: for an application of several processes.
///
/// - **A connection of its own** for all requests. The store replaces it when it is cut, when three requests in a row get no
///   reply, when the server says that it is a replica now, and after a refused password: so sessions are back when Redis
///   is. [A connection of the application's](Self::with_connection), also to a cluster, can be used instead.
/// - **One round trip** for a read, and one for a write: a script, which is sent to the server only if it does not know it.
///   Verbs about a user read each of the user's records, 32 in parallel.
/// - **Keys begin with the prefix**, which no other program may use: `{prefix}s:` and the digest of the session's id,
///   `{prefix}o:` and the digest of a user's name. Nothing that is stored opens a session.
/// - **It cleans up by itself.** Every key has a native expiry, an hour later than needed, relative to the server's clock. So
///   the clocks of servers and application need not agree.
/// - **Redis must not evict keys.** Set `maxmemory-policy` to `noeviction`; [`check`](Self::check) verifies it. A full Redis
///   refuses writes with a [`StoreError`], still extends and ends sessions, and loses none.
/// - **It reads from primaries only.** A connection that reads from replicas
///   (`ClusterClientBuilder::read_from_replicas`) may return sessions that have ended.
/// - **Durability** depends on the configuration of Redis: see [`durability`](session_store::Store::durability). With
///   `appendonly yes` and `appendfsync always` an acknowledged write survives a crash and a power loss. Replication is
///   asynchronous: a failover may lose the last moments, a logout among them.
/// - **The order of logins** is that of the servers' clocks, in microseconds. In a cluster two logins may be in the wrong order
///   if they are closer together than the clocks of their servers differ; a limit on sessions still ends exactly the surplus.
/// - **Few permissions.** `EVALSHA`, `EVAL`, `HMGET`, `ZRANGE`, `ZREM`; in scripts `HGET`, `HMGET`, `HSET`, `EXISTS`, `DEL`,
///   `PEXPIRE`, `PTTL`, `TIME`, `ZADD`, `ZREMRANGEBYSCORE`; `INFO` for [`check`](Self::check) and, with `CONFIG GET`, for
///   [`durability`](session_store::Store::durability); in a cluster `CLUSTER SLOTS` for the client. They belong to the
///   categories `@scripting`, `@hash`, `@sortedset` and `@keyspace`; `INFO` and `CONFIG GET` to `@dangerous`:
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
/// let backend = SessionBackend::stored(Sessions::builder(key).build_stored()?, Arc::new(store));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore<C = RedisConnection> {
    connection: C,
    pub(crate) prefix: Arc<str>,
}

impl RedisStore {
    /// Returns a store with a connection of its own, and with its keys under this prefix, such as `shop:sessions:`. Does not
    /// connect; the first request does, and needs a tokio runtime.
    ///
    /// The client is made from a URL, and may have a user, a password, TLS and a host with several addresses. The store waits
    /// a second for a connection and half a second for a reply. On Linux a connection ends when data was not acknowledged for
    /// three seconds (`TCP_USER_TIMEOUT`), unless the client has another time set.
    ///
    /// Two applications, or two kinds of sessions, that share a Redis need two prefixes, of which neither may begin with the
    /// other: end both with a colon. Permissions are given by prefix: `~shop:sessions:*`.
    ///
    /// # Errors
    /// If the prefix is not 1 to 100 characters, each an ASCII letter, a digit, or one of `:` `-` `_` `.` `/`. Braces would
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
        match RedisConnection::new(&client) {
            Ok(connection) => Self::with_connection(connection, prefix),
            Err(error) => Err(failed(&error, "", None)),
        }
    }

    /// Returns a store in a cluster, with connections of its own. The client may set `TCP_USER_TIMEOUT` by
    /// `ClusterClientBuilder::tcp_settings`, and must not read from replicas.
    ///
    /// After three requests in a row without a reply the store opens new connections to all servers of the cluster, and uses
    /// the old ones until they are ready.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
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
    /// Returns a store over a connection of the application's, which is cloned for each request: a
    /// [`ClusterConnection`](redis::cluster_async::ClusterConnection), a `ConnectionManager`, or another
    /// [`ConnectionLike`].
    ///
    /// The connection then has to replace itself. Let it wait less than a second for a reply, so that the store can repeat a
    /// request before the deadline, and set `TCP_USER_TIMEOUT` (`TcpSettings::set_user_timeout`): without it, a minute may
    /// pass before a connection that the network dropped is noticed.
    ///
    /// In redis 1, a `ConnectionManager` does not recover from a server that accepted requests and did not reply, or that
    /// once refused its password; a `ClusterConnection` does not recover from the former, a `MultiplexedConnection` from
    /// neither.
    ///
    /// # Errors
    /// Those of [`new`](RedisStore::new).
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

    /// Checks that the servers are fit for sessions. Call it when the application starts. It runs each command that the store
    /// needs, on the key `{prefix}check`, which is gone a moment later.
    ///
    /// # Errors
    /// If a server is older than 7 or may evict keys (`maxmemory-policy` is not `noeviction`), as far as `INFO` is allowed; if
    /// it is a replica, does not reply, or refuses the user; if the user may not run some commands, which the error names.
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
            // The server replies, but refuses INFO: some services forbid it.
            Err(error) if error.is_refused() => {}
            Err(error) => return Err(error),
        }
        self.check_permissions().await
    }

    fn check_servers(servers: &Servers) -> Result<(), StoreError> {
        for version in servers.values("redis_version") {
            let major = version.split('.').next().map(str::parse);
            if !matches!(major, Some(Ok(7..=u32::MAX))) {
                let message = format!("this is Redis {version}; sessions need 7 or later");
                return Err(StoreError::new(message).refused());
            }
        }
        for policy in servers.values("maxmemory_policy") {
            if policy != "noeviction" {
                return Err(StoreError::new(format!(
                    "Redis may evict sessions: its maxmemory-policy is {policy}; set it to noeviction"
                ))
                .refused());
            }
        }
        Ok(())
    }

    /// Tries each command. A missing permission would otherwise show in a script that has already written, and its writes
    /// are not undone.
    async fn check_permissions(&self) -> Result<(), StoreError> {
        let key = [&*self.prefix, "check"].concat();
        let Value::Array(refused) = self.run(&CHECK, &key, &[]).await? else {
            return Err(malformed());
        };
        if !refused.is_empty() {
            let mut names = Vec::new();
            for name in &refused {
                if let Value::BulkString(name) = name {
                    names.extend(std::str::from_utf8(name));
                }
            }
            return Err(StoreError::new(not_allowed(&names.join(", "))).refused());
        }
        for command in [
            cmd("HMGET").arg(&key).arg("dead"),
            cmd("ZRANGE").arg(&key).arg(0).arg(-1),
            cmd("ZREM").arg(&key).arg("check"),
        ] {
            self.query(command).await?;
        }
        Ok(())
    }

    pub(crate) async fn servers(&self) -> Result<Servers, StoreError> {
        match Servers::of(self.query(&cmd("INFO")).await?) {
            Some(servers) => Ok(servers),
            None => Err(StoreError::new("Redis gave no valid reply to INFO")),
        }
    }

    pub(crate) async fn query(&self, command: &Cmd) -> Result<Value, StoreError> {
        match command.query_async(&mut self.connection.clone()).await {
            Ok(reply) => Ok(reply),
            Err(error) => Err(failed(&error, &name(command), None)),
        }
    }

    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<Value, StoreError> {
        let mut connection = self.connection.clone();
        match script.run(&mut connection, key, arguments).await {
            Ok(reply) => Ok(reply),
            Err(error) => Err(failed(&error, "EVALSHA", Some(script))),
        }
    }

    pub(crate) fn record_key(&self, key: RecordKey) -> String {
        [&*self.prefix, "s:", &key.to_text()].concat()
    }
}

/// Returns the name of a command, without its arguments.
fn name(command: &Cmd) -> String {
    let name = match command.args_iter().next() {
        Some(Arg::Simple(name)) => name,
        _ => b"a command",
    };
    String::from_utf8_lossy(name).into_owned()
}

impl<C> fmt::Debug for RedisStore<C> {
    /// Prints the prefix, and nothing of the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Returns the native lifetime of a key that is needed for this number of seconds.
pub(crate) fn milliseconds(seconds: u64) -> String {
    (seconds.saturating_add(SLACK).min(LONGEST) * 1000).to_string()
}
