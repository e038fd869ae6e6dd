//! A connection of the store's own, replaced when it is of no more use.

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

/// Well below the deadline of a request: how long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// The same for those to all servers of a cluster.
const CONNECT_ALL: Duration = Duration::from_secs(3);
/// The same for an answer. It is shorter, so that a request whose connection is dead has time for another one.
const ANSWER: Duration = Duration::from_millis(500);
/// The same for what was sent and not acknowledged.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
/// After so many questions in a row without an answer a connection is given up.
const UNANSWERED: usize = 3;
/// A connection is begun at least so long after the one before. The pause doubles with each that could not be made.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// The connection that [`RedisStore::new`](crate::RedisStore::new) and [`cluster`](crate::RedisStore::cluster) make: one for
/// all questions, and another one when it is lost. Cheap to clone.
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

/// Who makes connections.
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
    /// That of the connection to ask over. None before the first question.
    present: Option<Arc<Attempt>>,
    /// The one that takes its place.
    next: Option<Arc<Attempt>>,
}

/// A connection that is made, or will be, or could not be.
struct Attempt {
    result: watch::Receiver<Option<RedisResult<Connection>>>,
    begins: Instant,
    pause: Duration,
    unanswered: AtomicUsize,
    is_cut: AtomicBool,
}

impl RedisConnection {
    /// To one server. Asks nobody.
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

    /// To all servers of a cluster. Asks nobody.
    pub(crate) fn cluster(client: ClusterClient) -> Self {
        Self::to(Server::Cluster(Box::new(client)))
    }

    fn to(server: Server) -> Self {
        Self(Arc::new(Inner {
            server,
            attempts: Mutex::default(),
        }))
    }

    /// Where to ask one question.
    async fn begin(&self) -> RedisResult<(Connection, Asked)> {
        let attempt = self.attempt();
        let is_one = self.is_one();
        Ok((
            attempt.connection().await?,
            Asked {
                attempt,
                is_one,
                unanswered: true,
            },
        ))
    }

    fn is_one(&self) -> bool {
        matches!(self.0.server, Server::One(_))
    }

    /// The connection to ask over, or the one to wait for.
    fn attempt(&self) -> Arc<Attempt> {
        let mut attempts = self
            .0
            .attempts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Attempts { present, next } = &mut *attempts;
        let there = present
            .get_or_insert_with(|| self.connect(Instant::now(), PAUSE))
            .clone();
        let (is_lost, is_silent) = (there.is_lost(), there.is_silent());
        if !is_lost && !is_silent {
            return there;
        }
        if next.as_ref().is_none_or(|next| next.is_lost()) {
            let last = next.as_ref().unwrap_or(&there);
            let pause = if last.is_made() {
                PAUSE
            } else {
                LONGEST_PAUSE.min(last.pause * 2)
            };
            *next = Some(self.connect(Instant::now().max(last.begins + last.pause), pause));
        }
        // Of a cluster that is silent, some servers may answer: it is asked until the next connection is made.
        match next.take_if(|next| is_lost || self.is_one() || next.is_made()) {
            Some(next) => present.insert(next).clone(),
            None => there,
        }
    }

    /// In a task of its own, since whoever waits for it may go away.
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
                client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await
                    .map(Connection::One)
            }
            Self::Cluster(client) => {
                let config = ClusterConfig::new()
                    .set_connection_timeout(CONNECT)
                    .set_response_timeout(ANSWER);
                let connected =
                    timeout(CONNECT_ALL, client.get_async_connection_with_config(config)).await;
                let late = (ErrorKind::Io, "connecting to the cluster took too long");
                connected
                    .unwrap_or_else(|_| Err(late.into()))
                    .map(Connection::Cluster)
            }
        }
    }
}

impl Attempt {
    async fn connection(&self) -> RedisResult<Connection> {
        let ended = || RedisError::from((ErrorKind::Io, "the runtime is ending"));
        match self.result.clone().wait_for(Option::is_some).await {
            Ok(made) => made.clone().unwrap_or_else(|| Err(ended())),
            Err(_) => Err(ended()),
        }
    }

    fn is_made(&self) -> bool {
        matches!(&*self.result.borrow(), Some(Ok(_)))
    }

    /// Whether nothing can be asked over it.
    fn is_lost(&self) -> bool {
        let failed = match &*self.result.borrow() {
            Some(made) => made.is_err(),
            // Its runtime ended before it was made.
            None => self.result.has_changed().is_err(),
        };
        failed || self.is_cut.load(Ordering::Relaxed)
    }

    fn is_silent(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= UNANSWERED
    }
}

/// A question under way. Dropped by who asked, it counts as one without an answer.
struct Asked {
    attempt: Arc<Attempt>,
    /// To one server: so an answer shows that others come, too.
    is_one: bool,
    unanswered: bool,
}

impl Asked {
    fn end<T>(mut self, answer: RedisResult<T>) -> RedisResult<T> {
        let error = answer.as_ref().err();
        self.unanswered = error.is_some_and(RedisError::is_timeout);
        if self.is_one && !self.unanswered {
            self.attempt.unanswered.store(0, Ordering::Relaxed);
        }
        if error.is_some_and(is_final) {
            self.attempt.is_cut.store(true, Ordering::Relaxed);
        }
        answer
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if self.unanswered {
            self.attempt.unanswered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Of a cluster's client, the time for an answer is that of each of its own attempts.
async fn in_time<T>(answer: RedisFuture<'_, T>) -> RedisResult<T> {
    timeout(ANSWER, answer)
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Whether the connection is of no more use: it was cut, or it leads to a server that is a replica now or does not know us
/// any more, and another one may lead elsewhere.
fn is_final(error: &RedisError) -> bool {
    let is_cut = error.is_io_error() && !error.is_timeout();
    is_cut
        || error.is_unrecoverable_error()
        || matches!(error.code(), Some("READONLY" | "NOAUTH" | "WRONGPASS"))
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (mut connection, asked) = self.begin().await?;
            let answer = in_time(connection.as_dyn().req_packed_command(command)).await;
            asked.end(answer.and_then(Value::extract_error))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let (mut connection, asked) = self.begin().await?;
            asked.end(
                in_time(
                    connection
                        .as_dyn()
                        .req_packed_commands(commands, offset, count),
                )
                .await,
            )
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
    /// Nothing of how to connect, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection").finish_non_exhaustive()
    }
}
