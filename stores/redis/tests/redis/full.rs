//! A full server, and a disk that cannot be written.

use std::time::{Duration, Instant};

use servers::Redis;
use session_core::{
    Error,
    protocol::{Inserted, Loaded, Outcome, Updated},
};
use session_store::{DeleteScope, Store};

use crate::browser::{Browser, Failed, OPEN, source};
use crate::errors::check_all;
use crate::{HOUR, NOW, key, record, store};

/// A full server: writes that need memory are refused immediately, the others go on, and no session is lost.
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
    let message = "Redis is full: give it more memory (maxmemory), or let idle sessions end sooner";
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

    // Nothing has changed, and writes that need no memory succeed; also on a server that does not know the scripts.
    assert_eq!(redis.ask(&["SCRIPT", "FLUSH"]), "OK");
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1, Some("ada")))
    );
    assert_eq!(store.load(key(9), NOW).await.unwrap(), Loaded::NotFound);
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
        Loaded::Tombstone { .. }
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

/// Redis cannot save its data.
#[tokio::test]
async fn a_disk_that_cannot_be_written() {
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
    let message = "Redis refuses writes, since it cannot write to its disk: is the disk full?";
    check_all(&[("insert", error)], message, "MISCONF");
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1, None))
    );
}
