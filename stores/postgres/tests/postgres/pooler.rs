//! Behind a pooler that gives each transaction another connection to the server, as PgBouncer in transaction mode does: one
//! release ignores prepared statements, so that statements of other programs have the names of ours; the other tracks them.

use std::process::Command;
use std::sync::{Arc, OnceLock};

use servers::{PgBouncer, Release};
use session_core::protocol::{Loaded, Outcome};
use session_store::{DeleteScope, Store};
use session_store_postgres::PostgresStore;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::tools::*;

/// A pooler in front of the common server with default settings, and with so few connections that clients take turns on them.
pub(crate) fn pgbouncer(release: Release) -> Option<&'static PgBouncer> {
    static BOTH: [OnceLock<Option<PgBouncer>>; 2] = [const { OnceLock::new() }; 2];
    BOTH[release as usize]
        .get_or_init(|| PgBouncer::start(server()?, release, 3, &[]))
        .as_ref()
}

/// Returns a store behind the pooler, with a table of its own.
async fn store_behind(port: u16) -> (PostgresStore, String) {
    let table = format!("pooled_{}", table());
    let store = PostgresStore::new(config(port), NoTls)
        .table(&table)
        .unwrap();
    store.create_schema().await.unwrap();
    (store, table)
}

/// The contract, behind the release of the system.
mod contract {
    use super::*;

    session_store_conformance::conformance_tests!(|| empty(pgbouncer(Release::System)));
}

/// The contract, behind the newer release.
mod contract_newer {
    use super::*;

    session_store_conformance::conformance_tests!(|| empty(pgbouncer(Release::Newer)));
}

async fn empty(pgbouncer: Option<&PgBouncer>) -> Option<Arc<dyn Store>> {
    Some(Arc::new(store_behind(pgbouncer?.port()).await.0))
}

/// Runs rules of each kind: about one session, about a user's sessions, about concurrent writes.
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

/// The setting that prepared statements of other clients need is not needed.
#[test]
fn prepared_statements_may_be_off() {
    let Some(server) = server() else { return };
    let off = ["max_prepared_statements=0"];
    let Some(pgbouncer) = PgBouncer::start(server, Release::Newer, 3, &off) else {
        return;
    };
    some_rules(pgbouncer.port());
}

/// In session mode a connection leads to one server process until it ends, and then another client gets that process.
#[test]
fn a_pooler_of_sessions() {
    let Some(server) = server() else { return };
    for release in Release::ALL {
        // The store of the next rule gets the connections of this one.
        let Some(pgbouncer) = PgBouncer::start(server, release, 16, &["pool_mode=session"]) else {
            continue;
        };
        some_rules(pgbouncer.port());
    }
}

pub(crate) async fn connect(port: u16) -> Client {
    let (client, connection) = config(port).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns the names of the statements that are prepared on the only connection to the server.
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

/// Another program has prepared statements under all names that ours could have, as when the pooler gave each program the
/// other's connection. Those with equal parameters would change nothing, and return that.
#[tokio::test]
async fn statements_of_others_are_not_run() {
    let Some(server) = server() else { return };
    for release in Release::ALL {
        // One connection to the server, which all clients share.
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
            Loaded::Tombstone { .. }
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
            Loaded::Tombstone { .. }
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
        // A statement that does not exist cannot be deallocated.
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
async fn two_programs_end_their_own_sessions() {
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

/// Runs the other program. Without its environment, as in a normal run of the tests, it does nothing.
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
                        Loaded::Tombstone { .. }
                    ));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
