//! What every adapter needs, for sessions in cookies and in a store.

pub(crate) mod backend;
mod driver;
pub(crate) mod future;
pub(crate) mod response;
pub(crate) mod slot;
pub mod trace;
