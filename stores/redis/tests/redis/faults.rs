//! A server that dies, hangs, forgets its scripts, or whose answers are lost: through the driver, as an application asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use servers::{Proxy, Redis};
use session_core::Error;
use session_store::{Durability, Store};
use session_store_redis::RedisStore;

use crate::browser::{Browser, CLOSE, Failed, Load, OPEN, source};
use crate::{REDIS, prefix};

/// With a connection of its own.
pub(crate) fn own(url: &str, prefix: &str) -> Arc<RedisStore> {
    Arc::new(RedisStore::new(redis::Client::open(url).unwrap(), prefix).unwrap())
}

/// Of two processes, each with a connection of its own.
async fn load(url: &str) -> Load {
    let prefix = prefix();
    Load::start([source(own(url, &prefix)), source(own(url, &prefix))]).await
}

/// Every acknowledged write is there after `kill -9`, and counted once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_kills_under_load() {
    let Some(mut redis) = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]) else {
        return;
    };
    let store = own(&redis.url(), &prefix());
    assert_eq!(store.durability().await.unwrap(), Durability::PowerLoss);
    let load = load(&redis.url()).await;
    for _ in 0..4 {
        load.until_answered(load.acknowledged() + 100).await;
        redis.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        redis.restart();
    }
    load.until_answered(load.acknowledged() + 100).await;
    load.stop().await.counts_once().await;
    // What it survives is asked anew.
    redis.ask(&["CONFIG", "SET", "appendonly", "no"]);
    // This connection has not been used since it was cut.
    let durability = match store.durability().await {
        Err(_) => store.durability().await,
        told => told,
    };
    assert_eq!(durability.unwrap(), Durability::Process);
}

/// A server that is away for longer than a request waits: an error by the deadline, and it comes back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comes_back_after_a_long_absence() {
    let Some(mut redis) = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]) else {
        return;
    };
    let source = source(own(&redis.url(), &prefix()));
    let mut browser = Browser::default();
    browser
        .request(&source, |session| session.increment("sum", 1))
        .await
        .unwrap()
        .unwrap();
    redis.kill();
    let begun = Instant::now();
    for _ in 0..3 {
        let answer = browser
            .request(&source, |session| session.increment("sum", 1))
            .await;
        assert_eq!(answer, Err(Failed::AtOpen(Error::Unavailable)));
    }
    assert!(begun.elapsed() < 3 * OPEN + Duration::from_secs(10));
    redis.restart();
    let sum = answered(&source, &mut browser, |session| {
        session.increment("sum", 1).unwrap()
    })
    .await;
    assert_eq!(sum, 2);
}

/// As somebody who tries again.
async fn answered<T>(
    source: &session_store::SessionBackend,
    browser: &mut Browser,
    handler: impl Fn(&session_core::Session) -> T,
) -> T {
    let begun = Instant::now();
    loop {
        match browser.request(source, &handler).await {
            Ok(result) => return result,
            Err(Failed::AtOpen(Error::Unavailable)) => {
                assert!(begun.elapsed() < Duration::from_secs(60))
            }
            Err(failed) => panic!("{failed:?}"),
        }
    }
}

/// It halts in the middle: requests end by their deadlines, and what it does late counts once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hangs_and_goes_on() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let load = load(&redis.url()).await;
    load.until_answered(100).await;
    redis.hang();
    // Longer than a request takes at most.
    tokio::time::sleep(OPEN + CLOSE + Duration::from_millis(500)).await;
    let reached = load.acknowledged();
    redis.go_on();
    load.until_answered(reached + 100).await;
    let tally = load.stop().await;
    assert!(tally.unknown() > 0, "writes were under way when it halted");
    tally.counts_once().await;
}

/// The server did it, and the connection was cut before it could say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_count_once() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let proxy = Proxy::start(redis.port());
    let load = load(&format!("redis://127.0.0.1:{}", proxy.port())).await;
    while proxy.lost() < 40 {
        proxy.lose_answers();
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    load.until_answered(load.acknowledged() + 20).await;
    let tally = load.stop().await;
    assert_eq!(tally.unknown_of_one_writer(), 0, "each was asked again");
    tally.counts_once().await;
}

/// The network holds back what was sent, and delivers it after it was asked again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_questions_count_once() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let proxy = Proxy::start(redis.port());
    let load = load(&format!("redis://127.0.0.1:{}", proxy.port())).await;
    for _ in 0..3 {
        load.until_answered(load.acknowledged() + 20).await;
        proxy.hang();
        tokio::time::sleep(Duration::from_millis(700)).await;
        proxy.pass();
    }
    load.until_answered(load.acknowledged() + 20).await;
    load.stop().await.counts_once().await;
}

/// A server forgets its scripts when it restarts, fails over, or is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgotten_scripts_are_sent_again() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let load = load(&redis.url()).await;
    for _ in 0..30 {
        load.until_answered(load.acknowledged() + 5).await;
        assert_eq!(redis.ask(&["SCRIPT", "FLUSH"]), "OK");
    }
    let tally = load.stop().await;
    assert_eq!(tally.unknown(), 0);
    tally.counts_once().await;
}
