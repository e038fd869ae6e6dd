//! The state that a fairing leaves in each request.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::HeaderValue;
use rocket::Request;
use rocket::tokio::task::{Id, try_id};
use session_core::{Error, protocol::Exchange};
use session_store::{SessionBackend, SessionSlot};

/// The state of one request. The fairing takes the exchange to close it. Guards open the session by the slot, and a handle
/// that is dropped by a panic discards the changes.
pub(crate) struct RequestState<K> {
    pub(crate) slot: SessionSlot<K>,
    /// The error of a guard that failed.
    pub(crate) refused: OnceLock<Error>,
    exchange: Mutex<Option<Exchange>>,
    // The request's task. A panic in a task that the handler spawned does not discard the request's changes.
    task: Option<Id>,
}

/// Where a request's local cache has the state. A cache can be filled once, but Rocket's test client shares one between the
/// clones of a request, so the state is behind a lock and can be replaced.
type Place<K> = Mutex<Option<Arc<RequestState<K>>>>;

/// A panic under one of these locks leaves nothing half done: they guard one assignment each.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: 'static> RequestState<K> {
    pub(crate) fn put(request: &Request<'_>, backend: &SessionBackend, cookies: Vec<HeaderValue>) {
        let exchange = backend.exchange_of(cookies);
        let place: &Place<K> = request.local_cache(Mutex::default);
        *lock(place) = Some(Arc::new(Self {
            slot: backend.slot(&exchange),
            refused: OnceLock::new(),
            exchange: Mutex::new(Some(exchange)),
            task: try_id(),
        }));
    }

    pub(crate) fn find(request: &Request<'_>) -> Option<Arc<Self>> {
        let place: &Place<K> = request.local_cache(Mutex::default);
        lock(place).clone()
    }
}

impl<K> RequestState<K> {
    /// Takes the exchange, to close it with the response.
    pub(crate) fn take_exchange(&self) -> Option<Exchange> {
        lock(&self.exchange).take()
    }

    /// Drops the changes of a handler that panics now, in the request's task. A catcher may still read the session.
    pub(crate) fn discard_changes(&self) {
        if self.task == try_id()
            && let Some(exchange) = &*lock(&self.exchange)
        {
            exchange.discard_changes();
        }
    }
}
