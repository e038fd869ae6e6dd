//! An application's use of a store outside of requests: it lists and ends the sessions of a user, and removes expired records.

pub(crate) mod clean;
pub(crate) mod users;
