//! Connections: where they come from, and how one carries out a statement.

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

/// How often a statement is sent again at once. More often it is a matter for who asked.
const AGAIN: usize = 4;

/// Well below the deadline of a request, as far as the configuration does not say.
const CONNECT: Duration = Duration::from_secs(1);
/// The same for what was sent and not acknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);

pub(crate) struct Connections {
    pool: Pool,
    given_up: Arc<GivenUp>,
    /// Whether statements may have names. Behind a pooler that gives each transaction another server process, a name may
    /// mean somebody else's statement there, so names are for connections of which each is known to be direct. Not to have
    /// any costs the server a plan for each question, but no round trip.
    named: Arc<AtomicBool>,
}

impl Connections {
    /// A pool of the store's own.
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
        let look = {
            let named = named.clone();
            Hook::async_fn(move |client, _| {
                let named = named.clone();
                Box::pin(async move {
                    // Before anybody uses it: whoever has a connection knows how to use it.
                    if !is_direct(client).await.map_err(HookError::Backend)? {
                        named.store(false, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
        };
        let of = |most| Pool::builder(Manager::new(config.clone(), tls.clone())).max_size(most);
        match (of(most.max(1)).post_create(look).build(), of(1).build()) {
            (Ok(pool), Ok(beside)) => Self {
                given_up: GivenUp::own(pool.clone(), beside),
                pool,
                named,
            },
            _ => unreachable!("they have no timeouts, which would need a runtime"),
        }
    }

    /// The application's.
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

    /// Runs a statement.
    pub(crate) async fn query(
        &self,
        table: &Table,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<Vec<Row>, StoreError> {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|parameter| Hidden(*parameter))
            .collect();
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
                Err(error) if times <= AGAIN && error::is_stale(&error) => {
                    connection.client().statement_cache.clear();
                }
                Err(error) if times <= AGAIN && error::is_in_the_way(&error) => {}
                Err(error) => return Err(error::failed(&error, &table.name)),
            }
        }
    }
}

/// In one round trip; with a name, the first time on a connection in two.
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

/// Goes back to the pool if nothing is under way on it. A question that was dropped in the middle, at its deadline, may
/// have left a connection that never answers again: the next question gets another.
pub(crate) struct Connection {
    /// There until it is dropped.
    client: Option<Client>,
    given_up: Arc<GivenUp>,
    state: State,
}

enum State {
    Idle,
    UnderWay,
    /// The server cut it off, or is not the one to ask.
    Useless,
}

impl Connection {
    /// From here on something is under way.
    pub(crate) fn begin(&mut self) {
        self.state = State::UnderWay;
    }

    /// What was under way has ended so.
    pub(crate) fn end<T>(&mut self, result: &Result<T, Error>) {
        let is_harmless = result.as_ref().err().is_none_or(error::is_harmless);
        self.state = if is_harmless {
            State::Idle
        } else {
            State::Useless
        };
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        match &mut self.client {
            Some(client) => client,
            None => unreachable!("it is there until it is dropped"),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        match (self.client.take(), &self.state) {
            (Some(client), State::UnderWay) => self.given_up.hold(client),
            (Some(client), State::Useless) => drop(Object::take(client)),
            (_, State::Idle) | (None, _) => {}
        }
    }
}
