//! The contract between sessions and a back end: the verbs of a store, what its replies promise, and how often a request is
//! repeated.

pub(crate) mod durability;
pub(crate) mod error;
pub(crate) mod retry;
pub(crate) mod store;
