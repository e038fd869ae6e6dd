//! What went wrong, for who runs the application, without a word about who is logged in.

use std::error::Error;
use std::io;

use deadpool_postgres::{HookError, PoolError};
use session_store::StoreError;
use tokio_postgres::error::{DbError, Severity, SqlState};

pub(crate) const READ_ONLY: &str = "this PostgreSQL server or role may only read; connect to the primary \
                                    (target_session_attrs=read-write), without default_transaction_read_only";

/// No connection came out of the pool.
pub(crate) fn pool(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => failed(&error, ""),
        PoolError::Timeout(_) => StoreError::new(
            "no connection to PostgreSQL in the time that the pool allows; if all are in use, let it have more, or let the \
             store have its own (PostgresStore::new)",
        )
        .with_source(error.to_string()),
        PoolError::Closed => StoreError::new("the pool of connections to PostgreSQL was closed").refused(),
        PoolError::NoRuntimeSpecified => {
            StoreError::new("the pool has timeouts, but no runtime; build it with .runtime(Runtime::Tokio1)")
                .refused()
        }
        PoolError::PostCreateHook(HookError::Backend(error)) => failed(&error, ""),
        // What the application's own hook says is the application's: nobody knows what is in it.
        PoolError::PostCreateHook(HookError::Message(_)) => {
            StoreError::new("a post_create hook of the pool refused the connection to PostgreSQL")
        }
    }
}

/// The server, or the way to it.
pub(crate) fn failed(error: &tokio_postgres::Error, table: &str) -> StoreError {
    match error.as_db_error() {
        Some(answer) => answered(answer, table),
        None => {
            let mut causes = error.to_string();
            let mut cause = error.source();
            let mut may_only_read = false;
            while let Some(deeper) = cause {
                causes = format!("{causes}: {deeper}");
                may_only_read |= is_refused_by_the_client(deeper);
                cause = deeper.source();
            }
            StoreError::new(if may_only_read {
                READ_ONLY
            } else {
                "no answer from PostgreSQL"
            })
            .with_source(causes)
        }
    }
}

fn answered(answer: &DbError, table: &str) -> StoreError {
    let code = answer.code();
    let (message, refused) = match *code {
        SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME => (
            format!(
                "the table {table} is missing in PostgreSQL; create it with PostgresStore::create_schema, or run the SQL \
                 of PostgresStore::schema_sql"
            ),
            true,
        ),
        SqlState::UNDEFINED_COLUMN => (
            format!("the table {table} in PostgreSQL is of another version; see PostgresStore::create_schema"),
            true,
        ),
        SqlState::INSUFFICIENT_PRIVILEGE => (
            format!(
                "PostgreSQL does not let this role at the table {table}; it needs SELECT, INSERT, UPDATE and DELETE on the \
                 table and USAGE on its sequence, and CREATE on the schema to create them"
            ),
            true,
        ),
        // After a failover the next connection may lead to the new primary.
        SqlState::READ_ONLY_SQL_TRANSACTION => (READ_ONLY.to_owned(), false),
        SqlState::FEATURE_NOT_SUPPORTED if is_of_a_standby(answer) => (READ_ONLY.to_owned(), false),
        SqlState::DISK_FULL => ("PostgreSQL has no room left on its disk".to_owned(), true),
        ref code if code.code().starts_with("28") => {
            ("PostgreSQL refuses this role or its password".to_owned(), true)
        }
        SqlState::INVALID_CATALOG_NAME => ("the database does not exist in PostgreSQL".to_owned(), true),
        SqlState::TOO_MANY_CONNECTIONS => {
            ("PostgreSQL takes no more connections; let the pool have fewer".to_owned(), false)
        }
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => {
            ("PostgreSQL gave up a statement that took too long, by its own settings".to_owned(), false)
        }
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            ("PostgreSQL is starting up or shutting down".to_owned(), false)
        }
        SqlState::PROTOCOL_VIOLATION if answer.message().contains("startup parameter") => (
            "a pooler in front of PostgreSQL refuses a setting of the connection: leave it out of the URL or Config and give \
             it to the role (ALTER ROLE ... SET), or let the pooler pass over it, without effect (PgBouncer: \
             ignore_startup_parameters)"
                .to_owned(),
            true,
        ),
        _ => ("PostgreSQL refused a statement".to_owned(), false),
    };
    let error = StoreError::new(message).with_source(source(answer));
    if refused { error.refused() } else { error }
}

/// The client looks for a server that may be written to, and found none.
fn is_refused_by_the_client(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| {
        error.kind() == io::ErrorKind::PermissionDenied
            && error.to_string() == "database does not allow writes"
    })
}

/// `transaction_read_only` cannot be turned off on a standby, which has no code of its own. We set nothing else like it.
fn is_of_a_standby(answer: &DbError) -> bool {
    answer.routine() == Some("call_bool_check_hook")
}

/// Never the detail, which may quote a whole row. The message only where the server speaks of itself, not of data: the
/// classes of connections, rights, resources, locks, operators and the system.
fn source(answer: &DbError) -> String {
    let code = answer.code().code();
    let of_itself = ["08", "25", "28", "3D", "40", "42", "53", "55", "57", "58"];
    if of_itself.iter().any(|class| code.starts_with(class)) {
        format!("{code}: {}", answer.message())
    } else {
        code.to_owned()
    }
}

/// Whether the connection can be used on: the server refused one statement, no more.
pub(crate) fn is_harmless(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|answer| {
        // A server that may only read was the primary perhaps: others are to be found by connecting anew.
        answer.parsed_severity() == Some(Severity::Error)
            && *answer.code() != SqlState::READ_ONLY_SQL_TRANSACTION
    })
}

/// Whether a prepared statement is no longer of use, since the table was changed: "cached plan must not change result type"
/// has no code of its own.
pub(crate) fn is_stale(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|answer| {
        *answer.code() == SqlState::FEATURE_NOT_SUPPORTED
            && answer.routine() == Some("RevalidateCachedQuery")
    })
}

/// Whether another transaction was in the way, and nothing was changed.
pub(crate) fn is_in_the_way(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
    })
}
