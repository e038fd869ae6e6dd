//! The store's own connection, which is replaced when it is lost.

// An attempt is a connection that is open, is being opened, or could not be opened. Requests use the present one. It is
// replaced by the next one
//
// - after it was cut, or after a reply that says that the server is a replica or refuses the password: immediately;
// - after three requests without a reply. To one server they must be in a row, and it is replaced immediately. In a cluster
//   any three count, since the replies may come from other servers; it is replaced when the next attempt is connected.
//
// An attempt starts when a request needs it, and only one at a time is connecting. The pause between attempts that fail
// grows, so that a server that is down is not flooded.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult,
    Value,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// The time limit for a connection to one server: well below the deadline of a request.
const CONNECT: Duration = Duration::from_secs(1);
/// The time limit for connections to all servers of a cluster.
const CONNECT_ALL: Duration = Duration::from_secs(3);
/// The time limit for a reply. It is short, so that a request over a dead connection has time for a second one.
const REPLY: Duration = Duration::from_millis(500);
/// The time limit for the acknowledgement of sent data by the other end's TCP.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
/// The number of requests without a reply after which a connection is given up: in a row to one server, in all to a cluster.
const UNANSWERED: usize = 3;
/// The least pause between the starts of two attempts. It doubles with each attempt that fails.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// The connection that [`RedisStore::new`](crate::RedisStore::new) and [`cluster`](crate::RedisStore::cluster) use: one for
/// all requests, and another one when it is lost. Cheap to clone.
///
/// ```
/// use session_store_redis::{RedisConnection, RedisStore};
///
/// let client = redis::Client::open("redis://shop:password@127.0.0.1").unwrap();
/// let store: RedisStore<RedisConnection> = RedisStore::new(client, "shop:sessions:").unwrap();
/// assert!(!format!("{store:?}").contains("password"));
/// ```
#[derive(Clone)]
pub struct RedisConnection(Arc<Inner>);

struct Inner {
    server: Server,
    attempts: Mutex<Attempts>,
}

/// The client that connects.
enum Server {
    One(Client),
    Cluster(Box<ClusterClient>),
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

#[derive(Default)]
struct Attempts {
    /// The attempt whose connection is in use. `None` before the first request.
    present: Option<Arc<Attempt>>,
    /// The attempt that will replace it.
    next: Option<Arc<Attempt>>,
}

/// A connection that is open, is being opened, or could not be opened.
struct Attempt {
    result: watch::Receiver<Option<RedisResult<Connection>>>,
    begins: Instant,
    pause: Duration,
    unanswered: AtomicUsize,
    is_cut: AtomicBool,
}

impl RedisConnection {
    /// Returns a connection to one server, which the first request opens.
    pub(crate) fn new(client: &Client) -> RedisResult<Self> {
        let info = client.get_connection_info().clone();
        let settings = info.tcp_settings().clone().set_nodelay(true);
        #[cfg(target_os = "linux")]
        let settings = {
            let time = settings.user_timeout().unwrap_or(UNACKNOWLEDGED);
            settings.set_user_timeout(time)
        };
        Ok(Self::to(Server::One(Client::open(
            info.set_tcp_settings(settings),
        )?)))
    }

    /// Returns connections to all servers of a cluster, which the first request opens.
    pub(crate) fn cluster(client: ClusterClient) -> Self {
        Self::to(Server::Cluster(Box::new(client)))
    }

    fn to(server: Server) -> Self {
        Self(Arc::new(Inner {
            server,
            attempts: Mutex::default(),
        }))
    }

    /// Returns the connection for one request, and the guard that counts its outcome.
    async fn begin(&self) -> RedisResult<(Connection, Pending)> {
        let attempt = self.attempt();
        let connection = attempt.connection().await?;
        let pending = Pending {
            attempt,
            is_one: self.is_one(),
            unanswered: true,
        };
        Ok((connection, pending))
    }

    fn is_one(&self) -> bool {
        matches!(self.0.server, Server::One(_))
    }

    /// Returns the attempt whose connection to use or to wait for.
    fn attempt(&self) -> Arc<Attempt> {
        let mut attempts = self
            .0
            .attempts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Attempts { present, next } = &mut *attempts;
        let used = present
            .get_or_insert_with(|| self.connect(Instant::now(), PAUSE))
            .clone();
        let (is_lost, is_silent) = (used.is_lost(), used.is_silent());
        if !is_lost && !is_silent {
            return used;
        }
        if next.as_ref().is_none_or(|next| next.is_lost()) {
            let last = next.as_ref().unwrap_or(&used);
            let pause = if last.is_open() {
                PAUSE
            } else {
                LONGEST_PAUSE.min(last.pause * 2)
            };
            *next = Some(self.connect(Instant::now().max(last.begins + last.pause), pause));
        }
        // Some servers of a silent cluster may still reply, so its connections are used until the next ones are open.
        match next.take_if(|next| is_lost || self.is_one() || next.is_open()) {
            Some(next) => present.insert(next).clone(),
            None => used,
        }
    }

