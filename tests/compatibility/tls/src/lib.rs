//! The files of this crate stand in docs/stores.md as they are.

pub mod postgres;
pub mod redis;
