//! PostgreSQL as a store: the contract on a real server, and what is this back end's own: its table, what a verb costs,
//! what it logs, and what becomes of sessions when the server is killed, hangs, is full, or is not what it should be.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cleaning;
mod conformance;
mod costs;
mod faults;
mod full;
mod given_up;
mod pooler;
mod races;
mod schema;
mod secrets;
mod standby;
mod tools;
