//! The session that a handler holds.

pub(crate) mod handle;
pub(crate) mod json;
pub(crate) mod login;
pub(crate) mod state;
