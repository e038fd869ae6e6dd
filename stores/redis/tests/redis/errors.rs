//! Errors: full, forbidden, somebody else's keys. Each says what to do, and none shows a key, a user or a value.

use std::error::Error as _;
use std::time::{Duration, Instant};

use servers::Redis;
use session_core::{
    Error,
    protocol::{Inserted, Loaded, Outcome, Updated},
};
use session_store::{DeleteScope, Durability, Store, StoreError};
use session_store_redis::RedisStore;

use crate::browser::{Browser, Failed, OPEN, source};
use crate::{HOUR, NOW, REDIS, connect, key, prefix, record, store};

/// All that is printed of it.
fn printed(error: &StoreError) -> String {
    format!("{error} {error:?} {}", error.source().unwrap())
}

/// What each verb answers, by name. The label is a secret, too.
async fn all_errors(store: &dyn Store, user: &str) -> Vec<(&'static str, StoreError)> {
    let record = record(1, Some(user));
    let answers = [
        ("load", store.load(key(1), NOW).await.err()),
        ("insert", store.insert(key(1), &record, NOW).await.err()),
        ("update", store.update(key(1), 1, &record, NOW).await.err()),
        ("touch", store.touch(key(1), NOW + HOUR, NOW).await.err()),
        ("delete", store.delete(key(1), NOW).await.err()),
        ("index", store.index(user, key(1), NOW, NOW).await.err()),
        ("unindex", store.unindex(user, key(1)).await.err()),
        ("list", store.list(user, 9, NOW).await.err()),
        (
            "delete_owned",
            store.delete_owned(user, DeleteScope::All, NOW).await.err(),
        ),
        ("trim", store.trim(user, 1, key(1), NOW).await.err()),
    ];
    answers
        .into_iter()
        .filter_map(|(verb, error)| Some((verb, error?)))
        .collect()
}

fn check_all(errors: &[(&str, StoreError)], message: &str, source: &str) {
    for (verb, error) in errors {
        assert_eq!(
            printed(error),
            format!("{message} {message} {source}"),
            "{verb}"
        );
    }
}

/// T7: Redis quotes what it refuses.
#[tokio::test]
async fn of_another_type() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let prefix = prefix();
    let store = store(redis, &prefix).await;
    store.index("ada", key(1), NOW + HOUR, NOW).await.unwrap();
    let notes = redis.ask(&["KEYS", &format!("{prefix}o:*")]);
    for place in [&notes, &format!("{prefix}s:{}", key(1).to_text())] {
        assert_eq!(redis.ask(&["SET", place, "secret"]), "OK");
    }
    let errors = all_errors(&store, "ada").await;
    assert_eq!(errors.len(), 10);
    assert!(errors.iter().all(|(_, error)| error.is_refused()));
    let message =
        "a session's key in Redis holds something else: does anything else use its prefix?";
    check_all(&errors, message, "WRONGTYPE");

    // A hash, but none of ours.
    let place = format!("{prefix}s:{}", key(2).to_text());
    redis.ask(&["HSET", &place, "version", "secret", "owner", "secret"]);
    let error = store.load(key(2), NOW).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("what Redis keeps for a session is no record of ours")
    );
    assert!(store.insert(key(2), &record(1, None), NOW).await.is_err());
}

#[tokio::test]
async fn without_permission_to_the_keys() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let prefix = prefix();
    let set = [
        "ACL",
        "SETUSER",
        "others",
        "on",
        ">password",
        "resetkeys",
        "+@all",
        "~others:*",
    ];
    assert_eq!(redis.ask(&set), "OK");
    let url = format!("redis://others:password@127.0.0.1:{}", redis.port());
    let store =
        RedisStore::with_connection(connect(&url, Duration::from_secs(10)).await, &prefix).unwrap();
    let errors = all_errors(&store, "ada").await;
    assert_eq!(errors.len(), 10);
    for (verb, error) in errors {
        assert!(error.is_refused());
        let asked = match verb {
            "load" => "HMGET",
            "unindex" => "ZREM",
            "list" | "delete_owned" | "trim" => "ZRANGE",
            _ => "EVALSHA",
        };
        let message = format!(
            "Redis does not let this user at the key that {asked} asks for: let it have the keys"
        );
        assert!(
            printed(&error).starts_with(&message) && printed(&error).ends_with(" NOPERM"),
            "{error}"
        );
        assert!(!printed(&error).contains("others"), "{error}");
    }
}

