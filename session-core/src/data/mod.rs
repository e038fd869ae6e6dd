//! The content of a session: keys and values as JSON text, flashed messages, and the changes to them.
//!
//! Imports run one way: `buffer`, `flash`, `flash_message`, `change`, `mismatch`, `counter`, `index`, `map`, `recording`, `ours`, `flask`, each of the modules
//! before it.

pub(crate) mod buffer;
pub(crate) mod change;
pub(crate) mod counter;
pub(crate) mod flash;
mod flash_message;
pub(crate) mod flask;
pub(crate) mod index;
pub(crate) mod map;
mod mismatch;
pub(crate) mod ours;
pub(crate) mod recording;
