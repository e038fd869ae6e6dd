//! A server dies, hangs, forgets its scripts, or its replies are lost; seen through the driver, as by an application.

use std::sync::Arc;
use std::time::{Duration, Instant};

use servers::{Proxy, Redis};
use session_core::{Error, Session};
use session_store::{Durability, Store};
use session_store_redis::RedisStore;

use crate::browser::{Browser, CLOSE, Failed, Load, OPEN, source};
use crate::{REDIS, prefix};

/// A store with a connection of its own.
pub(crate) fn own(url: &str, prefix: &str) -> Arc<RedisStore> {
    Arc::new(RedisStore::new(redis::Client::open(url).unwrap(), prefix).unwrap())
}

/// The load of two processes, each with a connection of its own.
async fn load(url: &str) -> Load {
    let prefix = prefix();
    Load::start([source(own(url, &prefix)), source(own(url, &prefix))]).await
}

/// Every acknowledged write is stored after `kill -9`, once.
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
    // The durability is queried again.
    redis.ask(&["CONFIG", "SET", "appendonly", "no"]);
    // This connection has not been used since it was cut.
    let durability = match store.durability().await {
        Err(_) => store.durability().await,
        told => told,
    };
    assert_eq!(durability.unwrap(), Durability::Process);
}

/// A server is down for longer than a request waits: requests fail by the deadline, and recover by themselves.
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
    let limit = Duration::from_secs(60);
    let count = |session: &Session| session.increment("sum", 1).unwrap();
    let sum = browser.until_answered(&source, limit, count).await;
    assert_eq!(sum, 2);
}

/// The server hangs under load: requests end by their deadlines, and its late writes take effect once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hangs_and_goes_on() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let load = load(&redis.url()).await;
    load.until_answered(100).await;
    redis.hang();
    // Longer than any request waits.
    tokio::time::sleep(OPEN + CLOSE + Duration::from_millis(500)).await;
    let reached = load.acknowledged();
    redis.go_on();
    load.until_answered(reached + 100).await;
    let tally = load.stop().await;
    assert!(tally.unknown() > 0, "writes were under way when it halted");
    tally.counts_once().await;
}

/// The server has written, and the connection is cut before its reply.
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

/// The network delays requests, and delivers them after they were repeated.
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

/// A server forgets its scripts when it restarts, fails over, or gets SCRIPT FLUSH.
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
