//! The stores. A table's columns count how many are under way at once, its rows say what each of them does: what the raw
//! client does, what our store does, what a request does, and the same of peers. Each operation looks at its own answer,
//! and each write is one that only succeeds if the one before it was kept.

mod flight;
mod laid;
mod memory;
mod ours;
mod peers;
mod postgres;
mod redis;
mod sqlite;
pub mod sqlx;

use crate::Job;

/// Whatever may be left out for want of a server is said on the standard error.
#[must_use]
pub fn jobs() -> Vec<Job> {
    [
        memory::jobs(),
        sqlite::jobs(),
        redis::jobs(),
        postgres::jobs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
