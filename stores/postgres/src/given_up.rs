//! Connections on which a question was given up. The server goes on with it, so each counts against its pool until that has
//! ended: else one locked table would take all of the server's connections.

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

use crate::direct::told;
use crate::error;

/// How often the server is asked whether it has ended something, and how long it may take to answer.
const PAUSE: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(1);
/// So long at most a pool of the application's goes without a connection. If it has none left to ask over, nobody knows.
const SHARED: Duration = Duration::from_secs(10);

/// The server processes of this role that carry something out.
const BUSY: &str =
    "SELECT pid FROM pg_stat_activity WHERE usename = current_user AND state = 'active'";

pub(crate) struct GivenUp {
    pool: Pool,
    /// Where to get a connection to ask over. For a pool of the application's there is no other than that.
    beside: Pool,
    is_shared: bool,
    asked: Mutex<Option<ClientWrapper>>,
    held: AtomicUsize,
}

impl GivenUp {
    /// Of a pool of the store's own; `beside` leads to the same server.
    pub(crate) fn own(pool: Pool, beside: Pool) -> Arc<Self> {
        Self::of(pool, beside, false)
    }

    pub(crate) fn shared(pool: Pool) -> Arc<Self> {
        Self::of(pool.clone(), pool, true)
    }

    fn of(pool: Pool, beside: Pool, is_shared: bool) -> Arc<Self> {
        Arc::new(Self {
            pool,
            beside,
            is_shared,
            asked: Mutex::default(),
            held: AtomicUsize::new(0),
        })
    }

    /// Keeps a client in its place in the pool, so that no other connection takes that.
    pub(crate) fn hold(self: &Arc<Self>, client: Client) {
        match (Handle::try_current(), told(&client)) {
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

    /// Until the server has answered what was given up, or does so no more.
    async fn wait(self: Arc<Self>, client: Client, process: i32) {
        let begun = Instant::now();
        let is_usable = {
            // It is answered after all that came before.
            let mut answer = pin!(client.simple_query(""));
            loop {
                match timeout(PAUSE, answer.as_mut()).await {
                    Ok(answer) => break answer.is_ok(),
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
            *self.asked.lock().await = None;
        }
    }

    /// Whether the server says so. As long as it does not answer, a new connection would be of no use, either.
    async fn has_ended(&self, process: i32) -> bool {
        let mut asked = self.asked.lock().await;
        match timeout(PATIENCE, self.busy(&mut asked)).await {
            Ok(Ok(busy)) => !busy.contains(&process),
            Ok(Err(_)) | Err(_) => {
                *asked = None;
                false
            }
        }
    }

    /// Asks over the same connection as before, as far as there is one.
    async fn busy(&self, asked: &mut Option<ClientWrapper>) -> Result<Vec<i32>, StoreError> {
        let client = match asked {
            Some(client) => client,
            None => asked.insert(Object::take(self.beside.get().await.map_err(error::pool)?)),
        };
        let rows = client.query_typed(BUSY, &[]).await;
        let pids = rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect());
        pids.map_err(|error| error::failed(&error, ""))
    }
}

/// On every connection to PostgreSQL a question was given up, and the server has not ended what it was asked.
fn all_given_up(connections: usize) {
    warn!(
        target: "session", connections,
        "all connections to PostgreSQL wait for statements that were given up: is a table or a row locked (lock_timeout)?"
    );
}
