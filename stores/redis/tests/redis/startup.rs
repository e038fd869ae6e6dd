//! Checks when an application starts: the prefix, and the configuration of the server.

use std::time::Duration;

use servers::Redis;
use session_store::{Durability, Store};
use session_store_redis::RedisStore;

use crate::{REDIS, connect, store};

#[tokio::test]
async fn prefixes() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let connection = connect(&redis.url(), Duration::from_secs(10)).await;
    for prefix in ["a", "shop:sessions:", "a-b_c.d/e:9", &"x".repeat(100)] {
        let store = RedisStore::with_connection(connection.clone(), prefix).unwrap();
        assert_eq!(
            format!("{store:?}"),
            format!("RedisStore {{ prefix: {prefix:?}, .. }}")
        );
    }
    for prefix in [
        "",
        "{shop}",
        "}",
        "a b",
        "a*",
        "ä",
        "a\0",
        "a\n",
        &"x".repeat(101),
    ] {
        let error = RedisStore::with_connection(connection.clone(), prefix).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the prefix of the keys in Redis must have 1 to 100 characters")
        );
    }
}

#[tokio::test]
async fn eviction_is_refused() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let store = store(&redis, "test:").await;
    store.check().await.unwrap();
    for (setting, value, durability) in [
        ("appendonly", "yes", Durability::LastMoments),
        ("appendfsync", "always", Durability::PowerLoss),
        ("no-appendfsync-on-rewrite", "yes", Durability::Crash),
        ("appendfsync", "no", Durability::LastMoments),
        ("appendonly", "no", Durability::Process),
    ] {
        assert_eq!(redis.ask(&["CONFIG", "SET", setting, value]), "OK");
        assert_eq!(
            store.durability().await.unwrap(),
            durability,
            "{setting} {value}"
        );
    }
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "volatile-ttl"]);
    let message =
        "Redis may evict sessions: its maxmemory-policy is volatile-ttl; set it to noeviction";
    assert_eq!(store.check().await.unwrap_err().to_string(), message);
}

/// A replica fails the check, also if `INFO` is forbidden: its data is late, and it refuses writes.
#[tokio::test]
async fn a_replica_is_noticed() {
    let Some(primary) = Redis::start(&[]) else {
        return;
    };
    let port = primary.port().to_string();
    let replica = Redis::start(&["--replicaof", "127.0.0.1", &port]).unwrap();
    for without_info in [false, true] {
        if without_info {
            assert_eq!(replica.ask(&["ACL", "SETUSER", "default", "-info"]), "OK");
        }
        let store = RedisStore::with_connection(
            connect(&replica.url(), Duration::from_secs(10)).await,
            "shop:",
        )
        .unwrap();
        let error = store.check().await.unwrap_err().to_string();
        assert_eq!(error, "this Redis is a replica: connect to the primary");
    }
}
