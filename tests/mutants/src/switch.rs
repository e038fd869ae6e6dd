//! This file becomes `crate::mutant` in the tested program: it switches one change on, and records
//! the changes that were reached.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static ON: LazyLock<u32> =
    LazyLock::new(|| std::env::var("SESSION_MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0));
static SEEN: [AtomicBool; 1 << 13] = [const { AtomicBool::new(false) }; 1 << 13];
static FILE: LazyLock<Option<std::fs::File>> = LazyLock::new(|| {
    let path = std::env::var_os("SESSION_MUTANTS_SEEN")?;
    std::fs::OpenOptions::new().create(true).append(true).open(path).ok()
});

/// Whether this change is switched on.
pub(crate) fn on(number: u32) -> bool {
    if let Some(mut file) = FILE.as_ref()
        && !SEEN[number as usize].swap(true, Ordering::Relaxed)
    {
        let _ = file.write_all(format!("{number}\n").as_bytes());
    }
    *ON == number
}
