//! The program `session` as its users run it: arguments, standard input, exit codes.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../../../session-core/tests/vectors/mod.rs"]
mod vectors;

mod decode;
mod helpers;
mod keyed;
mod lines;
mod usage;
mod vector_cases;
