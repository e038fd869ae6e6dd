//! The cost of a verb: statements, indexes and writes, as the server logs them.

use std::time::Duration;

use servers::Postgres;
use session_core::protocol::{Inserted, Outcome, TrimResult, Updated};
use session_store::{DeleteScope, Store};
use session_store_postgres::PostgresStore;
use tokio_postgres::NoTls;

use crate::tools::*;

/// The lines that the server has logged since the last call.
struct Log<'a>(&'a Postgres, usize);

impl Log<'_> {
    fn more(&mut self) -> String {
        let log = self.0.log();
        let more = log[self.1..].to_owned();
        self.1 = log.len();
        more
    }

    /// Returns the steps of the statements, in order: parse (prepare), bind, and execute.
    fn steps(&mut self) -> Vec<&'static str> {
        let more = self.more();
        let step = |line: &str| {
            let (_, step) = line.split_once(" ms  ")?;
            ["parse", "bind", "execute", "statement"]
                .into_iter()
                .find(|kind| step.starts_with(kind))
        };
        more.lines().filter_map(step).collect()
    }
}

const ONE: [&str; 2] = ["bind", "execute"];
const TWO: [&str; 4] = ["bind", "execute", "bind", "execute"];

/// On a connection with prepared statements a verb is one statement, or two if no row was changed.
#[tokio::test]
async fn one_statement_for_each_verb() {
    let Some(server) = logging() else { return };
    let store = PostgresStore::with_connections(config(server.port()), NoTls, 1);
    store.create_schema().await.unwrap();
    let mut log = Log(&server, 0);
    log.more();
    for round in 0..2 {
        let warm = round == 1;
        let (number, user) = (key(round), Some("ada"));
        let mut check = |verb: &str, expected: &[&str]| {
            let steps = log.steps();
            assert!(!warm || steps == expected, "{verb}: {steps:?}");
        };
        check("nothing", &[]);
        store.index("ada", number, NOW + HOUR, NOW).await.unwrap();
        check("index", &[]);
        assert_eq!(
            store.insert(number, &record(1, user), NOW).await.unwrap(),
            Inserted::Done
        );
        check("insert", &ONE);
        store.load(number, NOW).await.unwrap();
        check("load", &ONE);
        assert_eq!(
            store
                .update(number, 1, &record(2, user), NOW)
                .await
                .unwrap(),
            Updated::Done
        );
        check("update", &ONE);
        assert_eq!(
            store.touch(number, NOW + 2 * HOUR, NOW).await.unwrap(),
            Outcome::Done
        );
        check("touch", &ONE);
        store.list("ada", 9, NOW).await.unwrap();
        check("list", &ONE);
        assert!(matches!(
            store.insert(number, &record(1, user), NOW).await.unwrap(),
            Inserted::Exists(_)
        ));
        check("insert again", &TWO);
        assert!(matches!(
            store
                .update(number, 1, &record(3, user), NOW)
                .await
                .unwrap(),
            Updated::Conflict(_)
        ));
        check("update of another version", &TWO);
        assert_eq!(
            store.trim("ada", 1, number, NOW).await.unwrap(),
            TrimResult {
                ended: 0,
                alive: true
            }
        );
        check("trim", &TWO);
        assert_eq!(
            store.trim("ada", 0, number, NOW).await.unwrap(),
            TrimResult {
                ended: 1,
                alive: false
            }
        );
        check("trim that ends the one that asks", &ONE);
        assert_eq!(
            store.touch(number, NOW + HOUR, NOW).await.unwrap(),
            Outcome::Gone
        );
        check("touch of a tombstone", &ONE);
        assert_eq!(store.delete(number, NOW).await.unwrap(), Outcome::Gone);
        check("delete", &ONE);
        for which in [
            DeleteScope::All,
            DeleteScope::AllBut(number),
            DeleteScope::One(number),
        ] {
            store.delete_owned("ada", which, NOW).await.unwrap();
            check("delete_owned", &ONE);
        }
        store.delete_expired(NOW, 9).await.unwrap();
        check("delete_expired", &ONE);
        store.durability().await.unwrap();
        check("durability", &ONE);
        store.unindex("ada", number).await.unwrap();
        check("unindex", &[]);
    }
}

/// The store does not know whether a shared connection leads to the server itself, so statements have no names there; each
/// takes one round trip from the first time on.
#[tokio::test]
async fn nothing_is_prepared_on_a_shared_connection() {
    let Some(server) = logging() else { return };
    let store = PostgresStore::with_pool(pool(server.port(), 1));
    store.create_schema().await.unwrap();
    let mut log = Log(&server, 0);
    for number in 0..2 {
        log.more();
        store
            .insert(key(number), &record(1, Some("ada")), NOW)
            .await
            .unwrap();
        store.load(key(number), NOW).await.unwrap();
        store.delete(key(number), NOW).await.unwrap();
        assert_eq!(log.steps(), ["parse", "bind", "execute"].repeat(3));
    }
    let log = server.log();
    assert!(
        log.contains("  parse <unnamed>: ") && !log.contains("  parse s"),
        "{log}"
    );
}

