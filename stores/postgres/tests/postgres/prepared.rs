//! Prepared statements that become outdated.

use session_core::protocol::{Inserted, Loaded};
use session_store::Store;

use crate::tools::*;

/// Statements that were prepared before the table changed are prepared again.
#[tokio::test]
async fn outdated_statements_are_prepared_again() {
    let Some((store, table)) = store().await else {
        return;
    };
    let pool = pool(server().unwrap().port(), 1);
    let check = async |version| {
        assert_eq!(
            store
                .insert(key(version), &record(version, None), NOW)
                .await
                .unwrap(),
            Inserted::Done
        );
        let there = Loaded::Live(record(version, None));
        assert_eq!(store.load(key(version), NOW).await.unwrap(), there);
    };
    check(1).await;
    check(2).await;
    run(&pool, &format!("ALTER TABLE {table} ADD COLUMN more int")).await;
    check(3).await;
    // A column of the result has another type: "cached plan must not change result type".
    run(
        &pool,
        &format!("ALTER TABLE {table} ALTER label TYPE text USING encode(label, 'hex')"),
    )
    .await;
    let error = store.load(key(1), NOW).await.unwrap_err();
    assert!(
        error.to_string().contains("was its table changed?"),
        "{error}"
    );
    run(
        &pool,
        &format!("ALTER TABLE {table} ALTER label TYPE bytea USING decode(label, 'hex')"),
    )
    .await;
    check(4).await;
    run(
        &pool,
        &format!("DROP TABLE {table}; {}", store.schema_sql()),
    )
    .await;
    check(5).await;
}
