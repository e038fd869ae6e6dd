//! What the table of differences says of Flask mode, where no recorded vector says it: a test for each row, named in the row. That
//! every test here stands there, and every name there is a test or a vector, is checked in `flask_vectors.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod configuration;
mod content;
mod helpers;
mod requests;
