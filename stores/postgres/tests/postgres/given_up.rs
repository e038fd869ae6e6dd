//! Statements whose requests were given up go on in the server. They take no more connections than the pools have, and as soon as
//! they have ended, or another server has taken over, the connections are used again.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use servers::{Postgres, Proxy};
use session_core::{Error, SecretKey, Session, Sessions};
use session_store::{SessionBackend, Store};
use session_store_postgres::PostgresStore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::tools::{Browser, NOW, config, key, pool};

const PROCESSES: usize = 3;
const CONNECTIONS: usize = 4;
const DEADLINES: Duration = Duration::from_millis(600);
/// Much longer than any step of these tests takes.
const IN_TIME: Duration = Duration::from_secs(30);

/// The sessions of one process, with short deadlines.
fn source(store: PostgresStore) -> SessionBackend {
    let key = SecretKey::new(*b"J0cW2mQ8xv7Yt1Lr5Zb9Kd3Hs6Fn4Pga").unwrap();
    let sessions = Sessions::builder(key).deadlines(DEADLINES, DEADLINES);
    SessionBackend::stored(sessions.build_stored().unwrap(), Arc::new(store))
}

fn count(session: &Session) -> Result<i64, Error> {
    session.increment("sum", 1)
}

fn one(server: &Postgres, sql: &str) -> Result<String, String> {
    let answer = server
        .program("psql")
        .args(["-qAtc", sql])
        .output()
        .unwrap();
    let (out, err) = [answer.stdout, answer.stderr]
        .map(|text| String::from_utf8(text).unwrap())
        .into();
    if answer.status.success() {
        Ok(out.trim().to_owned())
    } else {
        Err(err)
    }
}

/// Tries a request again until it succeeds.
async fn answered(source: &SessionBackend, browser: &Browser) -> i64 {
    let again = async {
        loop {
            match browser.visit(source, count).await {
                Ok(sum) => return sum,
                Err(error) => assert_eq!(error, Error::Unavailable),
            }
        }
    };
    timeout(IN_TIME, again).await.unwrap()
}

/// Returns the number of connections of all clients but `psql`.
const USED: &str = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND \
                    application_name <> 'psql'";

/// An operator locks the table for longer than requests wait, while they come without a pause: the operator still gets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_table_leaves_connections() {
    let most = PROCESSES * (CONNECTIONS + 1);
    let settings = format!("max_connections={}", most + 10);
    let Some(server) = Postgres::start(&[&Postgres::FAST[..], &[&settings]].concat()) else {
        return;
    };
    let store = || PostgresStore::with_connections(config(server.port()), NoTls, CONNECTIONS);
    store().create_schema().await.unwrap();
    let sources: Vec<_> = (0..PROCESSES).map(|_| source(store())).collect();
    let browser = Arc::new(Browser::default());
    assert_eq!(answered(&sources[0], &browser).await, 1);

    let mut operator = pool(server.port(), 1).get().await.unwrap();
    let lock = operator.transaction().await.unwrap();
    lock.execute("LOCK TABLE session_records", &[])
        .await
        .unwrap();
    let begun = Instant::now();
    let mut requests = JoinSet::new();
    for number in 0..10 * PROCESSES {
        let (source, browser) = (sources[number % PROCESSES].clone(), browser.clone());
        requests.spawn(async move {
            while begun.elapsed() < Duration::from_secs(6) {
                assert_eq!(browser.visit(&source, count).await, Err(Error::Unavailable));
            }
        });
    }
    while !requests.is_empty() {
        let used = one(&server, USED).unwrap().parse::<usize>().unwrap();
        // One more for the connection that holds the lock.
        assert!(used <= most + 1, "{used}");
        let _ = timeout(Duration::from_millis(50), requests.join_next()).await;
    }
    lock.rollback().await.unwrap();
    for source in &sources {
        answered(source, &browser).await;
    }
}

/// One process of the server hangs, and with it the only connection: the request gets another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_hangs_is_left() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let store = PostgresStore::with_connections(config(server.port()), NoTls, 1);
    store.create_schema().await.unwrap();
    let (source, browser) = (crate::tools::source(store), Browser::default());
    browser.visit(&source, count).await.unwrap();
    let processes = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%session_records%' AND pid <> pg_backend_pid()";
    let pid = one(&server, processes).unwrap();
    let signal = |signal| {
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        )
    };
    signal("STOP");
    let sum = answered(&source, &browser).await;
    assert!(one(&server, processes).unwrap() != pid);
    signal("CONT");
    assert_eq!(browser.visit(&source, count).await, Ok(sum + 1));
}

/// A balancer forgot all connections: they soon leave the pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swallowed_connections_do_not_count() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let proxy = Proxy::start(server.port());
    let store = PostgresStore::with_connections(config(proxy.port()), NoTls, 1);
    store.create_schema().await.unwrap();
    let (source, browser) = (source(store), Browser::default());
    for sum in 1..4 {
        assert_eq!(answered(&source, &browser).await, sum);
        proxy.swallow();
    }
}

/// The primary hangs with statements under way on all connections, and its standby takes over behind its address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_primary_is_left() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let proxy = Proxy::start(server.port());
    let store = PostgresStore::with_connections(config(proxy.port()), NoTls, 2);
    store.create_schema().await.unwrap();
    let standby = server.standby(server.port());
    let (source, browser) = (source(store), Arc::new(Browser::default()));
    assert_eq!(answered(&source, &browser).await, 1);
    while one(&standby, "SELECT count(*) FROM session_records").unwrap() != "1" {
        sleep(Duration::from_millis(20)).await;
    }
    server.hang();
    for _ in 0..3 {
        assert_eq!(browser.visit(&source, count).await, Err(Error::Unavailable));
    }
    one(&standby, "SELECT pg_promote()").unwrap();
    proxy.lead_to(standby.port());
    assert_eq!(answered(&source, &browser).await, 2);
}

/// The role may have fewer connections than the store: requests share them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_the_role() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    one(&server, "CREATE ROLE shop LOGIN CONNECTION LIMIT 2").unwrap();
    one(&server, "GRANT ALL ON SCHEMA public TO shop").unwrap();
    let mut config = config(server.port());
    config.user("shop");
    let store = Arc::new(PostgresStore::with_connections(config, NoTls, 8));
    store.create_schema().await.unwrap();
    let mut asked = JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        asked.spawn(async move {
            store
                .load(key(number), NOW)
                .await
                .map_err(|error| error.to_string())
        });
    }
    for answer in asked.join_all().await {
        let refused = answer
            .err()
            .is_none_or(|error| error.contains("accepts no more connections"));
        assert!(refused);
    }
    let sessions = Sessions::builder(SecretKey::generate().unwrap())
        .build_stored()
        .unwrap();
    let source = SessionBackend::stored(sessions, store);
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        let source = source.clone();
        requests.spawn(async move { Browser::default().visit(&source, count).await });
    }
    assert!(
        requests
            .join_all()
            .await
            .iter()
            .all(|visit| *visit == Ok(1))
    );
    assert!(one(&server, USED).unwrap().parse::<usize>().unwrap() <= 2);
}

/// A pool of the application's gets its connections back even if none is left for the query.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_pool_gets_its_connections_back() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let proxy = Proxy::start(server.port());
    let pool = pool(proxy.port(), 1);
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();
    let (source, browser) = (source(store), Browser::default());
    assert_eq!(answered(&source, &browser).await, 1);
    proxy.swallow();
    assert_eq!(browser.visit(&source, count).await, Err(Error::Unavailable));
    assert_eq!(pool.status().size, 1, "it counts");
    assert_eq!(answered(&source, &browser).await, 2);
}
