//! No type turns into another: what a user typed stays text, and what Flask tagged stays what it was.

#![allow(clippy::unwrap_used)]
#![allow(dead_code, reason = "most fields are read by serde alone")]

#[path = "../common/mod.rs"]
mod common;

mod buffers;
mod helpers;
mod plain;
mod tags;
