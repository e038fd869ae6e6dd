//! What a session sends with a response, and the headers that carry it.

mod header_map;
pub(crate) mod headers;
pub(crate) mod outgoing;
