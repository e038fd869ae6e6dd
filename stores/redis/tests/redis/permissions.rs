//! The permissions of a user of Redis: those in the documentation, which this test reads, are enough and all are needed.

use std::time::Duration;

use servers::Redis;
use session_core::protocol::{Inserted, Loaded, Outcome, TrimResult, Updated};
use session_store::{DeleteScope, Durability, Store, StoreError};
use session_store_redis::RedisStore;

use crate::{HOUR, NOW, connect, key, record};

const GUIDE: &str = include_str!("../../../../docs/stores.md");
pub(crate) const PREFIX: &str = "shop:sessions:";

/// Returns the rules in the guide.
pub(crate) fn documented() -> Vec<&'static str> {
    let line = GUIDE
        .lines()
        .find(|line| line.starts_with("ACL SETUSER "))
        .unwrap();
    line.split(' ').collect()
}

/// Starts a server, and returns a store for a user with these permissions.
async fn with(redis: &Redis, rules: &[&str]) -> RedisStore<redis::aio::ConnectionManager> {
    assert_eq!(redis.ask(&["ACL", "DELUSER", rules[2]]).len(), 1);
    assert_eq!(redis.ask(rules), "OK");
    let url = format!("redis://{}:password@127.0.0.1:{}", rules[2], redis.port());
    RedisStore::with_connection(connect(&url, Duration::from_secs(10)).await, PREFIX).unwrap()
}

/// Calls every verb in every way that needs another command. Returns `None` if nothing was refused.
async fn everything(redis: &Redis, store: &dyn Store) -> Option<StoreError> {
    assert_eq!(redis.ask(&["FLUSHALL"]), "OK");
    // Each script is sent to the server once.
    assert_eq!(redis.ask(&["SCRIPT", "FLUSH"]), "OK");
    asked(store).await.err()
}

/// Does this on an empty store.
pub(crate) async fn asked(store: &dyn Store) -> Result<(), StoreError> {
    assert_eq!(store.load(key(1), NOW).await?, Loaded::NotFound);
    for number in 1..=5 {
        store.index("ada", key(number), NOW + HOUR, NOW).await?;
        store.index("ada", key(number), NOW + 2 * HOUR, NOW).await?;
        assert_eq!(
            store
                .insert(key(number), &record(number, Some("ada")), NOW)
                .await?,
            Inserted::Done
        );
    }
    assert!(matches!(
        store.insert(key(1), &record(9, None), NOW).await?,
        Inserted::Exists(_)
    ));
    assert_eq!(
        store
            .update(key(1), 1, &record(9, Some("bob")), NOW)
            .await?,
        Updated::Done
    );
    assert!(matches!(
        store.update(key(1), 1, &record(9, None), NOW).await?,
        Updated::Conflict(_)
    ));
    assert_eq!(
        store.touch(key(1), NOW + 2 * HOUR, NOW).await?,
        Outcome::Done
    );
    assert_eq!(store.delete(key(1), NOW).await?, Outcome::Done);
    assert!(matches!(
        store.delete_version(key(2), 9, NOW).await?,
        Updated::Conflict(_)
    ));
    assert_eq!(store.delete_version(key(2), 2, NOW).await?, Updated::Done);
    store.unindex("ada", key(1)).await?;
    assert_eq!(store.list("ada", 9, NOW).await?.len(), 3);
    assert_eq!(
        store.trim("ada", 2, key(5), NOW).await?,
        TrimResult {
            ended: 1,
            alive: true
        }
    );
    assert_eq!(store.delete_owned("ada", DeleteScope::All, NOW).await?, 2);
    assert_eq!(store.delete_expired(NOW, 9).await?, 0);
    Ok(())
}

/// With the permissions in the guide everything works. Without any one of them an error names it, also at start.
#[tokio::test]
async fn what_the_guide_lists_is_what_is_needed() {
    let Some(redis) = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]) else {
        return;
    };
    let rules = documented();
    let store = with(&redis, &rules).await;
    assert!(everything(&redis, &store).await.is_none());
    store.check().await.unwrap();
    // The store's own connection needs no other permission.
    let url = format!("redis://{}:password@127.0.0.1:{}", rules[2], redis.port());
    crate::faults::own(&url, PREFIX).check().await.unwrap();
    assert_eq!(
        redis.ask(&["DBSIZE"]),
        redis.ask(&["EVAL", "return #redis.call('KEYS', 'shop:*')", "0"])
    );
    assert_eq!(redis.ask(&["EXISTS", "shop:sessions:check"]), "0");
    assert_eq!(store.durability().await.unwrap(), Durability::PowerLoss);

    let commands: Vec<_> = rules
        .iter()
        .filter_map(|rule| rule.strip_prefix('+'))
        .collect();
    assert_eq!(commands.len(), 16);
    for missing in commands {
        let rules: Vec<_> = rules
            .iter()
            .filter(|rule| rule.strip_prefix('+') != Some(missing))
            .copied()
            .collect();
        let store = with(&redis, &rules).await;
        let refused = everything(&redis, &store).await;
        let name = missing.to_uppercase();
        let at_start = store.check().await;
        match missing {
            "info" => {
                assert!(refused.is_none() && at_start.is_ok());
                assert_eq!(store.durability().await.unwrap(), Durability::Unknown);
                continue;
            }
            "config|get" => {
                assert!(refused.is_none() && at_start.is_ok());
                assert_eq!(store.durability().await.unwrap(), Durability::LastMoments);
                continue;
            }
            _ => {
                let refused = refused.unwrap_or_else(|| panic!("{missing}: not needed"));
                let told = refused.to_string();
                assert!(
                    told.starts_with("this user of Redis may not run ") && told.contains(&name),
                    "{told}"
                );
                assert!(refused.is_refused());
            }
        }
        let told = at_start.unwrap_err();
        let expected = format!(
            "this user of Redis may not run {name}; the documentation of RedisStore lists the permissions that it needs"
        );
        assert!(told.to_string().starts_with(&expected), "{missing}: {told}");
        assert!(told.is_refused());
    }
}

/// The categories that the guide names as an alternative work, too.
#[tokio::test]
async fn the_categories_of_the_guide_do_as_well() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let (_, rest) = GUIDE.split_once("By categories they are `").unwrap();
    let categories = rest.split_once('`').unwrap().0.split(' ');
    let mut rules = documented();
    rules.retain(|rule| !rule.starts_with('+'));
    rules.extend(categories);
    let store = with(&redis, &rules).await;
    assert!(everything(&redis, &store).await.is_none());
    store.check().await.unwrap();
}

/// The table of the guide and the documentation of the type name the same commands.
#[test]
fn all_lists_are_one() {
    let source = include_str!("../../src/store.rs");
    for rule in documented()
        .iter()
        .filter_map(|rule| rule.strip_prefix('+'))
    {
        let name = rule.to_uppercase().replace('|', " ");
        assert!(
            GUIDE.contains(&format!("`{name}`")) && source.contains(&format!("`{name}`")),
            "{name}"
        );
        assert!(source.contains(&format!("+{rule}")), "{rule}");
    }
}
