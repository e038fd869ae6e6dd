//! The SQLite store: the contract, and what it promises beyond the contract.

#![allow(clippy::unwrap_used, clippy::panic)]

mod child;
mod client;
mod crash;
mod dump;
mod file;
mod full;
#[cfg(unix)]
mod gone;
mod load;
mod place;

use std::sync::Arc;

use session_store::{SqliteStore, Store};

use place::Directory;

async fn empty() -> Option<Arc<dyn Store>> {
    Some(Arc::new(
        SqliteStore::open(Directory::new().leave()).unwrap(),
    ))
}

session_store::conformance_tests!(empty);
