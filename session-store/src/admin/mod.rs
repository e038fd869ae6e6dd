//! What an application does with a store beside its requests: lists and ends the sessions of a user, removes what has expired.

pub(crate) mod clean;
pub(crate) mod users;
