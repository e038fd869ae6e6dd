//! The server ends, hangs or becomes read-only, or the network to it fails. Requests go through the driver, as in an application:
//! each acknowledged one is stored once, and every other one fails in time as unavailable.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, Pool, Runtime};
use servers::{Postgres, Proxy};
use session_core::{Error, SecretKey, Sessions, protocol::Inserted};
use session_store::{SessionBackend, Store};
use session_store_postgres::PostgresStore;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::load::{IN_TIME, over, under_load, work};
use crate::tools::*;

/// The server is killed, restarted, and all its connections are cut by an administrator: shorter than the deadlines, so that
/// requests only wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_server_ends_and_comes_back() {
    let Some(mut server) = Postgres::start(&[]) else {
        return;
    };
    let pool = pool(server.port(), 8);
    let source = over(&pool).await;
    let (acknowledged, unknown) = under_load(&source, async {
        for round in 0..2 {
            if round == 0 { server.kill() } else { server.shut_down() }
            sleep(Duration::from_millis(300)).await;
            server.start_again();
            sleep(Duration::from_millis(500)).await;
        }
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL";
        let psql = server.program("psql").args(["-qAtc", end]).output().unwrap();
        assert!(String::from_utf8_lossy(&psql.stdout).contains('t'));
    })
    .await;
    assert!(acknowledged > 50, "{acknowledged} {unknown}");
}

/// The server is down for longer than the deadlines: requests fail in time, and recover by themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_server_is_down_and_hangs() {
    let Some(mut server) = Postgres::start(&[]) else {
        return;
    };
    let pool = pool(server.port(), 4);
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();
    let deadlines = Duration::from_millis(600);
    let sessions =
        Sessions::builder(SecretKey::generate().unwrap()).deadlines(deadlines, deadlines);
    let source = SessionBackend::stored(sessions.build_stored().unwrap(), Arc::new(store));
    let (_, unknown) = under_load(&source, async {
        server.shut_down();
        sleep(2 * deadlines).await;
        server.start_again();
        sleep(deadlines).await;
        server.hang();
        sleep(3 * deadlines).await;
        server.go_on();
        sleep(deadlines).await;
    })
    .await;
    assert!(unknown > 0);
}

/// The application uses all connections: requests wait until their deadline, whether the pool has timeouts or not. A store
/// with connections of its own does not notice.
#[tokio::test]
async fn the_pool_is_empty() {
    let Some(server) = server() else { return };
    let (pool, table) = (pool(server.port(), 1), table());
    let deadlines = Duration::from_millis(500);
    let store = PostgresStore::with_pool(pool.clone())
        .table(&table)
        .unwrap();
    store.create_schema().await.unwrap();
    let sessions =
        Sessions::builder(SecretKey::generate().unwrap()).deadlines(deadlines, deadlines);
    let source = SessionBackend::stored(sessions.build_stored().unwrap(), Arc::new(store));
    let browser = Browser::default();
    let taken = pool.get().await.unwrap();
    let visit = timeout(IN_TIME, browser.visit(&source, |session| work(session, 1)))
        .await
        .unwrap();
    assert_eq!(visit, Err(Error::Unavailable));
    let apart = PostgresStore::new(config(server.port()), NoTls)
        .table(&table)
        .unwrap();
    let apart = crate::tools::source(apart);
    Browser::default()
        .visit(&apart, |session| work(session, 1))
        .await
        .unwrap();
    drop(taken);
    browser
        .visit(&source, |session| work(session, 2))
        .await
        .unwrap();

    let hasty = Pool::builder(Manager::new(tokio_postgres::Config::new(), NoTls)).max_size(1);
    let hasty = hasty
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(Duration::ZERO))
        .max_size(0)
        .build()
        .unwrap();
    let error = PostgresStore::with_pool(hasty.clone())
        .load(key(1), NOW)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("allow it more") && !error.is_refused(),
        "{error}"
    );
    hasty.close();
    let error = PostgresStore::with_pool(hasty)
        .load(key(1), NOW)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("was closed") && error.is_refused(),
        "{error}"
    );
}