fn logging() -> Option<Postgres> {
    Postgres::start(&[&Postgres::FAST[..], &["log_min_duration_statement=0"]].concat())
}

/// Checks the plans of the statements, in a table of some size; also the generic plans, which the server uses from the
/// sixth execution on.
#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let explain = [
        "session_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
    ];
    let Some(server) = Postgres::start(&[&Postgres::FAST[..], &explain].concat()) else {
        return;
    };
    let pool = pool(server.port(), 1);
    let store = PostgresStore::with_connections(config(server.port()), NoTls, 1);
    store.create_schema().await.unwrap();
    // A tenth has expired, in the last hours; four sessions for each user.
    run(&pool, &format!(
        "INSERT INTO session_records (key, ver, seq, expires, created, seen, owner, body) \
         SELECT sha256(int4send(n)), n, n, {NOW} - 3000 + 3 * n, {NOW}, {NOW}, convert_to('user ' || n % 2500, 'UTF8'), '' \
         FROM generate_series(1, 10000) AS n; ANALYZE session_records"
    )).await;
    let mut log = Log(&server, 0);
    log.more();
    let check = |verb: &str, log: &mut Log<'_>, indexes: &[&str]| {
        let plans = log.more();
        assert!(
            verb != "delete_expired" || plans.contains("Index Cond: (expires_hour <="),
            "{plans}"
        );
        assert!(
            plans.contains("plan:") && !plans.contains("Seq Scan"),
            "{verb}: {plans}"
        );
        for index in indexes {
            assert!(
                plans.contains(&format!("using {index}")) || plans.contains(&format!("on {index}")),
                "{verb}: {plans}"
            );
        }
    };
    for round in 0..8 {
        let (place, user) = (key(round), format!("user {round}"));
        store
            .insert(place, &record(1, Some(&user)), NOW)
            .await
            .unwrap();
        log.more();
        store.load(place, NOW).await.unwrap();
        check("load", &mut log, &["session_records_pkey"]);
        store
            .update(place, 1, &record(2, Some(&user)), NOW)
            .await
            .unwrap();
        check("update", &mut log, &["session_records_pkey"]);
        store.touch(place, NOW + 2 * HOUR, NOW).await.unwrap();
        check("touch", &mut log, &["session_records_pkey"]);
        store.delete(place, NOW).await.unwrap();
        check("delete", &mut log, &["session_records_pkey"]);
        assert!(!store.list(&user, 9, NOW).await.unwrap().is_empty());
        check("list", &mut log, &["session_records_owner"]);
        assert!(store.trim(&user, 2, place, NOW).await.unwrap().ended > 0);
        check(
            "trim",
            &mut log,
            &["session_records_owner", "session_records_pkey"],
        );
        assert!(
            store
                .delete_owned(&user, DeleteScope::All, NOW)
                .await
                .unwrap()
                >= 2
        );
        check(
            "delete_owned",
            &mut log,
            &["session_records_owner", "session_records_pkey"],
        );
        assert_eq!(store.delete_expired(NOW, 50).await.unwrap(), 50);
        check(
            "delete_expired",
            &mut log,
            &["session_records_hour", "session_records_pkey"],
        );
    }
}

/// Writes of a session that keep its user and the hour of its end touch no index: HOT updates.
#[tokio::test]
async fn writes_leave_the_indexes_alone() {
    let Some((store, table)) = store().await else {
        return;
    };
    let with = |version: u64| session_core::protocol::Record {
        expires: NOW + version,
        ..record(version, Some("ada"))
    };
    store.insert(key(1), &with(0), NOW - HOUR).await.unwrap();
    // Both ends are in one hour.
    let (first, last) = (NOW - NOW % HOUR + 10, NOW - NOW % HOUR + 200);
    assert!(last < NOW - NOW % HOUR + HOUR);
    store.touch(key(1), first + HOUR, NOW - HOUR).await.unwrap();
    for version in 0..50 {
        let next = session_core::protocol::Record {
            expires: first + HOUR + version,
            ..with(version + 1)
        };
        assert_eq!(
            store
                .update(key(1), version, &next, NOW - HOUR)
                .await
                .unwrap(),
            Updated::Done
        );
        assert_eq!(
            store.touch(key(1), last + HOUR, NOW - HOUR).await.unwrap(),
            Outcome::Done
        );
    }
    let pool = pool(server().unwrap().port(), 1);
    let all = format!("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = '{table}'");
    // The server's counters are late.
    for _ in 0..100 {
        if number(&pool, &all).await == 101 {
            break;
        }
        drop(store.load(key(1), NOW).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(number(&pool, &all).await, 101);
    let hot = number(&pool, &all.replace("n_tup_upd", "n_tup_hot_upd")).await;
    assert!(hot >= 99, "{hot} of 101");
}
