//! The content of a session: keys and values as JSON text, flashed messages, and the changes to them.

pub(crate) mod change;
pub(crate) mod counter;
pub(crate) mod flash;
pub(crate) mod index;
pub(crate) mod map;
