//! The state that a fairing leaves in Rocket's application and in each request.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::Request;
use session_core::{Error, protocol::Exchange};
use session_store::{SessionBackend, SessionSlot};

/// Managed by a Rocket whose fairing for the session that is marked with `K` is attached.
pub(crate) struct FairingState<K> {
    pub(crate) backend: SessionBackend,
    marker: PhantomData<fn() -> K>,
}

impl<K> FairingState<K> {
    pub(crate) fn new(backend: SessionBackend) -> Self {
        Self {
            backend,
            marker: PhantomData,
        }
    }
}

/// The state of one request. The fairing takes the exchange to close it. Guards open the session by the slot, and a handle
/// that is dropped by a panic discards the changes.
pub(crate) struct RequestState<K> {
    pub(crate) slot: SessionSlot<K>,
    /// The error of a guard that failed.
    pub(crate) refused: OnceLock<Error>,
    exchange: Mutex<Option<Exchange>>,
}

/// The request's local cache holds this. A cache can be filled once, but Rocket's test client shares one between the clones of a
/// request, so the state is behind a lock and can be replaced.
struct Cell<K>(Mutex<Option<Arc<RequestState<K>>>>);

fn cell<'r, K: 'static>(request: &'r Request<'_>) -> MutexGuard<'r, Option<Arc<RequestState<K>>>> {
    let Cell(state) = request.local_cache(|| Cell::<K>(Mutex::new(None)));
    lock(state)
}

/// A panic under one of these locks leaves nothing half done: they guard one assignment each.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: 'static> RequestState<K> {
    pub(crate) fn put(request: &Request<'_>, backend: &SessionBackend, exchange: Exchange) {
        let state = Self {
            slot: backend.slot(&exchange),
            refused: OnceLock::new(),
            exchange: Mutex::new(Some(exchange)),
        };
        *cell::<K>(request) = Some(Arc::new(state));
    }

    pub(crate) fn find(request: &Request<'_>) -> Option<Arc<Self>> {
        cell::<K>(request).clone()
    }
}

impl<K> RequestState<K> {
    /// Takes the exchange, to close it with the response.
    pub(crate) fn take_exchange(&self) -> Option<Exchange> {
        lock(&self.exchange).take()
    }

    /// Drops the changes of a handler that panicked. A catcher may still read the session.
    pub(crate) fn discard_changes(&self) {
        if let Some(exchange) = &*lock(&self.exchange) {
            exchange.discard_changes();
        }
    }
}
