//! docs/stores.md contains the files of this crate.

pub mod postgres;
pub mod redis;
