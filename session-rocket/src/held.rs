//! What a request carries, and where in Rocket's types it lies.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use rocket::http::{Header, Status};
use rocket::{Request, Response};
use session_core::Error;
use session_store::{Exchange, Opener, Source};

/// Proof that the fairing of the session that is marked with `K` was attached: Rocket manages it.
pub(crate) struct Attached<K>(pub(crate) Source, pub(crate) PhantomData<fn() -> K>);

/// One request's exchange, shared by the fairing and the handles.
pub(crate) struct Held {
    pub(crate) opener: Opener,
    /// The error of a guard that failed.
    pub(crate) refused: OnceLock<Error>,
    exchange: Mutex<Option<Exchange>>,
}

/// The request's place for it. Rocket's test client shares one between clones of a request, so it can be filled again.
struct Place<K>(Mutex<Option<Arc<Held>>>, PhantomData<fn() -> K>);

fn place<'r, K: 'static>(request: &'r Request<'_>) -> MutexGuard<'r, Option<Arc<Held>>> {
    lock(&request.local_cache(|| Place::<K>(Mutex::new(None), PhantomData)).0)
}

/// No panic can leave what is in our mutexes half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    pub(crate) fn put<K: 'static>(request: &Request<'_>, exchange: Exchange) {
        let (opener, exchange) = (exchange.opener(), Mutex::new(Some(exchange)));
        *place::<K>(request) = Some(Arc::new(Self { opener, refused: OnceLock::new(), exchange }));
    }

    pub(crate) fn find<K: 'static>(request: &Request<'_>) -> Option<Arc<Self>> {
        place::<K>(request).clone()
    }

    /// The exchange, to be closed or dropped by whoever is first: the response or a panic.
    pub(crate) fn take(&self) -> Option<Exchange> {
        lock(&self.exchange).take()
    }
}

pub(crate) fn status(error: &Error) -> Status {
    Status::new(error.status().as_u16())
}

/// The one response of [`session_store::failure`], as Rocket's.
pub(crate) fn failure(failure: &http::Response<()>) -> Response<'static> {
    let mut response = Response::build().status(Status::new(failure.status().as_u16())).finalize();
    replace(&mut response, &[], failure.headers());
    response
}

/// These headers of a request or response, by names in lower case; without values that HTTP forbids.
pub(crate) fn lend(headers: &rocket::http::HeaderMap<'_>, names: &[HeaderName]) -> HeaderMap {
    // There are few headers: to compare their names costs less than to look each one up.
    let name = |header: &Header<'_>| names.iter().find(|name| header.name() == name.as_str()).cloned();
    let value = |header: &Header<'_>| HeaderValue::from_bytes(header.value().as_bytes()).ok();
    headers.iter().filter_map(|header| Some((name(&header)?, value(&header)?))).collect()
}

/// Puts these headers in the place of all that have these names.
pub(crate) fn replace(response: &mut Response<'_>, names: &[HeaderName], headers: &HeaderMap) {
    for name in names {
        if response.headers().iter().any(|header| header.name() == name.as_str()) {
            response.remove_header(name.as_str());
        }
    }
    for (name, value) in headers {
        // Rocket's headers are text, and what the core adds is ASCII.
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        response.adjoin_raw_header(name.as_str().to_owned(), value);
    }
}
