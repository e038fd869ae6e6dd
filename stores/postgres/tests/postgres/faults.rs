//! What becomes of sessions when the server ends, hangs, or may only read, or when the way to it breaks. Asked through the driver,
//! as requests do: what was acknowledged is there, once, and everything else ended in time as unavailable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, Pool, Runtime};
use servers::{Postgres, Proxy};
use session_core::{Error, SecretKey, Session, Sessions, protocol::Inserted};
use session_store::{SessionBackend, Store};
use session_store_postgres::PostgresStore;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::tools::*;

/// Longer than any deadline of a request, on a machine that has much else to do.
const IN_TIME: Duration = Duration::from_secs(30);

async fn over(pool: &Pool) -> SessionBackend {
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();
    source(store)
}

/// What a session's requests did: each has a number of its own.
#[derive(Default)]
struct Done {
    acknowledged: Vec<u64>,
    unknown: Vec<u64>,
}

/// One request: counts, adds to a list, and leaves a message.
fn work(session: &Session, number: u64) -> Result<(), Error> {
    session.increment("count", 1)?;
    session.push("list", number)?;
    session.flash(number, "message")
}

/// Requests one after the other, until told to stop.
async fn visits(
    source: SessionBackend,
    browser: Arc<Browser>,
    task: u64,
    stop: Arc<AtomicBool>,
) -> Done {
    let mut done = Done::default();
    let mut number = task * 1_000_000;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let begun = Instant::now();
        match browser
            .visit(&source, |session| work(session, number))
            .await
        {
            Ok(()) => done.acknowledged.push(number),
            Err(error) => {
                assert_eq!(error, Error::Unavailable);
                done.unknown.push(number);
            }
        }
        assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
    done
}

/// Sessions of one task each, and one that four share, all in use while `faults` happen. Returns how many requests were
/// acknowledged, and of how many it is unknown.
async fn under_load(source: &SessionBackend, faults: impl Future<Output = ()>) -> (usize, usize) {
    let stop = Arc::new(AtomicBool::new(false));
    let browsers: Vec<_> = (0..4).map(|_| Arc::new(Browser::default())).collect();
    for (number, browser) in browsers.iter().enumerate() {
        let log_in = |session: &Session| session.log_in(&format!("user {number}"));
        browser.visit(source, log_in).await.unwrap();
    }
    let tasks: Vec<_> = (0..7)
        .map(|task| {
            let place = if task < 4 { 0 } else { task - 3 };
            let run = visits(
                source.clone(),
                browsers[place].clone(),
                task as u64,
                stop.clone(),
            );
            (place, tokio::spawn(run))
        })
        .collect();
    sleep(Duration::from_millis(200)).await;
    faults.await;
    sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    let mut sessions: BTreeMap<usize, Done> = BTreeMap::new();
    for (place, task) in tasks {
        let done = task.await.unwrap();
        let session = sessions.entry(place).or_default();
        session.acknowledged.extend(done.acknowledged);
        session.unknown.extend(done.unknown);
    }
    let mut sums = (0, 0);
    for (place, done) in sessions {
        let look = |session: &Session| {
            let list: Vec<u64> = session.get("list")?.unwrap_or_default();
            let count: u64 = session.get("count")?.unwrap_or_default();
            let flashes = session.take_flashes()?;
            let flashes: Vec<u64> = flashes
                .iter()
                .map(|flash| flash.message_as().unwrap())
                .collect();
            Ok((count, list, flashes))
        };
        let (count, list, flashes) = browsers[place].visit(source, look).await.unwrap();
        assert_eq!(
            count,
            list.len() as u64,
            "a request is there whole or not at all"
        );
        for mut there in [list, flashes] {
            there.sort_unstable();
            let length = there.len();
            there.dedup();
            assert_eq!(there.len(), length, "counted twice");
            for number in &done.acknowledged {
                assert!(
                    there.binary_search(number).is_ok(),
                    "{number} was acknowledged"
                );
            }
            assert!(
                (done.acknowledged.len()..=done.acknowledged.len() + done.unknown.len())
                    .contains(&length)
            );
            let known =
                |number: &u64| done.acknowledged.contains(number) || done.unknown.contains(number);
            assert!(there.iter().all(known));
        }
        assert!(!done.acknowledged.is_empty());
        sums = (
            sums.0 + done.acknowledged.len(),
            sums.1 + done.unknown.len(),
        );
    }
    sums
}

/// Killed, restarted in order, and all its connections cut by an administrator: short enough for the driver, so that
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

/// Down for longer than the deadlines: everything fails in time, and goes on by itself.
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

/// The application has all connections in use: requests wait, but not for ever, whether the pool has timeouts or not. A store
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
        error.to_string().contains("let it have more") && !error.is_refused(),
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

/// Answers are lost after the server did what it was asked: nothing counts twice, and nothing is lost.
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

/// Somebody locks the row for longer than a request waits. What was given up may still take effect, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_locked_by_another() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    // As the documentation advises, so that what was given up does not wait on in the server.
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
        error.to_string().contains("took too long") && !error.is_refused(),
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

/// After a failover in which the old primary came back as a standby: it must not answer. The pool looks for another.
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
        // The farewell of the server on the connection that was open.
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
