//! Configuration under Flask's names: by serde and from an environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod forms;
mod helpers;
mod key_errors;
mod settings;
mod table;
mod unknown;
mod weak_keys;
mod wrong_values;
