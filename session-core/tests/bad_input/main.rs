//! Hostile and broken input: from a browser it gives an empty session that knows the reason, from a
//! developer a clear error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod configuration;
mod cookies;
mod helpers;
mod signed;
mod values;
