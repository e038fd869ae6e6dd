//! The example `cookie` as its users run it: arguments, standard input, exit codes.

#![cfg(feature = "os")]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../vectors/mod.rs"]
mod vectors;

mod decode;
mod helpers;
mod keyed;
mod lines;
mod usage;
mod vector_cases;
