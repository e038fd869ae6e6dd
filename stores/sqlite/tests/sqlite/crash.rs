//! Several processes with one file: some are killed, one keeps the lock.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use session_core::Error;
use session_store::SessionBackend;
use session_store_sqlite::SqliteStore;

use crate::child::{Other, TASKS, command};
use crate::client::{self, Cookie, request};
use crate::directory::Directory;

const SESSIONS: usize = 8;

async fn sessions(source: &SessionBackend) -> Vec<Cookie> {
    let mut cookies = Vec::new();
    for number in 0..SESSIONS {
        let begin = |session: &session_core::Session| session.insert("number", number).unwrap();
        cookies.push(request(source, &None, begin).await.unwrap().1);
    }
    cookies
}

fn open(file: &Path) -> SessionBackend {
    client::source(Arc::new(SqliteStore::open(file).unwrap()))
}

/// Checks that the database is intact.
fn check_integrity(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let result: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(result, "ok");
}

/// Checks that everything acknowledged is stored once, and that of the rest at most the writes under way are stored.
async fn check(
    source: &SessionBackend,
    cookies: &[Cookie],
    acknowledged: &[(usize, String)],
    unknown: usize,
) {
    for (number, cookie) in cookies.iter().enumerate() {
        let (found, _) = request(source, cookie, |session| {
            let flashes: Vec<String> = session
                .take_flashes()
                .unwrap()
                .iter()
                .map(|flash| flash.message())
                .collect();
            let items: Vec<String> = session.get("items").unwrap().unwrap_or_default();
            let count = session.get::<usize>("count").unwrap().unwrap_or(0);
            // Flashes are taken, then put back for the next round.
            flashes
                .iter()
                .for_each(|flash| session.flash(flash, "message").unwrap());
            (
                session.get::<usize>("number").unwrap(),
                count,
                items,
                flashes,
            )
        })
        .await
        .unwrap();
        let (own, count, items, flashes) = found;
        assert_eq!(own, Some(number));
        let acknowledged: BTreeSet<&str> = acknowledged
            .iter()
            .filter(|(session, _)| *session == number)
            .map(|(_, item)| &**item)
            .collect();
        let there: BTreeSet<&str> = items.iter().map(String::as_str).collect();
        assert_eq!(there.len(), items.len(), "an item is stored twice");
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged but lost: {lost:?}");
        assert!(
            count <= acknowledged.len() + unknown,
            "{count} {} {unknown}",
            acknowledged.len()
        );
        assert_eq!(count, items.len(), "both are of one request");
        assert_eq!(flashes, items);
    }
}

/// `kill -9` at any moment: between writes, during one, while another process writes to the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed() {
    let directory = Directory::new();
    let file = directory.file();
    let cookies = {
        let source = open(&file);
        sessions(&source).await
    };
    let mut acknowledged = Vec::new();
    let mut kills = 0;
    for (round, pause) in [0, 1, 3, 7, 12, 18, 25, 33, 42, 60].into_iter().enumerate() {
        let mut others: Vec<_> = (0..=round % 2)
            .map(|other| Other::writes(&file, &format!("{round}.{other}"), &cookies, None))
            .collect();
        for other in &mut others {
            acknowledged.extend(parse(&other.reads("ok ")));
        }
        sleep(Duration::from_millis(pause));
        for other in &mut others {
            other.process.kill().unwrap();
            kills += 1;
            // The remaining process goes on with the files that the killed one left.
            sleep(Duration::from_millis(pause / 4));
        }
        for other in &mut others {
            other.process.wait().unwrap();
            acknowledged.extend(other.acknowledged());
        }
        check_integrity(&file);
        // Each task of a killed process had one request under way.
        check(&open(&file), &cookies, &acknowledged, kills * TASKS).await;
        check_integrity(&file);
    }
    assert!(
        acknowledged.len() > 10 * SESSIONS,
        "only {} writes",
        acknowledged.len()
    );
}

fn parse(told: &str) -> Option<(usize, String)> {
    let (session, item) = told.split_once(' ')?;
    Some((session.parse().unwrap(), item.to_owned()))
}

/// 64 tasks in two processes, eight to a session: no write is lost or takes effect twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes() {
    let directory = Directory::new();
    let file = directory.file();
    let source = open(&file);
    let cookies = sessions(&source).await;
    let requests = 12;
    let mut others: Vec<_> = (0..2)
        .map(|other| Other::writes(&file, &other.to_string(), &cookies, Some(requests)))
        .collect();
    let acknowledged: Vec<_> = others.iter_mut().flat_map(Other::acknowledged).collect();
    let asked = 2 * SESSIONS * TASKS * requests;
    let unknown = asked - acknowledged.len();
    assert!(
        unknown < asked / 10,
        "{unknown} of {asked} were not answered"
    );
    check(&source, &cookies, &acknowledged, unknown).await;
    drop(source);
    check_integrity(&file);
}

/// Another process keeps the lock: reads go on, writes end within their deadline with the documented error, and go on when
/// the lock is released.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked() {
    let directory = Directory::new();
    let source = open(&directory.file());
    let cookies = sessions(&source).await;
    let mut other = Other::start(command("locks", &directory.file(), None));
    other.reads("locked");

    let begun = Instant::now();
    let writes = cookies.iter().map(|cookie| {
        let (source, cookie) = (source.clone(), cookie.clone());
        tokio::spawn(async move {
            request(&source, &cookie, |session| {
                session.increment("count", 1).unwrap()
            })
            .await
            .map(drop)
        })
    });
    let writes: Vec<_> = writes.collect();
    for (number, cookie) in cookies.iter().enumerate() {
        let (read, _) = request(&source, cookie, |session| session.get("number").unwrap())
            .await
            .unwrap();
        assert_eq!(read, Some(number));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "reads wait for nobody"
    );
    for write in writes {
        assert_eq!(write.await.unwrap(), Err(Error::Unavailable));
    }
    // The close's deadline is five seconds.
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );

    // A request that arrives during the lock, but shortly before its end, succeeds.
    let (late, late_cookie) = (source.clone(), cookies[0].clone());
    let late = tokio::spawn(async move {
        request(&late, &late_cookie, |session| {
            session.increment("late", 1).unwrap()
        })
        .await
        .map(drop)
    });
    sleep(Duration::from_millis(1500));
    other
        .process
        .stdin
        .take()
        .unwrap()
        .write_all(b"\n")
        .unwrap();
    other.reads("unlocked");
    assert_eq!(late.await.unwrap(), Ok(()));
    for cookie in &cookies {
        request(&source, cookie, |session| {
            session.increment("count", 1).unwrap()
        })
        .await
        .unwrap();
        let (count, _) = request(&source, cookie, |session| {
            session.get::<u64>("count").unwrap()
        })
        .await
        .unwrap();
        assert_eq!(count, Some(1), "what was not acknowledged was not done");
    }
}
