//! Behind a pooler that gives each transaction any connection to the server, as PgBouncer in transaction mode does: one that
//! knows nothing of prepared statements, and finds there what others have prepared under whatever names, and one that does.

use std::error::Error as _;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use servers::{PgBouncer, Postgres, Release};
use session_core::protocol::{Loaded, Outcome};
use session_store::{DeleteScope, Store};
use session_store_postgres::PostgresStore;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::tools::*;

/// In front of the common server, with so few connections that they change hands, and settings as they come.
fn pgbouncer(release: Release) -> Option<&'static PgBouncer> {
    static BOTH: [OnceLock<Option<PgBouncer>>; 2] = [const { OnceLock::new() }; 2];
    BOTH[release as usize]
        .get_or_init(|| PgBouncer::start(server()?, release, 3, &[]))
        .as_ref()
}

/// With a table of its own.
async fn store_behind(port: u16) -> (PostgresStore, String) {
    let table = format!("pooled_{}", table());
    let store = PostgresStore::new(config(port), NoTls)
        .table(&table)
        .unwrap();
    store.create_schema().await.unwrap();
    (store, table)
}

/// The contract, behind the system's.
mod contract {
    use super::*;

    session_store_conformance::conformance_tests!(|| empty(pgbouncer(Release::System)));
}

/// The contract, behind the newer one.
mod contract_newer {
    use super::*;

    session_store_conformance::conformance_tests!(|| empty(pgbouncer(Release::Newer)));
}

async fn empty(pgbouncer: Option<&PgBouncer>) -> Option<Arc<dyn Store>> {
    Some(Arc::new(store_behind(pgbouncer?.port()).await.0))
}

/// Rules of each kind: of one session, of a user's, of many at once.
fn some_rules(port: u16) {
    for rule in [
        "update_replaces_its_version",
        "delete_leaves_a_tombstone",
        "delete_all_but_one",
        "trim_keeps_the_newest",
        "delete_expired_by_batches",
        "races_with_a_logout",
        "concurrent_logins_leave_three",
    ] {
        session_store_conformance::run(rule, move || async move {
            Some(Arc::new(store_behind(port).await.0) as _)
        });
    }
}

/// The setting that others ask for, so that their prepared statements work, is not needed.
#[test]
fn prepared_statements_may_be_off() {
    let Some(server) = server() else { return };
    let off = ["max_prepared_statements=0"];
    let Some(pgbouncer) = PgBouncer::start(server, Release::Newer, 3, &off) else {
        return;
    };
    some_rules(pgbouncer.port());
}

/// A connection leads to one and the same until it ends, and then somebody else's does.
#[test]
fn a_pooler_of_sessions() {
    let Some(server) = server() else { return };
    for release in Release::ALL {
        // One store's connections: the next store, of the next rule, gets them.
        let Some(pgbouncer) = PgBouncer::start(server, release, 16, &["pool_mode=session"]) else {
            continue;
        };
        some_rules(pgbouncer.port());
    }
}

async fn connect(port: u16) -> Client {
    let (client, connection) = config(port).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The names of what is prepared on the only connection to the server.
async fn prepared(client: &Client) -> Vec<String> {
    let rows = client
        .simple_query("SELECT name FROM pg_prepared_statements")
        .await
        .unwrap();
    let name = |row: SimpleQueryMessage| match row {
        SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
        _ => None,
    };
    rows.into_iter().filter_map(name).collect()
}

/// Another program has statements under all the names that ours could have, as after the pooler gave each the other's
/// connection. Those of the same parameters would do nothing, and say so.
#[tokio::test]
async fn what_others_prepared_is_not_run() {
    let Some(server) = server() else { return };
    for release in Release::ALL {
        // One connection to the server, which all share.
        let Some(pgbouncer) = PgBouncer::start(server, release, 1, &[]) else {
            continue;
        };
        let (store, table) = store_behind(pgbouncer.port()).await;
        for number in 1..=4 {
            store
                .insert(key(number), &record(number, Some("ada")), NOW)
                .await
                .unwrap();
        }
        assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
        assert_eq!(
            store
                .delete_owned("ada", DeleteScope::One(key(2)), NOW)
                .await
                .unwrap(),
            1
        );

        let other = connect(pgbouncer.port()).await;
        prepare_under_all_names(&other, &table).await;
        assert_eq!(store.delete(key(3), NOW).await.unwrap(), Outcome::Done);
        assert!(matches!(
            store.load(key(3), NOW).await.unwrap(),
            Loaded::Dead { .. }
        ));
        assert_eq!(
            store
                .delete_owned("ada", DeleteScope::All, NOW)
                .await
                .unwrap(),
            1
        );
        assert!(matches!(
            store.load(key(4), NOW).await.unwrap(),
            Loaded::Dead { .. }
        ));
        assert_eq!(
            prepared(&other).await.len(),
            300,
            "ours has prepared nothing"
        );
    }
}

async fn prepare_under_all_names(other: &Client, table: &str) {
    let mine = prepared(other).await;
    let names: Vec<_> = (0..300)
        .map(|number| format!("s{number}"))
        .chain(mine)
        .collect();
    for name in names {
        let theirs = format!(
            "DEALLOCATE PREPARE \"{name}\"; PREPARE \"{name}\" (bytea, bigint) AS UPDATE {table} SET expires = $2 \
             WHERE key = $1 AND false RETURNING 1"
        );
        // What is not there cannot be deallocated.
        if other.batch_execute(&theirs).await.is_err() {
            other
                .batch_execute(theirs.split_once("; ").unwrap().1)
                .await
                .unwrap();
        }
    }
}

const PORT: &str = "SESSION_POOLER_PORT";
const TABLE: &str = "SESSION_POOLER_TABLE";

/// Two processes, whose clients give their statements the same names, log in and out.
#[tokio::test]
async fn two_programs_end_what_they_end() {
    for release in Release::ALL {
        let Some(pgbouncer) = pgbouncer(release) else {
            continue;
        };
        let (_, table) = store_behind(pgbouncer.port()).await;
        let start = |_| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "pooler::another_program", "--nocapture"]);
            command
                .env(PORT, pgbouncer.port().to_string())
                .env(TABLE, &table);
            command.spawn().unwrap()
        };
        let programs: Vec<_> = (0..2).map(start).collect();
        for mut program in programs {
            assert!(program.wait().unwrap().success(), "{release:?}");
        }
    }
}

