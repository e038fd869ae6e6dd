//! The PostgreSQL store: the contract on a real server, and this back end's own promises: its table, the cost of a verb,
//! its logs, and the sessions when the server is killed, hangs, is full, or is not a primary.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cleaning;
mod conformance;
mod costs;
mod durability;
mod faults;
mod full;
mod given_up;
mod load;
mod pooler;
mod pooler_settings;
mod prepared;
mod races;
mod schema;
mod secrets;
mod standby;
mod tools;
