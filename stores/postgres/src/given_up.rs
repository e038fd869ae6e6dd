//! Connections whose statement was given up, because its request was dropped at its deadline.
//!
//! The server goes on with the statement. It is not cancelled: a commit that waits for a synchronous standby would then take
//! effect without the standby. So the connection keeps its place in the pool until the statement has ended; otherwise one
//! locked table would take all connections of the server. Two exceptions: a pool of the application's gets the place back
//! after [`SHARED`], and behind a pooler the process id is the pooler's, so the statement seems to have ended immediately.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{Client, ClientWrapper, Object, Pool};
use session_store::StoreError;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::warn;

use crate::direct::process_id;
use crate::error;

/// The pause between two queries whether the statement has ended, and the time limit for their reply.
const PAUSE: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest time for which a connection of the application's pool is held: the pool may have none left for the query.
const SHARED: Duration = Duration::from_secs(10);

/// Returns the server processes of this role that run a statement.
const BUSY: &str =
    "SELECT pid FROM pg_stat_activity WHERE usename = current_user AND state = 'active'";

pub(crate) struct GivenUp {
    pool: Pool,
    /// The pool of the connection for these queries. For a pool of the application's it is that pool itself.
    monitor: Pool,
    is_shared: bool,
    monitor_client: Mutex<Option<ClientWrapper>>,
    /// How many connections are held.
    held: AtomicUsize,
}

impl GivenUp {
    /// For a pool of the store's own; `monitor` leads to the same server.
    pub(crate) fn own(pool: Pool, monitor: Pool) -> Arc<Self> {
        Self::of(pool, monitor, false)
    }

    pub(crate) fn shared(pool: Pool) -> Arc<Self> {
        Self::of(pool.clone(), pool, true)
    }

    fn of(pool: Pool, monitor: Pool, is_shared: bool) -> Arc<Self> {
        Arc::new(Self {
            pool,
            monitor,
            is_shared,
            monitor_client: Mutex::default(),
            held: AtomicUsize::new(0),
        })
    }

    /// Holds a client in its place in the pool until its statement has ended.
    pub(crate) fn hold(self: &Arc<Self>, client: Client) {
        match (Handle::try_current(), process_id(&client)) {
            (Ok(runtime), Some(process)) if !client.is_closed() => {
                let held = self.held.fetch_add(1, Ordering::Relaxed) + 1;
                if held == self.pool.status().max_size {
                    all_given_up(held);
                }
                runtime.spawn(self.clone().wait(client, process));
            }
            _ => drop(Object::take(client)),
        }
    }

    /// Waits until the server has replied to the statement, or will not reply any more. Then gives the client back to the pool,
    /// or closes it.
    async fn wait(self: Arc<Self>, client: Client, process: i32) {
        let begun = Instant::now();
        let is_usable = {
            // Replies come in the order of the requests, so the reply to this one comes after that of the statement.
            let mut reply = pin!(client.simple_query(""));
            loop {
                match timeout(PAUSE, reply.as_mut()).await {
                    Ok(reply) => break reply.is_ok(),
                    Err(_) if self.is_shared && begun.elapsed() > SHARED => break false,
                    Err(_) if self.has_ended(process).await => break false,
                    Err(_) => {}
                }
            }
        };
        if !is_usable {
            drop(Object::take(client));
        }
        if self.held.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.monitor_client.lock().await = None;
        }
    }

    /// Returns whether the server reports that the process runs no statement. While the server does not reply, a new connection
    /// in place of this one would not help either, so the answer is no.
    async fn has_ended(&self, process: i32) -> bool {
        let mut client = self.monitor_client.lock().await;
        match timeout(PATIENCE, self.busy(&mut client)).await {
            Ok(Ok(busy)) => !busy.contains(&process),
            Ok(Err(_)) | Err(_) => {
                *client = None;
                false
            }
        }
    }

    /// Queries the busy processes, over the connection of the last query if there is one.
    async fn busy(&self, client: &mut Option<ClientWrapper>) -> Result<Vec<i32>, StoreError> {
        let client = match client {
            Some(client) => client,
            None => client.insert(Object::take(self.monitor.get().await.map_err(error::pool)?)),
        };
        let rows = match client.query_typed(BUSY, &[]).await {
            Ok(rows) => rows,
            Err(error) => return Err(error::failed(&error, "")),
        };
        let mut processes = Vec::new();
        for row in rows {
            match row.try_get(0) {
                Ok(process) => processes.push(process),
                Err(error) => return Err(error::failed(&error, "")),
            }
        }
        Ok(processes)
    }
}

/// Warns that the statement of every connection was given up, and the server has not ended them.
fn all_given_up(connections: usize) {
    warn!(
        target: "session", connections,
        "all connections to PostgreSQL wait for statements whose requests were given up: is a table or a row locked (lock_timeout)?"
    );
}
