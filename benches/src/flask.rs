//! Measures Flask itself.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::payload::{self, SECRET};

/// The nanoseconds of one call of an application, through WSGI.
#[derive(Debug, Clone, Deserialize)]
pub struct Flask {
    /// Without sessions.
    pub bare: f64,
    /// Reads one value.
    pub read: f64,
    /// Reads and changes one value.
    pub write: f64,
}

/// Measures Flask with a session of this size. Returns `None` if no Python has it. It looks for a
/// Python in `FLASK_PYTHON`, then in the folder of `scripts/test`, then on the path.
///
/// # Panics
/// Panics if Flask exists and fails.
#[must_use]
pub fn measure(size: usize) -> Option<Flask> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = env::var_os("FLASK_PYTHON").map(PathBuf::from);
    let tested = folder.join("../target/flask-3.1/bin/python");
    let python = given
        .into_iter()
        .chain([tested, "python3".into()])
        .find(|python| has_flask(python))?;
    let output = Command::new(python)
        .arg(folder.join("flask_wsgi.py"))
        .args([SECRET, &payload::text(&payload::session(size))])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "flask_wsgi.py failed");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn has_flask(python: &Path) -> bool {
    let mut import = Command::new(python);
    import
        .args(["-c", "import flask"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    import.status().is_ok_and(|status| status.success())
}
