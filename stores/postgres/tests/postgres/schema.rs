//! The table: created by `create_schema`, once, by the first of several processes.

use std::error::Error as _;

use deadpool_postgres::{Manager, Pool};
use session_core::protocol::{Inserted, Loaded, Outcome, Updated};
use session_store::Store;
use session_store_postgres::PostgresStore;
use tokio_postgres::NoTls;

use crate::tools::*;

const TABLES: &str = "SELECT count(*) FROM pg_class WHERE relname LIKE";

#[tokio::test]
async fn created_concurrently_and_again() {
    let Some(server) = server() else { return };
    let table = table();
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let store = PostgresStore::with_pool(pool(server.port(), 1))
                .table(&table)
                .unwrap();
            tokio::spawn(async move { store.create_schema().await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    let pool = pool(server.port(), 1);
    // The table, its key, two indexes and the sequence.
    assert_eq!(
        number(
            &pool,
            &format!("{TABLES} '{table}' OR relname LIKE '{table}\\_%'")
        )
        .await,
        5
    );
    let store = PostgresStore::with_pool(pool).table(&table).unwrap();
    assert_eq!(
        store.insert(key(1), &record(1, None), NOW).await.unwrap(),
        Inserted::Done
    );
    store.create_schema().await.unwrap();
    assert_eq!(
        store.load(key(1), NOW).await.unwrap(),
        Loaded::Live(record(1, None))
    );
}

/// Creates it also if the application's transactions are strict or read-only by default.
#[tokio::test]
async fn under_settings_of_the_application() {
    let Some(server) = server() else { return };
    for level in ["serializable", "repeatable\\ read"] {
        let pool = pool_with(
            server.port(),
            8,
            &format!("-c default_transaction_isolation={level}"),
        );
        let store = PostgresStore::with_pool(pool).table(&table()).unwrap();
        store.create_schema().await.unwrap();
        let store = std::sync::Arc::new(store);
        store
            .insert(key(1), &record(0, Some("ada")), NOW)
            .await
            .unwrap();
        // A transaction that conflicts with another one fails, and is repeated.
        let tasks: Vec<_> = (1..9)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut done = 0;
                    for version in 1..20 {
                        let Ok(Loaded::Live(base)) = store.load(key(1), NOW).await else {
                            panic!("{version}")
                        };
                        let next = record(100 * task + version, Some("ada"));
                        match store.update(key(1), base.version, &next, NOW).await {
                            Ok(Updated::Done) => done += 1,
                            Ok(Updated::Conflict(_)) => {}
                            Ok(Updated::Gone) => panic!("gone"),
                            // The driver tries again.
                            Err(error) => assert!(!error.is_refused(), "{error}"),
                        }
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.unwrap();
        }
        assert!(done > 0);
    }
    let pool = pool_with(server.port(), 1, "-c default_transaction_read_only=on");
    let store = PostgresStore::with_pool(pool).table(&table()).unwrap();
    store.create_schema().await.unwrap();
    assert_eq!(store.load(key(1), NOW).await.unwrap(), Loaded::NotFound);
    let error = store
        .insert(key(1), &record(1, None), NOW)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("may only read") && !error.is_refused(),
        "{error}"
    );
}

#[tokio::test]
async fn a_foreign_table_is_left_alone() {
    let Some(server) = server() else { return };
    let pool = pool(server.port(), 2);
    let of = |table: &str| PostgresStore::with_pool(pool.clone()).table(table).unwrap();

    let (newer, other) = (table(), table());
    of(&newer).create_schema().await.unwrap();
    run(
        &pool,
        &format!("COMMENT ON TABLE {newer} IS 'session-store schema 2'"),
    )
    .await;
    let error = of(&newer).create_schema().await.unwrap_err();
    let expected =
        "has version 2 of the schema, this program knows 1: bring the program up to date";
    assert!(
        error.to_string().ends_with(expected) && error.is_refused(),
        "{error}"
    );

    run(&pool, &format!("CREATE TABLE {other} (a int)")).await;
    let error = of(&other).create_schema().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("exists and holds something else")
            && error.is_refused(),
        "{error}"
    );
    assert_eq!(number(&pool, &format!("{TABLES} '{other}\\_%'")).await, 0);
    let error = of(&other).load(key(1), NOW).await.unwrap_err();
    assert!(
        error.to_string().contains("is of another version") && error.is_refused(),
        "{error}"
    );

    let error = of("nowhere.sessions").create_schema().await.unwrap_err();
    assert!(
        error.is_refused() && error.source().unwrap().to_string().starts_with("3F000"),
        "{error}"
    );
}

