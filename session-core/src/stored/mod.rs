//! Sessions on the server: the protocol with a store, as steps.
//!
//! The browser holds an id, the store holds the record. An audit of cookie sessions does not need this module.

pub(crate) mod close;
pub(crate) mod closing;
pub(crate) mod end;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_check;
pub(crate) mod open;
pub(crate) mod reuse;
pub(crate) mod save;
pub(crate) mod step;
#[cfg(test)]
mod tests;
pub(crate) mod user;
