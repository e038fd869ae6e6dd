//! The store's own connection: one for all requests, which is replaced when it is lost, so that sessions are
//! back when Redis is.

use std::time::{Duration, Instant};

use servers::{Proxy, Redis};
use session_core::{Error, Session, protocol::Loaded};
use session_store::{SessionBackend, Store};
use session_store_redis::RedisStore;
use tokio::task::JoinSet;

use crate::browser::{Browser, Failed, source};
use crate::faults::own;
use crate::{NOW, key, prefix};

/// How long a request may take until a lost connection is replaced.
const LIMIT: Duration = Duration::from_secs(30);

fn count(session: &Session) -> i64 {
    session.increment("sum", 1).unwrap()
}

fn behind(proxy: &Proxy, prefix: &str) -> SessionBackend {
    source(own(&format!("redis://127.0.0.1:{}", proxy.port()), prefix))
}

/// A balancer forgot the connection: no reply comes on it, and no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swallowed_connection_is_given_up() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let proxy = Proxy::start(redis.port());
    let source = behind(&proxy, &prefix());
    let mut browser = Browser::default();
    for sum in 1..=3 {
        assert_eq!(browser.until_answered(&source, LIMIT, count).await, sum);
        proxy.swallow();
    }
}

/// The primary hangs, and its replica is promoted behind its address. The old connection stays open and silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_primary_is_left() {
    let Some(primary) = Redis::start(&[]) else {
        return;
    };
    let Some(replica) = Redis::start(&[]) else {
        return;
    };
    assert_eq!(
        replica.ask(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]),
        "OK"
    );
    let proxy = Proxy::start(primary.port());
    let source = behind(&proxy, &prefix());
    let mut browser = Browser::default();
    browser.until_answered(&source, LIMIT, count).await;
    while replica.ask(&["DBSIZE"]) != "1" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    primary.hang();
    assert_eq!(
        browser.request(&source, count).await,
        Err(Failed::AtOpen(Error::Unavailable))
    );
    assert_eq!(replica.ask(&["REPLICAOF", "NO", "ONE"]), "OK");
    proxy.lead_to(replica.port());
    assert_eq!(browser.until_answered(&source, LIMIT, count).await, 2);
    primary.go_on();
}

/// The server becomes a replica, and keeps its connections. A new connection leads to the new primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_became_a_replica_is_left() {
    let (Some(former), Some(primary)) = (Redis::start(&[]), Redis::start(&[])) else {
        return;
    };
    let proxy = Proxy::start(former.port());
    let source = behind(&proxy, &prefix());
    let mut browser = Browser::default();
    browser.until_answered(&source, LIMIT, count).await;
    proxy.lead_to(primary.port());
    assert_eq!(
        former.ask(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]),
        "OK"
    );
    // A read does not notice it; a write does.
    let mut other = Browser::default();
    assert_eq!(other.until_answered(&source, LIMIT, count).await, 1);
    assert_eq!(primary.ask(&["DBSIZE"]), "1");
}

/// A password is wrong for a moment: whatever error a new connection fails with, the next one is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failed_connection_is_tried_again() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let user = |rules: &[&str]| {
        assert_eq!(
            redis.ask(&[&["ACL", "SETUSER", "shop"], rules].concat()),
            "OK"
        )
    };
    user(&["on", ">password", "~*", "+@all"]);
    let prefix = prefix();
    let source = source(own(
        &format!("redis://shop:password@127.0.0.1:{}", redis.port()),
        &prefix,
    ));
    let mut browser = Browser::default();
    assert_eq!(browser.until_answered(&source, LIMIT, count).await, 1);

    user(&["resetpass", ">another"]);
    assert_eq!(redis.ask(&["CLIENT", "KILL", "USER", "shop"]), "1");
    for _ in 0..3 {
        assert_eq!(
            browser.request(&source, count).await,
            Err(Failed::AtOpen(Error::Unavailable))
        );
    }
    let refused = own(
        &format!("redis://shop:password@127.0.0.1:{}", redis.port()),
        &prefix,
    );
    let error = refused.load(key(1), NOW).await.unwrap_err();
    assert!(
        error.is_refused()
            && error
                .to_string()
                .contains("refuses the user or the password"),
        "{error}"
    );

    user(&[">password"]);
    assert_eq!(browser.until_answered(&source, LIMIT, count).await, 2);
    assert_eq!(refused.load(key(1), NOW).await.unwrap(), Loaded::NotFound);
}

/// Any number of concurrent requests share one connection, also while it is opened. While the server is down, there is not one
/// attempt to connect for each of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_serves_all() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let store = own(&redis.url(), &prefix());
    let all = async |store: &std::sync::Arc<RedisStore>| {
        let mut asked = JoinSet::new();
        for number in 0..100 {
            let store = store.clone();
            asked.spawn(async move { store.load(key(number), NOW).await });
        }
        asked.join_all().await
    };
    assert!(all(&store).await.iter().all(Result::is_ok));
    assert!(all(&store).await.iter().all(Result::is_ok));
    // One more for the connection of this query; the server needs a moment to notice that the last one was closed.
    let begun = Instant::now();
    while !redis
        .ask(&["INFO", "clients"])
        .contains("connected_clients:2\r\n")
    {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{}",
            redis.ask(&["CLIENT", "LIST"])
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    redis.kill();
    let begun = Instant::now();
    for _ in 0..5 {
        assert!(all(&store).await.iter().all(Result::is_err));
    }
    // 10, 20, 40 and 80 ms.
    assert!(
        begun.elapsed() >= Duration::from_millis(150),
        "attempts follow each other at once"
    );
    redis.restart();
    while store.load(key(1), NOW).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
