//! The SQLite store: the contract, and the promises beyond it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod child;
mod client;
mod crash;
mod directory;
mod dump;
mod file;
mod full;
mod load;
mod path;
#[cfg(unix)]
mod permissions;
#[cfg(unix)]
mod replaced;

use std::sync::Arc;

use session_store::Store;
use session_store_sqlite::SqliteStore;

use directory::Directory;

async fn empty() -> Option<Arc<dyn Store>> {
    Some(Arc::new(
        SqliteStore::open(Directory::new().leave()).unwrap(),
    ))
}

session_store_conformance::conformance_tests!(empty);
