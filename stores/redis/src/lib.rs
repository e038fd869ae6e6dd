//! Sessions in Redis, Valkey, or a cluster of them: [`RedisStore`], a back end of [`session_store`].

mod by_user;
mod connection;
mod error;
mod record;
mod script;
mod server;
mod store;
mod verbs;

pub use connection::RedisConnection;
pub use store::RedisStore;