/// Replies are lost after the server has written: no write is lost or takes effect twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn answers_are_lost() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let proxy = Proxy::start(server.port());
    let pool = pool(proxy.port(), 8);
    let source = over(&pool).await;
    let (acknowledged, unknown) = under_load(&source, async {
        for _ in 0..20 {
            proxy.lose_answers();
            sleep(Duration::from_millis(50)).await;
        }
        proxy.refuse();
        sleep(Duration::from_millis(200)).await;
        proxy.pass();
        proxy.hang();
        sleep(Duration::from_millis(200)).await;
        proxy.pass();
    })
    .await;
    assert!(
        proxy.lost() > 20 && acknowledged > 20,
        "{} lost, {acknowledged} acknowledged, {unknown}",
        proxy.lost()
    );
}

/// Another program locks the row for longer than a request waits. A write that was given up may still take effect, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_locked_by_another() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    // The documentation recommends it: a statement that was given up then ends in the server, too.
    let pool = pool_with(server.port(), 4, "-c lock_timeout=300ms");
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();
    let deadlines = Duration::from_millis(800);
    let sessions =
        Sessions::builder(SecretKey::generate().unwrap()).deadlines(deadlines, deadlines);
    let source = SessionBackend::stored(sessions.build_stored().unwrap(), Arc::new(store));
    let browser = Browser::default();
    browser
        .visit(&source, |session| work(session, 1))
        .await
        .unwrap();

    let mut other = crate::tools::pool(server.port(), 1).get().await.unwrap();
    let transaction = other.transaction().await.unwrap();
    transaction
        .execute("SELECT 1 FROM session_records FOR UPDATE", &[])
        .await
        .unwrap();
    let read = browser
        .visit(&source, |session| session.get::<u64>("count"))
        .await
        .unwrap();
    assert_eq!(read, Some(1), "readers do not wait");
    let visit = timeout(IN_TIME, browser.visit(&source, |session| work(session, 2)))
        .await
        .unwrap();
    assert_eq!(visit, Err(Error::Unavailable));

    let store = PostgresStore::with_pool(pool_with(server.port(), 1, "-c lock_timeout=100ms"));
    let key = transaction
        .query_one("SELECT key FROM session_records", &[])
        .await
        .unwrap()
        .get::<_, Vec<u8>>(0);
    let key = session_core::RecordKey::from_bytes(key.try_into().unwrap());
    let error = timeout(IN_TIME, store.delete(key, NOW))
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        error.to_string().contains("took longer than") && !error.is_refused(),
        "{error}"
    );

    transaction.rollback().await.unwrap();
    browser
        .visit(&source, |session| work(session, 3))
        .await
        .unwrap();
    let list = browser
        .visit(&source, |session| session.get::<Vec<u64>>("list"))
        .await
        .unwrap()
        .unwrap();
    assert!([&[1, 2, 3][..], &[1, 3]].contains(&&list[..]), "{list:?}");
}

/// After a failover the old primary comes back as a standby. It must not serve sessions; the pool connects to another server.
#[tokio::test]
async fn the_server_is_a_standby_now() {
    let Some(mut server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let pool = pool(server.port(), 1);
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();
    assert_eq!(
        store.insert(key(1), &record(1, None), NOW).await.unwrap(),
        Inserted::Done
    );
    server.shut_down();
    std::fs::write(server.folder().join("data/standby.signal"), "").unwrap();
    server.start_again();
    let mut error = store.touch(key(1), NOW + HOUR, NOW).await.unwrap_err();
    if error.to_string().contains("shutting down") {
        // The server's last message on the open connection.
        error = store.touch(key(1), NOW + HOUR, NOW).await.unwrap_err();
    }
    assert!(
        error.to_string().contains("may only read") && !error.is_refused(),
        "{error}"
    );
    assert_eq!(pool.status().size, 0, "the next request connects anew");
    let error = store.durability().await.unwrap_err();
    assert!(error.to_string().contains("may only read"), "{error}");
}
