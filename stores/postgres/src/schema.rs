//! Creates the table, and brings one of an earlier version up to date.

use deadpool_postgres::Client;
use session_store::StoreError;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, IsolationLevel};

use crate::connection::Connections;
use crate::error;
use crate::table::Table;

/// The advisory lock that is held while a schema is changed, whatever the table's name.
const LOCK: i64 = i64::from_be_bytes(*b"sessions");
/// The text in the table's comment, in front of its version.
const COMMENT: &str = "session-store schema ";

const FIND: &str =
    "SELECT obj_description(oid, 'pg_class') FROM pg_class WHERE oid = to_regclass($1)";

pub(crate) async fn create(connections: &Connections, table: &Table) -> Result<(), StoreError> {
    let mut connection = connections.get().await?;
    connection.begin();
    let result = migrate(connection.client(), table).await;
    connection.end(&result);
    let found = result.map_err(|error| error::failed(&error, &table.name))?;
    let refused =
        |what: String| StoreError::new(format!("the table {} {what}", table.name)).refused();
    match found {
        Found::Nothing | Found::Version(..=Table::VERSION) => Ok(()),
        Found::Version(newer) => Err(refused(format!(
            "has version {newer} of the schema, this program knows {}: bring the program up to date",
            Table::VERSION
        ))),
        Found::Other => Err(refused(
            "exists and holds something else, or lost its comment with the version; give the sessions another table with \
             PostgresStore::table"
                .to_owned(),
        )),
    }
}

/// The thing that has the table's name before the migration.
enum Found {
    Nothing,
    Version(usize),
    Other,
}

/// Migrates in one transaction, so that no other connection ever sees half a schema.
async fn migrate(client: &mut Client, table: &Table) -> Result<Found, Error> {
    // READ COMMITTED, so that the statements after the lock see what its holder did while this transaction waited.
    let level = IsolationLevel::ReadCommitted;
    let transaction = client
        .build_transaction()
        .isolation_level(level)
        .read_only(false)
        .start()
        .await?;
    // Without names, since a pooler may be in between.
    transaction
        .query_typed("SELECT pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)])
        .await?;
    let found = match transaction
        .query_typed(FIND, &[(&table.name, Type::TEXT)])
        .await?
        .first()
    {
        None => Found::Nothing,
        Some(row) => {
            let comment: Option<&str> = row.try_get(0)?;
            let version = comment.and_then(|comment| comment.strip_prefix(COMMENT)?.parse().ok());
            version.map_or(Found::Other, Found::Version)
        }
    };
    let from = match found {
        Found::Nothing => 0,
        Found::Version(version) => version,
        Found::Other => Table::VERSION,
    };
    if from < Table::VERSION {
        transaction.batch_execute(&table.migrations(from)).await?;
    }
    transaction.commit().await?;
    Ok(found)
}
