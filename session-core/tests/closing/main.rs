//! The rules of closing, row by row: which cookie is sent, and which headers beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unit_arg
)]

#[path = "../common/mod.rs"]
mod common;

mod events;
mod headers;
mod size;
mod times;
mod written;
