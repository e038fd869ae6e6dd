//! The durability that the store reports, by the settings of the server and the table.

use session_store::{Durability, Store};
use session_store_postgres::PostgresStore;

use crate::tools::*;

#[tokio::test]
async fn durability_is_asked() {
    let Some(server) = servers::Postgres::start(&["synchronous_commit=on"]) else {
        return;
    };
    let pool = pool(server.port(), 1);
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();
    let system = |sql: &'static str| {
        let pool = pool.clone();
        async move {
            run(&pool, sql).await;
            run(&pool, "SELECT pg_reload_conf()").await;
            // The server's processes read the new setting one after the other.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    };
    assert_eq!(store.durability().await.unwrap(), Durability::PowerLoss);
    for (setting, expected) in [
        ("off", Durability::LastMoments),
        ("local", Durability::PowerLoss),
    ] {
        run(&pool, &format!("SET synchronous_commit = {setting}")).await;
        assert_eq!(store.durability().await.unwrap(), expected);
    }
    system("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
    assert_eq!(
        store.durability().await.unwrap(),
        Durability::PowerLoss,
        "local"
    );
    for setting in ["on", "remote_write", "remote_apply"] {
        run(&pool, &format!("SET synchronous_commit = {setting}")).await;
        assert_eq!(store.durability().await.unwrap(), Durability::MachineLoss);
    }
    run(&pool, "SET synchronous_commit = local").await;
    system("ALTER SYSTEM SET fsync = off").await;
    assert_eq!(store.durability().await.unwrap(), Durability::Crash);
    run(&pool, "ALTER TABLE session_records SET UNLOGGED").await;
    assert_eq!(store.durability().await.unwrap(), Durability::Process);
}
