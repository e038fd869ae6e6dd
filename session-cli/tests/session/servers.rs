//! `list`, `show` and `end`, on Redis and on PostgreSQL.

use serde_json::Value;
use session_store::Store;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::helpers::{Run, command, finish};
use crate::site::{block_on, four_sessions};

fn at(url: &str, options: &[&str], args: &[&str]) -> Run {
    let mut command = command(&[args, options].concat());
    // The URL may hold a password.
    finish(command.env("STORE_URL", url).output().unwrap())
}

/// Lists, shows and ends ada's two sessions.
fn end_to_end(url: &str, options: &[&str], store: Arc<dyn Store>) {
    let cookies = block_on(four_sessions(store, false));
    let lines = |args: &[&str]| {
        let run = at(url, options, args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
        let lines = run.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<Value>>()
    };
    let listed = lines(&["list", "--user", "ada"]);
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["label"], "Firefox on Linux");
    let shown = lines(&["show", &cookies[1]]);
    assert_eq!(shown[0]["key"], listed[1]["key"]);
    assert_eq!(shown[0]["content"], serde_json::json!({"visits": 2}));
    let key = listed[0]["key"].as_str().unwrap();
    assert_eq!(lines(&["end", "--user", "ada", key])[0]["ended"], 1);
    assert_eq!(lines(&["end", "--user", "ada"])[0]["ended"], 1);
    for args in [
        &["list", "--user", "ada"][..],
        &["show", "--user", "ada"],
        &["end", "--user", "ada"],
    ] {
        let run = at(url, options, args);
        assert_eq!(run.code, 1);
        assert!(run.err.contains("ada has no live session"), "{}", run.err);
    }
    assert_eq!(lines(&["list", "--user", "bob"]).len(), 1);
}

/// Runs the command, which must fail soon, and returns the reason, which must not hold the password.
fn failed(url: &str, options: &[&str], code: i32) -> String {
    let begun = Instant::now();
    let run = at(url, options, &["list", "--user", "ada"]);
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{}", run.err);
    assert!(
        run.err.starts_with("error: ") && run.err.lines().count() == 1,
        "{}",
        run.err
    );
    assert!(!run.err.contains("hunter2"), "{}", run.err);
    assert!(begun.elapsed() < Duration::from_secs(20));
    run.err
}

#[cfg(feature = "redis")]
mod redis {
    use session_store_redis::RedisStore;

    use super::*;

    const PREFIX: [&str; 2] = ["--redis-prefix", "shop:sessions:"];

    fn store(url: &str) -> RedisStore {
        RedisStore::new(::redis::Client::open(url).unwrap(), PREFIX[1]).unwrap()
    }

    #[test]
    fn listed_shown_and_ended() {
        let Some(server) = servers::Redis::start(&[]) else {
            return;
        };
        // The runtime that filled the store has ended, and with it the connection.
        let url = server.url();
        end_to_end(&url, &PREFIX, Arc::new(store(&url)));
        // Other keys are none of its business.
        let run = at(
            &url,
            &["--redis-prefix", "other:"],
            &["list", "--user", "bob"],
        );
        assert_eq!(run.code, 1, "{}", run.err);
        // A look writes nothing.
        assert_eq!(server.ask(&["KEYS", "other:*"]), "");
    }

    #[test]
    fn a_server_that_is_not_there() {
        let url = format!("redis://:hunter2@127.0.0.1:{}", servers::free_port());
        let found = failed(&url, &PREFIX, 1);
        assert!(
            found.contains("no connection to Redis") && found.contains("is it running"),
            "{found}"
        );
    }

    #[test]
    fn a_server_that_hangs_or_refuses() {
        let Some(server) = servers::Redis::start(&[]) else {
            return;
        };
        let url = server.url();
        server.ask(&["CONFIG", "SET", "requirepass", "sesame"]);
        let found = failed(&url, &PREFIX, 1);
        assert!(
            found.contains("refuses the user or the password"),
            "{found}"
        );
        let with_password = url.replace("//", "//:hunter2@");
        let found = failed(&with_password, &PREFIX, 1);
        assert!(
            found.contains("refuses the user or the password"),
            "{found}"
        );
        server.hang();
        let found = failed(&url, &PREFIX, 1);
        server.go_on();
        assert!(
            found.contains("the store in Redis cannot be used"),
            "{found}"
        );
    }

