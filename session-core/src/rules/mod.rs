//! The rules of opening and closing a session that is in its cookie.

pub(crate) mod close;
pub(crate) mod open;
pub(crate) mod report;
