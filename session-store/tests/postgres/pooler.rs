//! Behind a pooler that gives each transaction any connection to the server, as PgBouncer in transaction mode does: before
//! 1.21 with what others have prepared there, under whatever names.

use std::process::Command;
use std::sync::{Arc, OnceLock};

use servers::PgBouncer;
use session_core::{Loaded, Outcome};
use session_store::{PostgresStore, Store, Which};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::tools::*;

/// In front of the common server, with so few connections that they change hands.
fn pgbouncer() -> Option<&'static PgBouncer> {
    static PGBOUNCER: OnceLock<Option<PgBouncer>> = OnceLock::new();
    PGBOUNCER.get_or_init(|| PgBouncer::start(server()?, 3)).as_ref()
}

/// With a table of its own.
async fn store_behind(port: u16) -> (PostgresStore, String) {
    let table = format!("pooled_{}", table());
    let store = PostgresStore::new(config(port), NoTls).table(&table).unwrap();
    store.create_schema().await.unwrap();
    (store, table)
}

/// The contract, behind it.
mod contract {
    use super::*;

    async fn empty() -> Option<Arc<dyn Store>> {
        Some(Arc::new(store_behind(pgbouncer()?.port()).await.0))
    }

    session_store::conformance_tests!(empty);
}

async fn connect(port: u16) -> Client {
    let (client, connection) = config(port).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The names of what is prepared on the only connection to the server.
async fn prepared(client: &Client) -> Vec<String> {
    let rows = client.simple_query("SELECT name FROM pg_prepared_statements").await.unwrap();
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
    // One connection to the server, which all share.
    let Some(pgbouncer) = PgBouncer::start(server, 1) else { return };
    let (store, table) = store_behind(pgbouncer.port()).await;
    for number in 1..=4 {
        store.insert(key(number), &record(number, Some("ada")), NOW).await.unwrap();
    }
    assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
    assert_eq!(store.delete_owned("ada", Which::One(key(2)), NOW).await.unwrap(), 1);

    let other = connect(pgbouncer.port()).await;
    let mine = prepared(&other).await;
    let names: Vec<_> = (0..300).map(|number| format!("s{number}")).chain(mine).collect();
    for name in names {
        let theirs = format!(
            "DEALLOCATE PREPARE \"{name}\"; PREPARE \"{name}\" (bytea, bigint) AS UPDATE {table} SET expires = $2 \
             WHERE key = $1 AND false RETURNING 1"
        );
        // What is not there cannot be deallocated.
        if other.batch_execute(&theirs).await.is_err() {
            other.batch_execute(theirs.split_once("; ").unwrap().1).await.unwrap();
        }
    }

    assert_eq!(store.delete(key(3), NOW).await.unwrap(), Outcome::Done);
    assert!(matches!(store.load(key(3), NOW).await.unwrap(), Loaded::Dead { .. }));
    assert_eq!(store.delete_owned("ada", Which::All, NOW).await.unwrap(), 1);
    assert!(matches!(store.load(key(4), NOW).await.unwrap(), Loaded::Dead { .. }));
    assert_eq!(prepared(&other).await.len(), 300, "ours has prepared nothing");
}

const PORT: &str = "SESSION_POOLER_PORT";
const TABLE: &str = "SESSION_POOLER_TABLE";

/// Two processes, whose clients give their statements the same names, log in and out.
#[tokio::test]
async fn two_programs_end_what_they_end() {
    let Some(pgbouncer) = pgbouncer() else { return };
    let (_, table) = store_behind(pgbouncer.port()).await;
    let start = |_| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "pooler::another_program", "--nocapture"]);
        command.env(PORT, pgbouncer.port().to_string()).env(TABLE, &table);
        command.spawn().unwrap()
    };
    let programs: Vec<_> = (0..2).map(start).collect();
    for mut program in programs {
        assert!(program.wait().unwrap().success());
    }
}

/// What they do; as a test of its own it has nothing to do.
#[tokio::test]
async fn another_program() {
    let (Ok(port), Ok(table)) = (std::env::var(PORT), std::env::var(TABLE)) else { return };
    let store = Arc::new(PostgresStore::new(config(port.parse().unwrap()), NoTls).table(&table).unwrap());
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..50 {
                    let place = key(u64::from(std::process::id()) << 32 | task << 16 | round);
                    let owner = format!("{task} {round} {}", std::process::id());
                    store.insert(place, &record(1, Some(&owner)), NOW).await.unwrap();
                    if round % 2 == 0 {
                        assert_eq!(store.delete(place, NOW).await.unwrap(), Outcome::Done);
                    } else {
                        assert_eq!(store.delete_owned(&owner, Which::All, NOW).await.unwrap(), 1);
                    }
                    assert!(matches!(store.load(place, NOW).await.unwrap(), Loaded::Dead { .. }));
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
    let Some(pgbouncer) = pgbouncer() else { return };
    let mut config = config(pgbouncer.port());
    config.options("-c lock_timeout=3s");
    let error = PostgresStore::new(config, NoTls).load(key(1), NOW).await.unwrap_err();
    assert!(error.is_refused() && error.to_string().contains("ignore_startup_parameters"), "{error}");
}
