//! Configuration under Flask's names: by serde and from an environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod helpers;
mod settings;
mod table;
mod weak_keys;
mod wrong_values;
