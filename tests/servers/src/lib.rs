//! Starts the databases that tests need, each on a free port of the loopback interface, in a folder of its own under the system's
//! temporary one. All of them end with the test's process, however that ends.
//!
//! `scripts/test` installs the programs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "for tests only: a server that does not start fails them"
)]

mod certificates;
mod pgbouncer;
mod postgres;
mod program;
mod proxy;
mod redis;

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

pub use certificates::Certificates;
pub use pgbouncer::{PgBouncer, Release};
pub use postgres::Postgres;
pub use program::{Folder, Program};
pub use proxy::Proxy;
pub use redis::{Cluster, Redis};

/// Returns the path of a program that is on `PATH` or in one of these folders.
#[must_use]
pub fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<_> = std::env::split_paths(&path).collect();
    on_path
        .iter()
        .chain(folders)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// Prints that a test is left out, since a program is missing that `scripts/test` installs.
///
/// # Panics
/// If `CI` is `true`: there every program must be installed.
pub fn left_out(missing: &str) {
    let message = format!("{missing} is missing. scripts/test installs it.");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
    // Not `eprintln`, whose output the test harness hides when the test passes.
    std::io::stderr()
        .write_all(format!("LEFT OUT: {message}\n").as_bytes())
        .unwrap();
}

/// Returns a port that is free now.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
