//! A stored session: its record, its id, and what a store is asked.

pub(crate) mod at_rest;
pub(crate) mod base;
pub(crate) mod body;
pub(crate) mod id;
pub(crate) mod policy;
pub(crate) mod store;
