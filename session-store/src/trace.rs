//! The core's events, written to `tracing` under the target `session`. Never an id, a key of the map or a value.

use session_core::{Error, Event, EventKind, Rejected, Sessions};
use tracing::{debug, error, info, warn};

/// Writes one event: what an operator should look into as a warning, the life of sessions as information, and what every
/// server sees all day as debug.
pub fn event(event: &Event) {
    let Event { kind, digest } = event;
    match kind {
        EventKind::Rejected(Rejected::Idle | Rejected::TooOld) => {
            debug!(target: "session", %digest, "{kind}")
        }
        EventKind::Oversized { .. }
        | EventKind::CacheControlReplaced
        | EventKind::Rejected(Rejected::Unreadable) => {
            warn!(target: "session", %digest, "{kind}");
        }
        _ => info!(target: "session", %digest, "{kind}"),
    }
}

/// Writes that a request failed by its session.
pub fn failed(error: &Error) {
    error!(target: "session", %error, "the response was replaced");
}

/// Writes what is doubtful about a configuration; an adapter calls it once, where it is given the sessions.
pub fn announce(sessions: &Sessions) {
    for warning in sessions.warnings() {
        warn!(target: "session", cookie = sessions.cookie_name(), "{warning}");
    }
}
