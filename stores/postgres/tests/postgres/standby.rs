//! A synchronous standby takes over: every acknowledged write is stored, and ended sessions stay ended, also if a commit
//! stopped to wait for the standby before it had it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use servers::{Postgres, Proxy};
use session_core::{Error, SecretKey, Session, Sessions, StoredSessions};
use session_store::{SessionBackend, Store, StoreError, UserSessions};
use session_store_postgres::PostgresStore;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::tools::{Browser, config, pool};

const USER: &str = "ada";

fn one(server: &Postgres, sql: &str) -> String {
    let answer = server
        .program("psql")
        .args(["-qAtc", sql])
        .output()
        .unwrap();
    String::from_utf8_lossy(&answer.stdout).trim().to_owned()
}

async fn until(server: &Postgres, sql: &str, expected: &str) {
    let begun = Instant::now();
    while one(server, sql) != expected {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{sql}: {}",
            one(server, sql)
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// A primary whose commits wait for its standby, and a browser whose session has a sum of one and a user.
struct Pair {
    primary: Postgres,
    standby: Postgres,
    /// Between them.
    network: Proxy,
    sessions: StoredSessions,
    browser: Arc<Browser>,
}

impl Pair {
    async fn start() -> Option<Self> {
        let primary = Postgres::start(&Postgres::FAST)?;
        PostgresStore::new(config(primary.port()), NoTls)
            .create_schema()
            .await
            .unwrap();
        let network = Proxy::start(primary.port());
        let standby = primary.standby(network.port());
        one(&primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
        one(&primary, "SELECT pg_reload_conf()");
        until(
            &primary,
            "SELECT sync_state FROM pg_stat_replication",
            "sync",
        )
        .await;
        let sessions = Sessions::builder(SecretKey::generate().unwrap())
            .build_stored()
            .unwrap();
        let pair = Self {
            primary,
            standby,
            network,
            sessions,
            browser: Arc::default(),
        };
        let source = pair.on(&pair.primary);
        pair.browser
            .visit(&source, |session| {
                session.log_in(USER)?;
                session.increment("sum", 1)
            })
            .await
            .unwrap();
        Some(pair)
    }

    fn on(&self, server: &Postgres) -> SessionBackend {
        SessionBackend::stored(
            self.sessions.clone(),
            Arc::new(PostgresStore::new(config(server.port()), NoTls)),
        )
    }

    /// Sends a request of the browser, whose commit waits for the standby, which is cut off.
    async fn stuck(
        &self,
        handler: fn(&Session) -> Result<(), Error>,
    ) -> JoinHandle<Result<(), Error>> {
        self.network.hang();
        let (browser, source) = (self.browser.clone(), self.on(&self.primary));
        let visit = tokio::spawn(async move { browser.visit(&source, handler).await });
        until(&self.primary, WAITING, "1").await;
        visit
    }

    fn users(&self) -> UserSessions {
        let store = PostgresStore::new(config(self.primary.port()), NoTls);
        UserSessions::new(&self.sessions, Arc::new(store))
    }

    /// Promotes the standby. Returns the sum, if the session is stored.
    async fn after_a_failover(self) -> Option<i64> {
        let Self {
            mut primary,
            standby,
            sessions,
            browser,
            ..
        } = self;
        primary.kill();
        // It has no standby of its own.
        one(&standby, "SELECT pg_promote()");
        one(&standby, "ALTER SYSTEM RESET synchronous_standby_names");
        one(&standby, "SELECT pg_reload_conf()");
        let source = SessionBackend::stored(
            sessions,
            Arc::new(PostgresStore::new(config(standby.port()), NoTls)),
        );
        browser
            .visit(&source, |session| session.get("sum"))
            .await
            .unwrap()
    }
}

const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
/// Ends the wait of a commit: it becomes visible, and the standby does not have it.
const TERMINATE: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

fn end(session: &Session) -> Result<(), Error> {
    session.clear()
}

fn count(session: &Session) -> Result<(), Error> {
    session.increment("sum", 1).map(drop)
}

/// A repeated request finds its own write. It is not acknowledged before the standby has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_standby_does_not_have_is_not_answered() {
    for is_logout in [true, false] {
        let Some(pair) = Pair::start().await else {
            return;
        };
        let visit = pair.stuck(if is_logout { end } else { count }).await;
        assert_eq!(one(&pair.primary, TERMINATE), "t");
        assert_eq!(visit.await.unwrap(), Err(Error::Unavailable));
        assert_eq!(
            pair.after_a_failover().await,
            Some(1),
            "the standby never had it"
        );
    }
}

/// The primary crashes meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_after_a_crash() {
    let Some(mut pair) = Pair::start().await else {
        return;
    };
    let visit = pair.stuck(end).await;
    pair.primary.kill();
    pair.primary.start_again();
    assert_eq!(visit.await.unwrap(), Err(Error::Unavailable));
    assert_eq!(pair.after_a_failover().await, Some(1));
}

/// It is back in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_standby_has_is_answered() {
    for is_logout in [true, false] {
        let Some(pair) = Pair::start().await else {
            return;
        };
        let visit = pair.stuck(if is_logout { end } else { count }).await;
        assert_eq!(one(&pair.primary, TERMINATE), "t");
        sleep(Duration::from_millis(300)).await;
        pair.network.pass();
        assert_eq!(visit.await.unwrap(), Ok(()));
        assert_eq!(pair.after_a_failover().await, (!is_logout).then_some(2));
    }
}

/// A new request finds the write of the first one. That is not acknowledged before the standby has it, either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_ended_before_is_confirmed() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let users = pair.users();
    pair.network.hang();
    let everywhere = tokio::spawn({
        let users = users.clone();
        async move { users.end_all(USER).await }
    });
    until(&pair.primary, WAITING, "1").await;
    assert_eq!(one(&pair.primary, TERMINATE), "t");
    assert_eq!(everywhere.await.unwrap(), Err(Error::Unavailable));
    assert_eq!(users.end_all(USER).await, Err(Error::Unavailable));
    let source = pair.on(&pair.primary);
    assert_eq!(
        pair.browser.visit(&source, end).await,
        Err(Error::Unavailable)
    );

    pair.network.pass();
    assert_eq!(users.end_all(USER).await, Ok(0));
    assert_eq!(pair.after_a_failover().await, None);
}

/// An application that starts at a standby gets an error, however it connects, with and without a table.
#[tokio::test]
async fn a_standby_is_refused_at_start() {
    let Some(primary) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let stores = |server: &Postgres| {
        let own = PostgresStore::new(config(server.port()), NoTls);
        [own, PostgresStore::with_pool(pool(server.port(), 1))]
    };
    let is_told = |error: StoreError| {
        assert!(
            error
                .to_string()
                .contains("may only read; connect to the primary"),
            "{error}"
        );
        assert!(
            !error.is_refused(),
            "after a failover it may be the primary"
        );
    };
    for has_table in [false, true] {
        let standby = primary.standby(primary.port());
        for store in stores(&standby) {
            is_told(store.create_schema().await.unwrap_err());
            if has_table {
                is_told(store.durability().await.unwrap_err());
            }
        }
        let [store, _] = stores(&primary);
        store.create_schema().await.unwrap();
    }
}
