//! Repeats a request to a store until it replies, or until the deadline.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::BuildHasher;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{debug, warn};

use crate::adapter::stderr;
use crate::contract::error::StoreError;

/// The first pause between two attempts. Each further pause is twice as long, up to the longest.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(640);

/// Repeats a request until there is a reply, or until `time` has passed since `begun`. Every verb is safe to repeat. Returns `None`
/// when there is no reply in time, or when the error is final.
pub(crate) async fn retry<T, F: Future<Output = Result<T, StoreError>>>(
    verb: &'static str,
    begun: Instant,
    time: Duration,
    mut attempt: impl FnMut() -> F,
) -> Option<T> {
    let deadline = begun + time;
    // An attempt gets half of the time, so that one lost answer leaves time for another attempt.
    let patience = time / 2;
    let mut pause = FIRST_PAUSE;
    let mut failed_before = false;
    loop {
        let now = Instant::now();
        if now >= deadline {
            unanswered(verb, time, false);
            return None;
        }
        let end = deadline.min(now + patience);
        match timeout_at(end, attempt()).await {
            Ok(Ok(reply)) => return Some(reply),
            Ok(Err(error)) => {
                store_failed(verb, &error, failed_before);
                failed_before = true;
                if error.is_refused() {
                    return None;
                }
            }
            Err(_) if end < deadline => unanswered(verb, patience, true),
            // The attempt had all the time that was left: the head of the loop reports it.
            Err(_) => continue,
        }
        sleep_until(deadline.min(Instant::now() + jitter(pause))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Returns a random time between half of the pause and all of it, so that requests that failed together are not repeated
/// together.
pub(crate) fn jitter(pause: Duration) -> Duration {
    // Not for secrets: the random keys of the standard library's hash maps suffice here.
    let share = RandomState::new().hash_one(0) % 1024;
    pause.mul_f64(0.5 + 0.5 * (share as f64 / 1024.0))
}

/// Logs an error of the store. The request is repeated until the deadline, so only its first error is a warning.
fn store_failed(question: &'static str, error: &StoreError, failed_before: bool) {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    if failed_before {
        debug!(target: "session", question, %error, source, "the session store failed");
    } else {
        warn!(target: "session", question, %error, source, "the session store failed");
        let message = format!("the session store failed: {question}: {error}: {source}");
        stderr::once(&stderr::FIRST_STORE_ERROR, "WARN", &message);
    }
}

/// Logs that a store did not reply in this time. It is a warning if the request is not repeated.
fn unanswered(question: &'static str, time: Duration, is_repeated: bool) {
    if is_repeated {
        debug!(target: "session", question, ?time, "the session store gave no answer");
    } else {
        warn!(target: "session", question, ?time, "the session store gave no answer");
    }
}