/// Every verb says that the table is missing, and works once it is created.
#[tokio::test]
async fn a_missing_table() {
    let Some(server) = server() else { return };
    let table = format!("Schema_{0}.Table_{0}", table());
    let pool = pool(server.port(), 2);
    let store = PostgresStore::with_pool(pool.clone())
        .table(&table)
        .unwrap();
    let record = record(1, Some("ada"));
    let errors = [
        store.load(key(1), NOW).await.unwrap_err(),
        store.insert(key(1), &record, NOW).await.unwrap_err(),
        store.update(key(1), 1, &record, NOW).await.unwrap_err(),
        store.touch(key(1), NOW, NOW).await.unwrap_err(),
        store.delete(key(1), NOW).await.unwrap_err(),
        store.list("ada", 1, NOW).await.unwrap_err(),
        store.delete_expired(NOW, 1).await.unwrap_err(),
        store.durability().await.unwrap_err(),
    ];
    for error in errors {
        assert!(
            error.is_refused() && error.to_string().contains("is missing in PostgreSQL"),
            "{error}"
        );
        assert!(
            error.to_string().contains("PostgresStore::create_schema"),
            "{error}"
        );
    }
    run(
        &pool,
        &format!("CREATE SCHEMA \"{}\"", table.split_once('.').unwrap().0),
    )
    .await;
    store.create_schema().await.unwrap();
    assert_eq!(
        store.insert(key(1), &record, NOW).await.unwrap(),
        Inserted::Done
    );
    assert_eq!(store.list("ada", 9, NOW).await.unwrap().len(), 1);
    assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
}

/// The SQL is run by a role with more permissions, without this library.
#[tokio::test]
async fn made_by_hand_for_a_role_with_few_rights() {
    let Some(server) = server() else { return };
    let (pool, table) = (pool(server.port(), 1), table());
    let store = PostgresStore::with_pool(pool.clone())
        .table(&table)
        .unwrap();
    run(&pool, &store.schema_sql()).await;
    run(&pool, &format!("CREATE ROLE {table}_role LOGIN")).await;

    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(server.port())
        .user(format!("{table}_role"))
        .dbname("postgres");
    let theirs = Pool::builder(Manager::new(config, NoTls))
        .max_size(1)
        .build()
        .unwrap();
    let store = PostgresStore::with_pool(theirs.clone())
        .table(&table)
        .unwrap();
    let error = store.load(key(1), NOW).await.unwrap_err();
    assert!(
        error.is_refused()
            && error
                .to_string()
                .contains("this role of PostgreSQL may not use"),
        "{error}"
    );
    let error = PostgresStore::with_pool(theirs)
        .create_schema()
        .await
        .unwrap_err();
    assert!(
        error.is_refused() && error.to_string().contains("CREATE on the schema"),
        "{error}"
    );

    let rights = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {table}_role; GRANT USAGE ON SEQUENCE {table}_seq TO {table}_role"
    );
    run(&pool, &rights).await;
    // Nothing is to be done, so no more permissions are needed.
    store.create_schema().await.unwrap();
    assert_eq!(
        store
            .insert(key(1), &record(1, Some("ada")), NOW)
            .await
            .unwrap(),
        Inserted::Done
    );
    assert_eq!(
        store
            .update(key(1), 1, &record(2, Some("bob")), NOW)
            .await
            .unwrap(),
        Updated::Done
    );
    assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
    assert_eq!(store.delete_expired(u64::MAX, 9).await.unwrap(), 1);
}

#[test]
fn names_of_tables() {
    let pool = pool(1, 1);
    let error = PostgresStore::with_pool(pool.clone())
        .table("sessions; --")
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("\"sessions; --\" cannot be the name of a table"),
        "{error}"
    );
    let printed = format!(
        "{:?}",
        PostgresStore::with_pool(pool)
            .table("web.sessions")
            .unwrap()
    );
    assert!(
        printed.starts_with(r#"PostgresStore { table: "\"web\".\"sessions\"", pool: Status"#),
        "{printed}"
    );
}
