//! The stores. A table's columns are the numbers of concurrent operations. Its rows are operations:
//! of the raw client, of our store, of a whole request, and of peers. Each operation checks its own
//! answer, and each write succeeds only if the previous one was stored.

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

/// Prints each omission for want of a server on the standard error.
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