/// Full: what would grow is refused at once, the rest goes on, and nobody loses a session.
#[tokio::test]
async fn full() {
    let Some(redis) = Redis::start(&["--maxmemory-policy", "noeviction"]) else {
        return;
    };
    let store = store(&redis, "test:").await;
    for number in 0..4 {
        store
            .index("ada", key(number), NOW + HOUR, NOW)
            .await
            .unwrap();
        store
            .insert(key(number), &record(number, Some("ada")), NOW)
            .await
            .unwrap();
    }
    let source = source(std::sync::Arc::new(store.clone()));
    let mut browser = Browser::default();
    browser
        .request(&source, |session| session.insert("a", 1))
        .await
        .unwrap()
        .unwrap();

    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let message = "Redis is full: let it take more (maxmemory), or let idle sessions end sooner";
    let errors = [
        (
            "insert",
            store
                .insert(key(9), &record(9, None), NOW)
                .await
                .unwrap_err(),
        ),
        (
            "update",
            store
                .update(key(1), 1, &record(9, Some("ada")), NOW)
                .await
                .unwrap_err(),
        ),
        (
            "index",
            store.index("ada", key(9), NOW, NOW).await.unwrap_err(),
        ),
    ];
    assert!(errors.iter().all(|(_, error)| error.is_refused()));
    check_all(&errors, message, "OOM");
    let begun = Instant::now();
    let answer = browser
        .request(&source, |session| session.insert("a", 2))
        .await;
    assert_eq!(answer, Err(Failed::AtClose(Error::Unavailable)));
    assert!(begun.elapsed() < OPEN + Duration::from_secs(10));

    // Nothing was changed, and what needs no room is done; also by a server that does not know the scripts.
    assert_eq!(redis.ask(&["SCRIPT", "FLUSH"]), "OK");
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1, Some("ada")))
    );
    assert_eq!(store.load(key(9), NOW).await.unwrap(), Loaded::Absent);
    let conflict = store
        .update(key(1), 7, &record(9, None), NOW)
        .await
        .unwrap();
    assert_eq!(conflict, Updated::Conflict(record(1, Some("ada"))));
    let exists = store.insert(key(1), &record(9, None), NOW).await.unwrap();
    assert_eq!(exists, Inserted::Exists(record(1, Some("ada"))));
    assert_eq!(
        store.touch(key(1), NOW + 2 * HOUR, NOW).await.unwrap(),
        Outcome::Done
    );
    assert_eq!(store.delete(key(0), NOW).await.unwrap(), Outcome::Done);
    assert!(matches!(
        store.load(key(0), NOW).await.unwrap(),
        Loaded::Dead { .. }
    ));
    store.unindex("ada", key(0)).await.unwrap();
    assert_eq!(store.list("ada", 9, NOW).await.unwrap().len(), 3);
    assert_eq!(store.trim("ada", 2, key(1), NOW).await.unwrap().ended, 1);
    assert_eq!(
        store
            .delete_owned("ada", DeleteScope::All, NOW)
            .await
            .unwrap(),
        2
    );

    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    let a = browser
        .request(&source, |session| session.increment("a", 1).unwrap())
        .await
        .unwrap();
    assert_eq!(a, 2);
}

/// Redis cannot save what it keeps.
#[tokio::test]
async fn a_disk_that_takes_nothing() {
    let Some(redis) = Redis::start(&["--save", "3600 1", "--enable-protected-configs", "yes"])
    else {
        return;
    };
    let store = store(&redis, "test:").await;
    store.insert(key(1), &record(1, None), NOW).await.unwrap();
    let gone = servers::Folder::new("gone");
    redis.ask(&["CONFIG", "SET", "dir", gone.path().to_str().unwrap()]);
    drop(gone);
    redis.ask(&["BGSAVE"]);
    let begun = Instant::now();
    while !redis
        .ask(&["INFO", "persistence"])
        .contains("rdb_last_bgsave_status:err")
    {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = store
        .insert(key(2), &record(2, None), NOW)
        .await
        .unwrap_err();
    assert!(error.is_refused());
    let message = "Redis refuses writes, since it cannot write to its disk: is that full?";
    check_all(&[("insert", error)], message, "MISCONF");
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1, None))
    );
}

/// A replica may lag behind; it refuses writes, and that may pass.
#[tokio::test]
async fn a_replica() {
    let (Some(primary), Some(redis)) = (&*REDIS, Redis::start(&[])) else {
        return;
    };
    let store = store(&redis, "test:").await;
    assert_eq!(
        redis.ask(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]),
        "OK"
    );
    let error = store
        .insert(key(1), &record(1, None), NOW)
        .await
        .unwrap_err();
    assert!(!error.is_refused());
    check_all(
        &[("insert", error)],
        "this Redis is a replica: the connection must be to the primary",
        "READONLY",
    );
}

#[tokio::test]
async fn no_server() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let store = store(&redis, "test:").await;
    redis.kill();
    let errors = all_errors(&store, "ada").await;
    assert_eq!(errors.len(), 10);
    for (verb, error) in errors {
        assert_eq!(
            error.to_string(),
            "there is no connection to Redis, or it was cut",
            "{verb}"
        );
        assert!(!error.is_refused());
    }
    assert!(store.durability().await.is_err() && store.check().await.is_err());
}

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
async fn what_may_evict() {
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

/// At start, also where `INFO` is not allowed: what a replica shows is late, and it takes no write.
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
        assert_eq!(
            error,
            "this Redis is a replica: the connection must be to the primary"
        );
    }
}

/// What somebody put into a user's set keeps nobody from ending that user's sessions.
#[tokio::test]
async fn a_foreign_member_is_passed_over() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let prefix = prefix();
    let store = store(redis, &prefix).await;
    store.index("ada", key(1), NOW + HOUR, NOW).await.unwrap();
    assert_eq!(
        store
            .insert(key(1), &record(1, Some("ada")), NOW)
            .await
            .unwrap(),
        Inserted::Done
    );
    let notes = redis.ask(&["KEYS", &format!("{prefix}o:*")]);
    for foreign in ["", "foreign", "\u{e9}", &"A".repeat(44)] {
        redis.ask(&["ZADD", &notes, "9e15", foreign]);
    }
    assert_eq!(store.list("ada", 9, NOW).await.unwrap().len(), 1);
    assert!(store.trim("ada", 1, key(1), NOW).await.unwrap().alive);
    assert_eq!(
        store
            .delete_owned("ada", DeleteScope::All, NOW)
            .await
            .unwrap(),
        1
    );
    assert!(matches!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Dead { .. }
    ));
}
