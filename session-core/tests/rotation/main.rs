//! Keys, epochs and names that change while cookies exist.

#![allow(clippy::unwrap_used, clippy::panic, clippy::unit_arg)]

#[path = "../common/mod.rs"]
mod common;

mod epochs;
mod helpers;
mod keys;
mod names;
