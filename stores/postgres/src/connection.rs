//! The pool of connections, and how a connection carries out a statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Client, Hook, HookError, Manager, Object, Pool};
use session_store::StoreError;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Error, Row, Socket};

use crate::direct::is_direct;
use crate::error;
use crate::given_up::GivenUp;
use crate::parameter::{Hidden, Parameter};
use crate::table::Table;

/// How many times a statement is repeated immediately. After that the error is returned, and the driver decides.
const REPEATS: usize = 4;

/// The time limit for a connection, unless the configuration has one: well below the deadline of a request.
const CONNECT: Duration = Duration::from_secs(1);
/// The time limit for the acknowledgement of sent data by the other end's TCP, unless the configuration has one.
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);

pub(crate) struct Connections {
    pool: Pool,
    given_up: Arc<GivenUp>,
    /// Whether statements have names, so that the server plans them once. Behind a pooler that gives each transaction another
    /// server process, a name may belong to another program's statement. So statements have names only while all connections
    /// are known to be direct. Without names the server plans each statement again, but no round trip is added.
    named: Arc<AtomicBool>,
}

impl Connections {
    /// Returns a pool of the store's own.
    pub(crate) fn own<T>(mut config: Config, tls: T, most: usize) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        let named = Arc::new(AtomicBool::new(true));
        let check = {
            let named = named.clone();
            Hook::async_fn(move |client, _| {
                let named = named.clone();
                Box::pin(async move {
                    // Runs before the pool hands the connection out, so no statement with a name ever reaches a pooler.
                    if !is_direct(client).await.map_err(HookError::Backend)? {
                        named.store(false, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
        };
        let of = |most| Pool::builder(Manager::new(config.clone(), tls.clone())).max_size(most);
        match (of(most.max(1)).post_create(check).build(), of(1).build()) {
            (Ok(pool), Ok(monitor)) => Self {
                given_up: GivenUp::own(pool.clone(), monitor),
                pool,
                named,
            },
            _ => unreachable!("only timeouts can fail here, and these pools have none"),
        }
    }

    /// Uses a pool of the application's.
    pub(crate) fn shared(pool: Pool) -> Self {
        Self {
            given_up: GivenUp::shared(pool.clone()),
            pool,
            named: Arc::new(AtomicBool::new(false)),
        }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) async fn get(&self) -> Result<Connection, StoreError> {
        let client = self.pool.get().await.map_err(error::pool)?;
        Ok(Connection {
            client: Some(client),
            given_up: self.given_up.clone(),
            state: State::Idle,
        })
    }

    /// Runs a statement, and repeats it after an error that left no trace: another transaction was in the way, or a prepared
    /// statement was outdated.
    pub(crate) async fn query(
        &self,
        table: &Table,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<Vec<Row>, StoreError> {
        let parameters: Vec<_> = parameters.iter().copied().map(Hidden).collect();
        let mut connection = self.get().await?;
        let mut times = 0;
        loop {
            times += 1;
            connection.begin();
            let named = self.named.load(Ordering::Relaxed);
            let result = query_once(connection.client(), named, sql, &parameters).await;
            connection.end(&result);
            match result {
                Ok(rows) => return Ok(rows),
                Err(error) if times <= REPEATS && error::is_stale(&error) => {
                    connection.client().statement_cache.clear();
                }
                Err(error) if times <= REPEATS && error::is_conflict(&error) => {}
                Err(error) => return Err(error::failed(&error, &table.name)),
            }
        }
    }
}

/// Runs a statement in one round trip. A statement with a name takes two, the first time on a connection.
async fn query_once(
    client: &Client,
    named: bool,
    sql: &str,
    parameters: &[Hidden<'_>],
) -> Result<Vec<Row>, Error> {
    if named {
        let statement = client.prepare_cached(sql).await?;
        let parameters: Vec<_> = parameters
            .iter()
            .map(|one| one as &(dyn ToSql + Sync))
            .collect();
        return client.query(&statement, &parameters).await;
    }
    let parameters: Vec<_> = parameters
        .iter()
        .map(|one| (one as &(dyn ToSql + Sync), one.0.kind()))
        .collect();
    client.query_typed(sql, &parameters).await
}

/// A connection for one statement after the other.
pub(crate) struct Connection {
    /// `Some` until this is dropped.
    client: Option<Client>,
    given_up: Arc<GivenUp>,
    state: State,
}

// A request that is dropped at its deadline drops its connection, which then goes
//
//     Idle        back to the pool
//     UnderWay    to `GivenUp`: the server may still work on the statement, or never reply again
//     Broken      away: the server closed it, or is not the primary any more
enum State {
    Idle,
    UnderWay,
    Broken,
}

impl Connection {
    /// Marks the beginning of a statement.
    pub(crate) fn begin(&mut self) {
        self.state = State::UnderWay;
    }

    /// Marks the end of a statement, with its result.
    pub(crate) fn end<T>(&mut self, result: &Result<T, Error>) {
        let is_usable = result.as_ref().err().is_none_or(error::is_harmless);
        self.state = if is_usable {
            State::Idle
        } else {
            State::Broken
        };
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        match &mut self.client {
            Some(client) => client,
            None => unreachable!("only drop takes the client"),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        match (self.client.take(), &self.state) {
            (Some(client), State::UnderWay) => self.given_up.hold(client),
            (Some(client), State::Broken) => drop(Object::take(client)),
            (_, State::Idle) | (None, _) => {}
        }
    }
}
