//! Writes the core's events to `tracing`, under the target `session`.
//!
//! An event never has an id, a key of the map, or a value. Its field `record` is the record's key, if
//! `events_with_record_keys` is set.
//!
//! A back end that has something to report beside its replies writes it with `tracing` under this target, too.

use std::error::Error;

use session_core::{Event, EventKind, Rejected};
use tracing::{debug, error, info, warn};

use crate::adapter::backend::SessionBackend;
use crate::adapter::stderr;

/// Writes one event. An event that an operator should look into is a warning, the life of a session is information, and
/// what every server sees all day is debug.
///
/// ```
/// # use http::{HeaderMap, HeaderValue, header::COOKIE};
/// # use session_core::{SecretKey, Sessions};
/// # use std::io::{BufRead, BufReader, pipe};
/// # let (log, writer) = pipe().unwrap();
/// # let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Arc::new(writer));
/// # let _guard = tracing::subscriber::set_default(subscriber.finish());
/// # let cookie = HeaderValue::from_static("__Host-session=forged");
/// # let request = HeaderMap::from_iter([(COOKIE, cookie)]);
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&request);
/// # let _session = exchange.open().done().unwrap().unwrap();
/// let outgoing = exchange.close().done().unwrap();
/// outgoing.events().iter().for_each(session_store::trace::event);
/// # let mut logged = String::new();
/// # BufReader::new(log).read_line(&mut logged).unwrap();
/// assert!(logged.contains("INFO session: session rejected: the cookie is not of the form of a session"));
/// assert!(!logged.contains("forged"));
/// ```
pub fn event(event: &Event) {
    let Event {
        kind,
        digest,
        record,
    } = event;
    let record = record.map(|key| key.to_text());
    let record = record.as_deref();
    match kind {
        EventKind::Rejected(Rejected::Idle | Rejected::TooOld | Rejected::Unknown)
        | EventKind::Merged => {
            debug!(target: "session", %digest, record, "{kind}")
        }
        EventKind::Oversized { .. }
        | EventKind::NotRewritten { .. }
        | EventKind::NotRewrittenWithoutEntropy
        | EventKind::TooLargeToEncrypt { .. }
        | EventKind::CacheControlReplaced
        | EventKind::Reuse
        | EventKind::EndedForReuse { .. }
        | EventKind::StoreFailed(_)
        | EventKind::Rejected(Rejected::Unreadable) => {
            warn!(target: "session", %digest, record, "{kind}");
        }
        _ => info!(target: "session", %digest, record, "{kind}"),
    }
}

/// Writes that a request failed because of its session. Without a subscriber of `tracing` the first error of a process goes to
/// standard error.
///
/// ```
/// # use std::io::{BufRead, BufReader, pipe};
/// # let (log, writer) = pipe().unwrap();
/// # let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Arc::new(writer));
/// # let _guard = tracing::subscriber::set_default(subscriber.finish());
/// session_store::trace::failed(&session_core::Error::TooLate);
/// # let mut logged = String::new();
/// # BufReader::new(log).read_line(&mut logged).unwrap();
/// assert!(logged.contains("ERROR session: the response was replaced"));
/// ```
pub fn failed(error: &dyn Error) {
    error!(target: "session", %error, "the response was replaced");
    stderr::once(&stderr::FIRST_ERROR, "ERROR", &error);
}

/// Writes a warning to the developer. Without a subscriber of `tracing` it goes to standard error.
pub(crate) fn warn(message: &str) {
    warn!(target: "session", "{message}");
    stderr::always("WARN", &message);
}

/// Says that the framework's log shows the events of a process without a subscriber: they do not go to standard error.
///
/// ```
/// session_store::trace::shown_elsewhere(); // the adapter has the feature `log` of `tracing`, and its framework a logger
/// session_store::trace::failed(&session_core::Error::TooLate);
/// ```
pub fn shown_elsewhere() {
    stderr::shown_elsewhere();
}

/// Writes the warnings about the configuration and about the store. Without a subscriber of `tracing` they go to standard
/// error. An adapter calls it once, when it is given the
/// sessions.
///
/// ```
/// # use std::io::{BufRead, BufReader, pipe};
/// # let (log, writer) = pipe().unwrap();
/// # let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Arc::new(writer));
/// # let _guard = tracing::subscriber::set_default(subscriber.finish());
/// let backend = session_store::SessionBackend::new(session_core::Sessions::flask("dev").unwrap());
/// session_store::trace::log_warnings(&backend);
/// # let mut logged = String::new();
/// # BufReader::new(log).read_line(&mut logged).unwrap();
/// assert!(logged.contains("WARN session: SECRET_KEY is weak: it has 3 bytes"));
/// ```
pub fn log_warnings(backend: &SessionBackend) {
    let cookie = backend.cookie_name();
    for warning in backend.warnings() {
        warn!(target: "session", cookie, "{warning}");
        stderr::always("WARN", warning);
    }
    for warning in backend.store_warnings() {
        warn!(target: "session", cookie, "{warning}");
        stderr::always("WARN", &warning);
    }
}
