//! The end of a request: its session's headers go into the response, its events into the log.

use http::Response;
use http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use session_core::{
    Error,
    protocol::{Outgoing, ResponseHeaders},
};

use crate::adapter::trace;

/// Writes what the session sends into the response's headers, and its events into `tracing`. If the close failed, the
/// response is replaced by an [`error_response`].
///
/// ```
/// use http::{HeaderMap, Response, header};
/// use session_core::{SecretKey, Sessions};
///
/// let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
/// exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
/// let outgoing = exchange.close().done().unwrap();
/// let response = session_store::write_response(outgoing, Response::new("body"));
/// assert!(response.headers().contains_key(header::SET_COOKIE));
/// ```
pub fn write_response<B: Default>(outgoing: Outgoing, mut response: Response<B>) -> Response<B> {
    match write_headers(outgoing, response.headers_mut()) {
        Ok(()) => response,
        Err(error) => error_response(error),
    }
}

/// Writes what the session sends into headers of any type, and its events into `tracing`: for a framework with a response
/// type of its own.
///
/// # Errors
/// As [`Outgoing::apply`]. The response is then to be replaced by an [`error_response`].
///
/// ```
/// # use http::HeaderMap;
/// # use session_core::{SecretKey, Sessions};
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
/// # exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
/// # let outgoing = exchange.close().done().unwrap();
/// let mut headers = HeaderMap::new(); // or any `ResponseHeaders`
/// session_store::write_headers(outgoing, &mut headers).unwrap();
/// assert!(headers.contains_key("set-cookie"));
/// ```
pub fn write_headers(
    mut outgoing: Outgoing,
    headers: &mut impl ResponseHeaders,
) -> Result<(), Error> {
    let applied = outgoing.apply(headers);
    // Logged after the headers are written, and also when that failed: writing them adds events.
    for event in outgoing.events() {
        trace::event(event);
    }
    applied
}

/// Returns the response to a request whose session failed: the core's status, `Retry-After` if the request may be sent
/// again, `Cache-Control: no-store`, no body. The error is written to `tracing`; middleware of the application finds it in
/// the response's extensions.
///
/// ```
/// let response = session_store::error_response::<String>(session_core::Error::TooLate);
/// assert_eq!(response.status(), 500);
/// assert_eq!(response.extensions().get(), Some(&session_core::Error::TooLate));
/// ```
pub fn error_response<B: Default>(error: Error) -> Response<B> {
    trace::failed(&error);
    let mut response = Response::new(B::default());
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(error);
    response
}
