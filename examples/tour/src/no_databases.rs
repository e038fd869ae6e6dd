//! `--store` without the feature `stores`: no database is compiled, and the error tells how to get one.

use std::sync::Arc;

use session_store::Store;

/// A database that can hold the sessions: there is none in this build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {}

impl Database {
    /// Returns an error if a value of `--store`, split at its first colon, names a database.
    pub(crate) fn parse(scheme: &str, _rest: &str) -> Option<Result<Self, String>> {
        let name = match scheme {
            "sqlite" => "SQLite",
            "redis" | "rediss" => "Redis",
            "postgres" | "postgresql" => "PostgreSQL",
            _ => return None,
        };
        Some(Err(format!(
            "--store cannot use {name}: this program was built without databases, which take long to compile. \
             Build it with them: write --features stores before the --, as in \
             cargo run -p tour-axum --features stores -- --store PLACE. Without them use --store memory."
        )))
    }

    pub(crate) const fn place(&self) -> &'static str {
        match *self {}
    }

    pub(crate) const fn advice(&self) -> &'static str {
        match *self {}
    }

    pub(crate) const fn is_cleaned_by_us(&self) -> bool {
        match *self {}
    }

    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, crate::start::Failure> {
        match *self {}
    }
}
