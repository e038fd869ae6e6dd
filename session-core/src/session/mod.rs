//! The session that a handler holds.

// First, so that the documentation of `Session` begins with the methods of the map.
pub(crate) mod map;

pub(crate) mod flash;
pub(crate) mod handle;
pub(crate) mod info;
pub(crate) mod json;
pub(crate) mod login;
pub(crate) mod own_changes;
pub(crate) mod state;
