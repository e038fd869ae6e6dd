//! What every adapter needs, for sessions in cookies and in a store.

mod driver;
pub(crate) mod exchange;
pub(crate) mod finish;
pub(crate) mod future;
pub(crate) mod slot;
pub mod trace;
