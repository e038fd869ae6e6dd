//! Standard error, for a process that has no subscriber of `tracing`: its developer sees warnings and the first failures
//! all the same, and the line that shows everything.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

const ADVICE: &str = "session: this process has no `tracing` subscriber, so later messages of sessions are not shown: run \
     `cargo add tracing-subscriber`, and begin `main` with `tracing_subscriber::fmt::init();`";

/// Whether the events are shown elsewhere, as in the log of a framework.
static SHOWN_ELSEWHERE: AtomicBool = AtomicBool::new(false);
static ADVISED: AtomicBool = AtomicBool::new(false);

/// Whether a kind of message was shown. Each is shown once in a process.
pub(crate) static FIRST_ERROR: AtomicBool = AtomicBool::new(false);
pub(crate) static FIRST_STORE_ERROR: AtomicBool = AtomicBool::new(false);

pub(crate) fn shown_elsewhere() {
    SHOWN_ELSEWHERE.store(true, Ordering::Relaxed);
}

/// Shows the first message of its kind.
pub(crate) fn once(shown: &AtomicBool, level: &str, message: &dyn Display) {
    // Read before it is written: a server that fails all day shares no cache line for this.
    if is_needed() && !shown.load(Ordering::Relaxed) && !shown.swap(true, Ordering::Relaxed) {
        show(level, message);
    }
}

/// Shows a message.
pub(crate) fn always(level: &str, message: &dyn Display) {
    if is_needed() {
        show(level, message);
    }
}

fn is_needed() -> bool {
    !tracing::dispatcher::has_been_set() && !SHOWN_ELSEWHERE.load(Ordering::Relaxed)
}

// A closed standard error is no reason to fail.
fn show(level: &str, message: &dyn Display) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{level} session: {message}");
    if !ADVISED.swap(true, Ordering::Relaxed) {
        let _ = writeln!(stderr, "{ADVICE}");
    }
}
