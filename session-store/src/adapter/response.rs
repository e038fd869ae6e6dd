//! The end of a request, for every framework whose responses are [`http::Response`]s.

use http::Response;
use http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use session_core::{
    Error,
    protocol::{Outgoing, ResponseHeaders},
};

use crate::adapter::trace;

/// Puts what the session sends into the response's headers, and its events into `tracing`; if the close failed, the
/// response is replaced by [`failure`].
///
/// ```
/// use http::{HeaderMap, Response, header};
/// use session_core::{SecretKey, Sessions};
///
/// let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
/// exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
/// let outgoing = exchange.close().done().unwrap();
/// let response = session_store::finish(outgoing, Response::new("body"));
/// assert!(response.headers().contains_key(header::SET_COOKIE));
/// ```
pub fn finish<B: Default>(outgoing: Outgoing, mut response: Response<B>) -> Response<B> {
    match apply(outgoing, response.headers_mut()) {
        Ok(()) => response,
        Err(error) => failure(error),
    }
}

/// The same for a framework with other header types: what the session sends goes into the headers, and its events into
/// `tracing`.
///
/// # Errors
/// As [`Outgoing::apply`]: then the response is to be replaced by [`failure`].
///
/// ```
/// # use http::HeaderMap;
/// # use session_core::{SecretKey, Sessions};
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
/// # exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
/// # let outgoing = exchange.close().done().unwrap();
/// let mut headers = HeaderMap::new(); // or any `ResponseHeaders`
/// session_store::apply(outgoing, &mut headers).unwrap();
/// assert!(headers.contains_key("set-cookie"));
/// ```
pub fn apply(mut outgoing: Outgoing, headers: &mut impl ResponseHeaders) -> Result<(), Error> {
    let applied = outgoing.apply(headers);
    // Complete only now.
    outgoing.events().iter().for_each(trace::event);
    applied
}

/// The response to a request whose session failed: the core's status, `Retry-After` if it may be tried again, no body, kept
/// by no cache. The error is written to
/// `tracing`, and stands in the response's extensions for middleware of the application.
///
/// ```
/// let response = session_store::failure::<String>(session_core::Error::TooLate);
/// assert_eq!(response.status(), 500);
/// assert_eq!(response.extensions().get(), Some(&session_core::Error::TooLate));
/// ```
pub fn failure<B: Default>(error: Error) -> Response<B> {
    trace::failed(&error);
    let mut response = Response::new(B::default());
    *response.status_mut() = error.status();
    let retry = error
        .retry_after()
        .map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
    let no_store = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.headers_mut() = std::iter::once(no_store).chain(retry).collect();
    response.extensions_mut().insert(error);
    response
}
