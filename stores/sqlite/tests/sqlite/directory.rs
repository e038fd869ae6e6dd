//! Directories for the files of tests.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{fs, process};

/// An empty directory for one test.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static SWEEP: Once = Once::new();
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sqlite");
        SWEEP.call_once(|| sweep(&all));
        let path = all.join(format!(
            "{}-{}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&path).unwrap();
        // Canonical, since SQLite names the files beside the database after its canonical path.
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("sessions.db")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the path of the database, and leaves the directory in place. A later run of the tests removes it.
    pub(crate) fn leave(self) -> PathBuf {
        let file = self.file();
        std::mem::forget(self);
        file
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes the directories that earlier runs left.
fn sweep(all: &Path) {
    for directory in fs::read_dir(all).into_iter().flatten().flatten() {
        let changed = directory
            .metadata()
            .and_then(|directory| directory.modified());
        if changed.is_ok_and(|changed| {
            changed
                .elapsed()
                .is_ok_and(|age| age > Duration::from_secs(3600))
        }) {
            let _ = fs::remove_dir_all(directory.path());
        }
    }
}