    /// The cause of a failure after the first request, which the error itself does not have.
    #[test]
    fn a_user_who_may_only_read() {
        let Some(server) = servers::Redis::start(&[]) else {
            return;
        };
        let url = server.url();
        block_on(four_sessions(Arc::new(store(&url)), false));
        let rules = ["on", ">hunter2", "~*", "+hmget", "+zrange"];
        let reader = [&["ACL", "SETUSER", "reader"], &rules[..]].concat();
        assert_eq!(server.ask(&reader), "OK");
        let url = url.replace("//", "//reader:hunter2@");
        let run = at(&url, &PREFIX, &["list", "--user", "ada"]);
        let lines = run.out.lines().count();
        assert_eq!((run.code, lines), (0, 2), "{}", run.err);
        let run = at(&url, &PREFIX, &["end", "--user", "ada"]);
        assert_eq!((run.code, run.out.as_str()), (1, ""));
        let lines: Vec<_> = run.err.lines().collect();
        assert_eq!(lines.len(), 2, "{}", run.err);
        let cause = "note: the session store failed: this user of Redis may not run EVALSHA";
        assert!(lines[0].starts_with(cause), "{}", run.err);
        assert!(lines[1].starts_with("error: ") && lines[1].contains("run the command again"));
        assert!(!run.err.contains("hunter2") && !run.err.contains("question"));
    }

    #[test]
    fn urls_that_cannot_be_used() {
        for (url, options, said) in [
            ("redis://127.0.0.1", &[][..], "add --redis-prefix"),
            (
                "redis://127.0.0.1",
                &["--redis-prefix", "{shop}"],
                "--redis-prefix: the prefix",
            ),
            (
                "redis://127.0.0.1",
                &["--redis-prefix=a:", "--table=t"],
                "--table does not go with Redis",
            ),
            (
                "redis://:hunter2@h:99999",
                &PREFIX,
                "expected redis://[USER",
            ),
            ("rediss://:hunter2@h", &PREFIX, "has no TLS"),
            (
                "redis:hunter2@h",
                &PREFIX,
                "expects sqlite:PATH, redis://HOST",
            ),
            (
                "mysql://u:hunter2@h",
                &PREFIX,
                "expects sqlite:PATH, redis://HOST",
            ),
            ("hunter2", &PREFIX, "expects sqlite:PATH, redis://HOST"),
        ] {
            let found = failed(url, options, 2);
            assert!(found.contains(said), "{url}: {found}");
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use servers::Postgres;
    use session_store_postgres::PostgresStore;
    use tokio_postgres::NoTls;

    use super::*;

    #[test]
    fn listed_shown_and_ended() {
        let Some(server) = Postgres::start(&Postgres::FAST) else {
            return;
        };
        let url = server.url();
        // A look creates no table.
        for _ in 0..2 {
            let found = failed(&url, &[], 1);
            assert!(
                found.contains("the table \"session_records\" is missing"),
                "{found}"
            );
        }
        for table in ["session_records", "web_sessions"] {
            let store = PostgresStore::new(url.parse().unwrap(), NoTls);
            let store = store.table(table).unwrap();
            block_on(store.create_schema()).unwrap();
            // Connections end with their runtime.
            let store = PostgresStore::new(url.parse().unwrap(), NoTls);
            let store = Arc::new(store.table(table).unwrap());
            end_to_end(&url, &["--table", table], store);
        }
        let found = failed(&url.replace("/postgres", "/hunter3"), &[], 1);
        assert!(found.contains("does not exist"), "{found}");
        server.hang();
        let found = failed(&url, &[], 1);
        server.go_on();
        assert!(
            found.contains("the store in PostgreSQL cannot be used"),
            "{found}"
        );
    }

    #[test]
    fn a_server_that_is_not_there() {
        let url = format!("postgres://u:hunter2@127.0.0.1:{}/a", servers::free_port());
        let found = failed(&url, &[], 1);
        assert!(
            found.contains("refused") && found.contains("is it running"),
            "{found}"
        );
    }

    #[test]
    fn urls_that_cannot_be_used() {
        for (url, options, said) in [
            (
                "postgres://u:hunter2@h:99999/a",
                &[][..],
                "expected postgres://USER",
            ),
            (
                "postgres://u:hunter2@h/a?sslmode=require",
                &[],
                "has no TLS",
            ),
            ("postgres://u:hunter2@h/a", &["--table", "a b"], "--table: "),
            (
                "postgres://u:hunter2@h/a",
                &["--redis-prefix=a:"],
                "does not go with PostgreSQL",
            ),
        ] {
            let found = failed(url, options, 2);
            assert!(found.contains(said), "{url}: {found}");
        }
    }
}
