//! The headers that a session sends with a response.

mod header_map;
pub(crate) mod headers;
pub(crate) mod outgoing;
