//! The contract between sessions and a back end: what a store is asked, what its answers promise, and how often it is asked.

pub(crate) mod durability;
pub(crate) mod error;
pub(crate) mod retry;
pub(crate) mod store;