/// What they do; as a test of its own it has nothing to do.
#[tokio::test]
async fn another_program() {
    let (Ok(port), Ok(table)) = (std::env::var(PORT), std::env::var(TABLE)) else {
        return;
    };
    let store = Arc::new(
        PostgresStore::new(config(port.parse().unwrap()), NoTls)
            .table(&table)
            .unwrap(),
    );
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..50 {
                    let place = key(u64::from(std::process::id()) << 32 | task << 16 | round);
                    let user = format!("{task} {round} {}", std::process::id());
                    store
                        .insert(place, &record(1, Some(&user)), NOW)
                        .await
                        .unwrap();
                    if round % 2 == 0 {
                        assert_eq!(store.delete(place, NOW).await.unwrap(), Outcome::Done);
                    } else {
                        assert_eq!(
                            store
                                .delete_owned(&user, DeleteScope::All, NOW)
                                .await
                                .unwrap(),
                            1
                        );
                    }
                    assert!(matches!(
                        store.load(place, NOW).await.unwrap(),
                        Loaded::Dead { .. }
                    ));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// What a pooler does not pass on is told, with what to do.
#[tokio::test]
async fn a_setting_that_it_refuses() {
    let newer = "unsupported startup parameter in options: lock_timeout";
    let not_understood = "unsupported options startup parameter";
    for (release, options, says) in [
        (
            Release::System,
            "-c lock_timeout=3s",
            "unsupported startup parameter",
        ),
        (Release::Newer, "-c lock_timeout=3s", newer),
        (Release::Newer, "--lock_timeout=3s", newer),
        (Release::Newer, "-B 1000", not_understood),
    ] {
        let Some(pgbouncer) = pgbouncer(release) else {
            continue;
        };
        let mut config = config(pgbouncer.port());
        config.options(options);
        let error = PostgresStore::new(config, NoTls)
            .load(key(1), NOW)
            .await
            .unwrap_err();
        assert!(
            error.is_refused() && error.to_string().contains("ALTER ROLE"),
            "{error}"
        );
        let source = error.source().unwrap().to_string();
        assert!(source.contains(says), "{release:?}: {source}");
    }
}

/// What a pooler passes over has no effect, also where it is said to keep it: PostgreSQL does not report this setting. The
/// role's own has one.
#[tokio::test]
async fn a_setting_that_it_passes_over() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let passes_over = [
        (Release::System, "ignore_startup_parameters=options"),
        (Release::Newer, "ignore_startup_parameters=options"),
        (Release::Newer, "ignore_startup_parameters=lock_timeout"),
        (Release::Newer, "track_extra_parameters=lock_timeout"),
    ];
    let role = connect(server.port()).await;
    for of_role in ["0", "3s"] {
        role.batch_execute(&format!(
            "ALTER ROLE postgres SET lock_timeout = '{of_role}'"
        ))
        .await
        .unwrap();
        for (release, setting) in passes_over {
            let Some(pgbouncer) = PgBouncer::start(&server, release, 1, &[setting]) else {
                continue;
            };
            let mut config = config(pgbouncer.port());
            config.options("-c lock_timeout=7s");
            let store = PostgresStore::new(config.clone(), NoTls);
            store.create_schema().await.unwrap();
            assert!(
                matches!(store.load(key(1), NOW).await.unwrap(), Loaded::Absent),
                "{setting}"
            );
            let (client, connection) = config.connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            let shown = client.query_typed("SHOW lock_timeout", &[]).await.unwrap();
            assert_eq!(
                shown[0].get::<_, &str>(0),
                of_role,
                "{release:?}, {setting}"
            );
        }
    }
}

/// The store asks for a server that may be written to, through a pooler, too.
#[tokio::test]
async fn a_server_that_may_only_be_read() {
    let Some(server) =
        Postgres::start(&[&Postgres::FAST[..], &["default_transaction_read_only=on"]].concat())
    else {
        return;
    };
    for release in Release::ALL {
        let Some(pgbouncer) = PgBouncer::start(&server, release, 3, &[]) else {
            continue;
        };
        let error = PostgresStore::new(config(pgbouncer.port()), NoTls)
            .load(key(1), NOW)
            .await
            .unwrap_err();
        let source = error.source().unwrap().to_string();
        assert!(
            source.contains("does not allow writes") && !error.is_refused(),
            "{release:?}: {source}"
        );
    }
}
