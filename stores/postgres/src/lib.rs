//! Sessions in PostgreSQL: [`PostgresStore`], a back end of [`session_store`].

mod connection;
mod direct;
mod error;
mod given_up;
mod parameter;
mod rows;
mod schema;
mod store;
mod table;
mod verbs;

pub use store::PostgresStore;
