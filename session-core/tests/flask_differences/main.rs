//! A test for each row of the table of differences that no recorded vector covers; the row names
//! the test. `flask_vectors.rs` checks that every test here has a row, and that every name in the
//! table is a test or a vector.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod configuration;
mod content;
mod helpers;
mod requests;
