//! Sessions under load while faults happen, and the check that each acknowledged request is stored once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use session_core::{Error, Session};
use session_store::SessionBackend;
use session_store_postgres::PostgresStore;
use tokio::time::sleep;

use crate::tools::*;

/// Longer than any deadline of a request, on a busy machine.
pub(crate) const IN_TIME: Duration = Duration::from_secs(30);

pub(crate) async fn over(pool: &Pool) -> SessionBackend {
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();
    source(store)
}

/// The outcomes of a session's requests, each of which has a number of its own.
#[derive(Default)]
struct Done {
    acknowledged: Vec<u64>,
    unknown: Vec<u64>,
}

/// The handler of a request: increments a sum, appends to a list, and flashes a message.
pub(crate) fn work(session: &Session, number: u64) -> Result<(), Error> {
    session.increment("count", 1)?;
    session.push("list", number)?;
    session.flash(number, "message")
}

/// Sends requests one after the other, until `stop` is set.
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

/// Uses sessions of one task each, and one that four tasks share, while `faults` happen. Returns how many requests were
/// acknowledged, and of how many it is unknown.
pub(crate) async fn under_load(
    source: &SessionBackend,
    faults: impl Future<Output = ()>,
) -> (usize, usize) {
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
