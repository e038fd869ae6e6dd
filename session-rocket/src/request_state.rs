//! What a request carries, and where in Rocket's types it lies.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, header::MaxSizeReached};
use rocket::http::Status;
use rocket::{Request, Response};
use session_core::{Error, protocol::ResponseHeaders};
use session_store::{Exchange, LazySession, SessionBackend};

/// Proof that the fairing of the session that is marked with `K` was attached: Rocket manages it.
pub(crate) struct Attached<K>(pub(crate) SessionBackend, pub(crate) PhantomData<fn() -> K>);

/// One request's exchange, shared by the fairing and the handles.
pub(crate) struct Held {
    pub(crate) opener: LazySession,
    /// The error of a guard that failed.
    pub(crate) refused: OnceLock<Error>,
    exchange: Mutex<Option<Exchange>>,
}

/// The request's place for it. Rocket's test client shares one between clones of a request, so it can be filled again.
struct Place<K>(Mutex<Option<Arc<Held>>>, PhantomData<fn() -> K>);

fn place<'r, K: 'static>(request: &'r Request<'_>) -> MutexGuard<'r, Option<Arc<Held>>> {
    lock(
        &request
            .local_cache(|| Place::<K>(Mutex::new(None), PhantomData))
            .0,
    )
}

/// No panic can leave what is in our mutexes half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    pub(crate) fn put<K: 'static>(request: &Request<'_>, exchange: Exchange) {
        let (opener, exchange) = (exchange.opener(), Mutex::new(Some(exchange)));
        *place::<K>(request) = Some(Arc::new(Self {
            opener,
            refused: OnceLock::new(),
            exchange,
        }));
    }

    pub(crate) fn find<K: 'static>(request: &Request<'_>) -> Option<Arc<Self>> {
        place::<K>(request).clone()
    }

    /// The exchange, to be closed with the response.
    pub(crate) fn take(&self) -> Option<Exchange> {
        lock(&self.exchange).take()
    }

    /// The handler panicked: a catcher may read the session, and nothing of it is saved.
    pub(crate) fn discard_changes(&self) {
        lock(&self.exchange)
            .iter()
            .for_each(Exchange::discard_changes);
    }
}

pub(crate) fn status(error: &Error) -> Status {
    Status::new(error.status().as_u16())
}

/// The one response of [`session_store::failure`], as Rocket's.
pub(crate) fn failure(error: Error) -> Response<'static> {
    let failure = session_store::failure::<()>(error);
    let mut response = Response::build()
        .status(Status::new(failure.status().as_u16()))
        .finalize();
    set(&mut response, failure.headers());
    response
}

/// Puts these headers in the place of all that have their names.
pub(crate) fn set(response: &mut Response<'_>, headers: &HeaderMap) {
    for (name, value) in headers {
        response.set_raw_header(name.as_str().to_owned(), text(value));
    }
}

/// Rocket's headers are text, and what the core adds is ASCII.
fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// A response's headers, for the core.
pub(crate) struct Headers<'a, 'r>(pub(crate) &'a mut Response<'r>);

impl ResponseHeaders for Headers<'_, '_> {
    fn contains(&self, name: &'static HeaderName) -> bool {
        // There are few headers: to compare their names costs less than to look this one up.
        self.0
            .headers()
            .iter()
            .any(|header| header.name() == name.as_str())
    }

    fn values(&self, name: &'static HeaderName) -> Vec<&[u8]> {
        self.0
            .headers()
            .get(name.as_str())
            .map(str::as_bytes)
            .collect()
    }

    fn remove(&mut self, name: &'static HeaderName) {
        self.0.remove_header(name.as_str());
    }

    fn append(
        &mut self,
        name: &'static HeaderName,
        value: HeaderValue,
    ) -> Result<(), MaxSizeReached> {
        self.0.adjoin_raw_header(name.as_str(), text(&value));
        Ok(())
    }
}
