//! The end of a request: its session's headers go into the response, its events into the log.

use std::any::Any;

use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use session_core::{
    Error,
    protocol::{Outgoing, ResponseHeaders},
};

use crate::adapter::trace;

/// Writes what the session sends into the response's headers, and its events into `tracing`. If the close failed, the
/// response is replaced by an [`error_response`], whose text becomes a body by `error_body`.
///
/// ```
/// use http::{HeaderMap, Response, header};
/// use session_core::{SecretKey, Sessions};
///
/// let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
/// exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
/// let outgoing = exchange.close().done().unwrap();
/// let response = session_store::write_response(outgoing, Response::new("body".to_owned()), String::from);
/// assert!(response.headers().contains_key(header::SET_COOKIE));
/// ```
pub fn write_response<B>(
    outgoing: Outgoing,
    mut response: Response<B>,
    error_body: impl FnOnce(String) -> B,
) -> Response<B> {
    match write_headers(outgoing, response.headers_mut()) {
        Ok(()) => response,
        Err(error) => error_response(error).map(error_body),
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
/// again, `Cache-Control: no-store`. The error is written to `tracing`; middleware of the application finds it in the
/// response's extensions.
///
/// A build with debug assertions, as `cargo run` makes it, tells the developer the error in the body, as plain text. A release
/// build tells clients nothing: the body is empty.
///
/// ```
/// let response = session_store::error_response(session_core::Error::TooLate);
/// assert_eq!(response.status(), 500);
/// assert_eq!(response.extensions().get(), Some(&session_core::Error::TooLate));
/// assert!(response.body().contains("after the head of its response was returned"));
/// ```
pub fn error_response(error: Error) -> Response<String> {
    trace::failed(&error);
    explained(error, cfg!(debug_assertions))
}

/// The response, with the error in its body if `debug`.
fn explained(error: Error, debug: bool) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if debug {
        // The text quotes names of the application's, and these may come from a user: no browser may take it for HTML.
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        *response.body_mut() = explanation(&error);
    }
    response.extensions_mut().insert(error);
    response
}

/// Returns the error in one line of printable text.
fn explanation(error: &Error) -> String {
    let mut text = String::new();
    for char in error.to_string().chars() {
        match char.is_control() {
            true => text.extend(char.escape_default()),
            false => text.push(char),
        }
    }
    text.push('\n');
    text.push_str("(This text is in debug builds only.)\n");
    text
}

/// Returns a value as a `B` if that is its type: for an adapter that makes an error's body for services of any body.
///
/// ```
/// assert_eq!(session_store::body_as::<String>("text".to_owned()), Some("text".to_owned()));
/// assert_eq!(session_store::body_as::<Vec<u8>>("text".to_owned()), None);
/// ```
pub fn body_as<B: 'static>(body: impl Any) -> Option<B> {
    // An option, because a value can be moved out of it through a reference.
    let mut body = Some(body);
    let body: &mut dyn Any = &mut body;
    body.downcast_mut::<Option<B>>()?.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors() -> [Error; 3] {
        [
            Error::TooLate,
            Error::Unavailable,
            Error::MissingLayer("add `.layer(SessionLayer::new(sessions))`".to_owned()),
        ]
    }

    #[test]
    fn a_release_build_tells_clients_nothing() {
        for error in errors() {
            let status = error.status();
            let response = explained(error.clone(), false);
            assert_eq!((response.status(), &**response.body()), (status, ""));
            assert!(!response.headers().contains_key(CONTENT_TYPE));
            assert_eq!(response.extensions().get(), Some(&error));
        }
    }

    #[test]
    fn a_debug_build_tells_the_cause_as_plain_text() {
        for error in errors() {
            let response = explained(error.clone(), true);
            assert!(response.body().starts_with(&error.to_string()));
            assert_eq!(
                response.headers()[CONTENT_TYPE],
                "text/plain; charset=utf-8"
            );
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        let response = explained(Error::MissingLayer("a\r\nb\u{1b}[31m".to_owned()), true);
        assert!(
            response.body().starts_with("a\\r\\nb\\u{1b}[31m\n"),
            "{}",
            response.body()
        );
    }
}
