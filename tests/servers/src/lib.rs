//! The databases that tests need: each on a free port of the loopback, in a folder of its own under the system's temporary
//! one. Nothing of them outlives the test's process, however that ends.
//!
//! What is not here: tests, and installing (in `scripts/test`).

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

/// Where a program is: on the path, or in one of these folders.
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

/// Says that a test is left out, since something is missing that `scripts/test` installs.
///
/// # Panics
/// Where CI is set: there nothing may be missing.
pub fn left_out(missing: &str) {
    let message = format!("{missing} is missing. scripts/test installs it.");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
    // Not `eprintln`, which the test harness swallows when the test passes.
    std::io::stderr()
        .write_all(format!("LEFT OUT: {message}\n").as_bytes())
        .unwrap();
}

/// A port that nobody listens on now.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
