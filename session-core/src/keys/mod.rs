//! Secret keys: one key, the ring of an application's keys, and the keys that are refused.

pub(crate) mod check;
pub(crate) mod ring;
mod rotation;
pub(crate) mod secret;
pub(crate) mod secret_key;
pub(crate) mod weakness;
