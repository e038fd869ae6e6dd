//! No type turns into another: text that a user typed stays text, and values that Flask tagged stay
//! of their type.

#![allow(clippy::unwrap_used)]
#![allow(dead_code, reason = "most fields are read by serde alone")]

#[path = "../common/mod.rs"]
mod common;

mod buffers;
mod fields;
mod helpers;
mod plain;
mod tags;
