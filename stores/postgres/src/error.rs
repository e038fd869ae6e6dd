//! Errors of PostgreSQL, as messages that tell the operator what to do. They quote no row, which may contain a user.

use std::error::Error;
use std::io;

use deadpool_postgres::{HookError, PoolError};
use session_store::StoreError;
use tokio_postgres::error::{DbError, Severity, SqlState};

pub(crate) const READ_ONLY: &str = "this PostgreSQL server or role may only read; connect to the primary \
                                    (target_session_attrs=read-write), without default_transaction_read_only";

/// Returns the error of a pool that gave no connection.
pub(crate) fn pool(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => failed(&error, ""),
        PoolError::Timeout(_) => StoreError::new(
            "the pool gave no connection to PostgreSQL in time; if all are in use, allow it more, or give the store a pool of \
             its own (PostgresStore::new)",
        )
        .with_source(error.to_string()),
        PoolError::Closed => StoreError::new("the pool of connections to PostgreSQL was closed").refused(),
        PoolError::NoRuntimeSpecified => {
            StoreError::new("the pool has timeouts, but no runtime; build it with .runtime(Runtime::Tokio1)")
                .refused()
        }
        PoolError::PostCreateHook(HookError::Backend(error)) => failed(&error, ""),
        // The message of the application's hook is not repeated: it may contain anything.
        PoolError::PostCreateHook(HookError::Message(_)) => {
            StoreError::new("a post_create hook of the pool refused the connection to PostgreSQL")
        }
    }
}

/// Returns the error of a statement, from the server or from the connection to it.
pub(crate) fn failed(error: &tokio_postgres::Error, table: &str) -> StoreError {
    match error.as_db_error() {
        Some(reply) => server_error(reply, table),
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
                "PostgreSQL did not reply"
            })
            .with_source(causes)
        }
    }
}

fn server_error(reply: &DbError, table: &str) -> StoreError {
    let code = reply.code();
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
                "this role of PostgreSQL may not use the table {table}; it needs SELECT, INSERT, UPDATE and DELETE on the \
                 table and USAGE on its sequence, and CREATE on the schema to create them"
            ),
            true,
        ),
        // Not final: after a failover the next connection may lead to the new primary.
        SqlState::READ_ONLY_SQL_TRANSACTION => (READ_ONLY.to_owned(), false),
        SqlState::FEATURE_NOT_SUPPORTED if is_of_a_standby(reply) => (READ_ONLY.to_owned(), false),
        SqlState::DISK_FULL => ("the disk of PostgreSQL is full".to_owned(), true),
        ref code if code.code().starts_with("28") => {
            ("PostgreSQL refuses this role or its password".to_owned(), true)
        }
        SqlState::INVALID_CATALOG_NAME => ("the database does not exist in PostgreSQL".to_owned(), true),
        SqlState::TOO_MANY_CONNECTIONS => {
            ("PostgreSQL accepts no more connections; allow the pool fewer".to_owned(), false)
        }
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => {
            ("PostgreSQL cancelled a statement that took longer than its settings allow".to_owned(), false)
        }
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            ("PostgreSQL is starting up or shutting down".to_owned(), false)
        }
        SqlState::PROTOCOL_VIOLATION if reply.message().contains("startup parameter") => (
            "a pooler in front of PostgreSQL refuses a setting of the connection: remove it from the URL or Config and give \
             it to the role (ALTER ROLE ... SET), or let the pooler ignore it, without effect (PgBouncer: \
             ignore_startup_parameters)"
                .to_owned(),
            true,
        ),
        _ => ("PostgreSQL refused a statement".to_owned(), false),
    };
    let error = StoreError::new(message).with_source(source(reply));
    if refused { error.refused() } else { error }
}

/// Returns whether the client looked for a server that accepts writes, and found none.
fn is_refused_by_the_client(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| {
        error.kind() == io::ErrorKind::PermissionDenied
            && error.to_string() == "database does not allow writes"
    })
}

/// Returns whether a standby refuses to turn `transaction_read_only` off. That error has no code of its own; the store sets
/// nothing else that this routine checks.
fn is_of_a_standby(reply: &DbError) -> bool {
    reply.routine() == Some("call_bool_check_hook")
}

/// Returns the code, and the message if it is about the server itself.
fn source(reply: &DbError) -> String {
    // The detail is left out, since it may quote a whole row, and so may the message of other classes. These are the classes
    // of connections, permissions, resources, locks, operators and the system.
    let about_itself = ["08", "25", "28", "3D", "40", "42", "53", "55", "57", "58"];
    let code = reply.code().code();
    if about_itself.iter().any(|class| code.starts_with(class)) {
        format!("{code}: {}", reply.message())
    } else {
        code.to_owned()
    }
}

/// Returns whether the connection is usable after this error: the server refused one statement, and nothing else is wrong.
pub(crate) fn is_harmless(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|reply| {
        // A server that refuses writes may have been the primary. Only a new connection can find the present one.
        reply.parsed_severity() == Some(Severity::Error)
            && *reply.code() != SqlState::READ_ONLY_SQL_TRANSACTION
    })
}

/// Returns whether a prepared statement is outdated, since the table was changed. The error "cached plan must not change result
/// type" has no code of its own.
pub(crate) fn is_stale(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|reply| {
        *reply.code() == SqlState::FEATURE_NOT_SUPPORTED
            && reply.routine() == Some("RevalidateCachedQuery")
    })
}

/// Returns whether another transaction was in the way, so that nothing was changed.
pub(crate) fn is_conflict(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
    })
}
