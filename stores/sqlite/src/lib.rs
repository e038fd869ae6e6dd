//! Sessions in a file, with SQLite: [`SqliteStore`], a back end of [`session_store`].

mod error;
mod files;
mod readers;
mod schema;
mod sql;
mod statements;
mod store;
mod thread;
mod writer;

pub use store::SqliteStore;
