//! The program `session` as its users run it: arguments, standard input, exit codes.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../../../session-core/tests/vectors/mod.rs"]
mod vectors;

mod decode;
mod formats;
mod helpers;
mod key_sources;
mod keyed;
mod lines;
mod readme;
#[cfg(any(feature = "redis", feature = "postgres"))]
mod servers;
mod site;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod terminal;
mod usage;
mod vector_cases;
