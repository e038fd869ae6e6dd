//! Peers over sqlx. It links another SQLite than rusqlite, which one lock file cannot contain
//! beside it, so these peers are a package of their own, `sqlx-peers`, which measures itself.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use servers::{Folder, Postgres};

/// A row and a column of the tables that [`jobs`](super::jobs) measures, and the time of one
/// operation.
#[derive(Debug, Deserialize)]
pub struct Measured {
    pub group: String,
    pub who: String,
    pub column: usize,
    pub nanoseconds: f64,
}

/// Builds the package, starts its servers, and measures once.
#[must_use]
pub fn measure() -> Vec<Measured> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("sqlx-peers/Cargo.toml");
    let folder = Folder::new("sqlx");
    let postgres = Postgres::start(&Postgres::FAST);
    let mut run = Command::new(env!("CARGO"));
    run.args(["run", "--release", "--quiet", "--manifest-path"])
        .arg(manifest)
        .arg("--");
    run.arg(folder.path().join("peers"));
    run.arg(postgres.as_ref().map_or_else(|| "-".into(), Postgres::url));
    let output = run.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let measured: Vec<Measured> = serde_json::from_slice(&output.stdout).unwrap();
    for group in ["sqlite: read", "sqlite: write"] {
        let found = measured
            .iter()
            .filter(|one| one.group == group && one.nanoseconds > 0.0);
        assert!(
            found.map(|one| one.column).eq([1, 32, 1, 32]),
            "{measured:?}"
        );
    }
    measured
}