    /// Connects in a task of its own, since the request that starts it may be dropped while others wait for the connection.
    fn connect(&self, begins: Instant, pause: Duration) -> Arc<Attempt> {
        let (sender, result) = watch::channel(None);
        let inner = self.0.clone();
        tokio::spawn(async move {
            sleep_until(begins).await;
            sender.send_replace(Some(inner.server.connect().await));
        });
        Arc::new(Attempt {
            result,
            begins,
            pause,
            unanswered: AtomicUsize::new(0),
            is_cut: AtomicBool::new(false),
        })
    }
}

impl Server {
    async fn connect(&self) -> RedisResult<Connection> {
        match self {
            Self::One(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(None);
                let connecting = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Connection::One(connecting.await?))
            }
            Self::Cluster(client) => {
                let config = ClusterConfig::new()
                    .set_connection_timeout(CONNECT)
                    .set_response_timeout(REPLY);
                let connecting = client.get_async_connection_with_config(config);
                match timeout(CONNECT_ALL, connecting).await {
                    Ok(connected) => Ok(Connection::Cluster(connected?)),
                    Err(_) => {
                        Err((ErrorKind::Io, "connecting to the cluster took too long").into())
                    }
                }
            }
        }
    }
}

impl Attempt {
    async fn connection(&self) -> RedisResult<Connection> {
        let mut result = self.result.clone();
        if let Ok(result) = result.wait_for(Option::is_some).await
            && let Some(result) = &*result
        {
            return result.clone();
        }
        Err((ErrorKind::Io, "the runtime is ending").into())
    }

    fn is_open(&self) -> bool {
        matches!(&*self.result.borrow(), Some(Ok(_)))
    }

    /// Returns whether no request can use it.
    fn is_lost(&self) -> bool {
        let failed = match &*self.result.borrow() {
            Some(result) => result.is_err(),
            // The sender is gone: its runtime ended before it was connected.
            None => self.result.has_changed().is_err(),
        };
        failed || self.is_cut.load(Ordering::Relaxed)
    }

    fn is_silent(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= UNANSWERED
    }
}

/// A request under way. If it is dropped at its deadline, it is counted as one without a reply.
struct Pending {
    attempt: Arc<Attempt>,
    /// To one server. Then a reply shows that the server is alive; in a cluster another server may be silent.
    is_one: bool,
    unanswered: bool,
}

impl Pending {
    fn end<T>(mut self, reply: RedisResult<T>) -> RedisResult<T> {
        let error = reply.as_ref().err();
        self.unanswered = error.is_some_and(RedisError::is_timeout);
        if self.is_one && !self.unanswered {
            self.attempt.unanswered.store(0, Ordering::Relaxed);
        }
        if error.is_some_and(is_final) {
            self.attempt.is_cut.store(true, Ordering::Relaxed);
        }
        reply
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.unanswered {
            self.attempt.unanswered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Waits for a reply until the time limit. The client of a cluster has it for each of its own attempts as well.
async fn in_time<T>(reply: RedisFuture<'_, T>) -> RedisResult<T> {
    match timeout(REPLY, reply).await {
        Ok(reply) => reply,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

/// Returns whether the connection must be replaced: it was cut, or its server is a replica now or refuses the password. A new
/// connection may lead to another server.
fn is_final(error: &RedisError) -> bool {
    let is_cut = error.is_io_error() && !error.is_timeout();
    is_cut
        || error.is_unrecoverable_error()
        || matches!(error.code(), Some("READONLY" | "NOAUTH" | "WRONGPASS"))
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (mut connection, pending) = self.begin().await?;
            let reply = in_time(connection.as_dyn().req_packed_command(command)).await;
            pending.end(reply.and_then(Value::extract_error))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let (mut connection, pending) = self.begin().await?;
            let connection = connection.as_dyn();
            let replies = connection.req_packed_commands(commands, offset, count);
            pending.end(in_time(replies).await)
        })
    }

    fn get_db(&self) -> i64 {
        match &self.0.server {
            Server::One(client) => client.get_connection_info().redis_settings().db(),
            Server::Cluster(_) => 0,
        }
    }
}

impl Connection {
    fn as_dyn(&mut self) -> &mut (dyn ConnectionLike + Send) {
        match self {
            Self::One(connection) => connection,
            Self::Cluster(connection) => connection,
        }
    }
}

impl fmt::Debug for RedisConnection {
    /// Prints nothing of the client, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection").finish_non_exhaustive()
    }
}
