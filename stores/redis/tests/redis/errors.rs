//! Errors: each says what to do, and none contains a key, a user or a value.

use std::error::Error as _;
use std::time::Duration;

use servers::Redis;
use session_core::protocol::{Inserted, Loaded};
use session_store::{DeleteScope, Store, StoreError};
use session_store_redis::RedisStore;

use crate::{HOUR, NOW, REDIS, connect, key, prefix, record, store};

/// Returns all that can be printed of an error.
pub(crate) fn printed(error: &StoreError) -> String {
    format!("{error} {error:?} {}", error.source().unwrap())
}

/// Returns the error of each verb, by name. The label is a secret, too.
pub(crate) async fn all_errors(store: &dyn Store, user: &str) -> Vec<(&'static str, StoreError)> {
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

pub(crate) fn check_all(errors: &[(&str, StoreError)], message: &str, source: &str) {
    for (verb, error) in errors {
        assert_eq!(
            printed(error),
            format!("{message} {message} {source}"),
            "{verb}"
        );
    }
}

/// T7: Redis quotes what it refuses; the store's errors do not.
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
    let message = "a session's key in Redis holds another type of value: does another program use its prefix?";
    check_all(&errors, message, "WRONGTYPE");

    // A hash that is not a record.
    let place = format!("{prefix}s:{}", key(2).to_text());
    redis.ask(&["HSET", &place, "version", "secret", "owner", "secret"]);
    let error = store.load(key(2), NOW).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("a session's key in Redis holds no record of this store")
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
        let message =
            format!("this user of Redis may not use the key of {asked}: grant it the keys");
        assert!(
            printed(&error).starts_with(&message) && printed(&error).ends_with(" NOPERM"),
            "{error}"
        );
        assert!(!printed(&error).contains("others"), "{error}");
    }
}

/// A replica refuses writes. It may become a primary, so the error is not final.
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
        "this Redis is a replica: connect to the primary",
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

/// A foreign member of a user's index does not stop the deletion of that user's sessions.
#[tokio::test]
async fn a_foreign_member_is_skipped() {
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
        Loaded::Tombstone { .. }
    ));
}
