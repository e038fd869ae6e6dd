//! Asks a store again until it answers or its time is over.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::BuildHasher;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{debug, warn};

use crate::contract::error::StoreError;

/// The pause before a question is asked again, at first; it doubles up to the longest.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(640);

/// Asks until there is an answer, or until so much time has passed: every question is safe to repeat. `None` when there is
/// none, or when asking again does not help.
pub(crate) async fn retry<T, F: Future<Output = Result<T, StoreError>>>(
    verb: &'static str,
    begun: Instant,
    within: Duration,
    mut ask: impl FnMut() -> F,
) -> Option<T> {
    // One answer that is lost must not take all the time there is.
    let (deadline, patience) = (begun + within, within / 2);
    let mut pause = FIRST_PAUSE;
    let mut failed_before = false;
    loop {
        let now = Instant::now();
        if now >= deadline {
            unanswered(verb, within, false);
            return None;
        }
        let end = deadline.min(now + patience);
        match timeout_at(end, ask()).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => {
                store_failed(verb, &error, failed_before);
                failed_before = true;
                if error.is_refused() {
                    return None;
                }
            }
            Err(_) if end < deadline => unanswered(verb, patience, true),
            Err(_) => continue,
        }
        sleep_until(deadline.min(Instant::now() + jitter(pause))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Between half of a pause and all of it, so that those who failed together do not ask again together. The standard
/// library's hash keys are random enough for that.
pub(crate) fn jitter(pause: Duration) -> Duration {
    let share = RandomState::new().hash_one(0) % 1024;
    pause.mul_f64(0.5 + 0.5 * (share as f64 / 1024.0))
}

/// A store answered a question with an error; it is asked again until the deadline, and only the first error is a warning.
fn store_failed(question: &'static str, error: &StoreError, failed_before: bool) {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    if failed_before {
        debug!(target: "session", question, %error, source, "the session store failed");
    } else {
        warn!(target: "session", question, %error, source, "the session store failed");
    }
}

/// A store gave no answer in this time, and is asked again or not.
fn unanswered(question: &'static str, time: Duration, mark_retried: bool) {
    if mark_retried {
        debug!(target: "session", question, ?time, "the session store gave no answer");
    } else {
        warn!(target: "session", question, ?time, "the session store gave no answer");
    }
}
