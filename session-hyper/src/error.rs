//! The errors that handlers return, and the responses that they become.

use std::convert::Infallible;

use http::Response;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use session_store::body_as;

/// An error of a session that is a response: the core's status, and in debug builds the error's text as the body. The error is
/// written to `tracing`; middleware finds it in the response's extensions as [`SessionError`](crate::SessionError).
///
/// Without any layer hyper cuts the connection, and reports this error.
///
/// ```
/// use session_hyper::{Error, IntoResponse, SessionError};
///
/// let response: http::Response<String> = Error(SessionError::Unavailable).into_response();
/// assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
/// assert_eq!(response.extensions().get(), Some(&SessionError::Unavailable));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub session_core::Error);

/// Turns a handler's error into a response. hyper alone would cut the connection.
///
/// Implement it for the error type of your application, where `R` is the body of its responses. hyper's `service_fn` requires
/// that the type is an [`Error`](std::error::Error), too.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use hyper::service::{Service, service_fn};
/// use session_hyper::{IntoResponse, RequestSession, SecretKey, SessionError, SessionLayer, Sessions};
///
/// #[derive(Debug, thiserror::Error)]
/// enum AppError {
///     #[error(transparent)]
///     Session(#[from] SessionError),
///     #[error("there is no such page")]
///     NotFound,
/// }
///
/// impl IntoResponse<String> for AppError {
///     fn into_response(self) -> Response<String> {
///         let mut response = Response::new(self.to_string());
///         *response.status_mut() = StatusCode::NOT_FOUND;
///         match self {
///             Self::Session(error) => error.into_response(),
///             Self::NotFound => response,
///         }
///     }
/// }
///
/// async fn handler(request: Request<String>) -> Result<Response<String>, AppError> {
///     request.session().await?.increment("lost", 1)?;
///     Err(AppError::NotFound)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let sessions = Sessions::new(SecretKey::generate().unwrap());
/// let response = SessionLayer::new(sessions).wrap(service_fn(handler)).call(Request::new(String::new())).await.unwrap();
/// assert_eq!(response.status(), 404);
/// assert!(response.headers().contains_key("set-cookie")); // saved, as on every response
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler fails with `{Self}`, which cannot become a response with a body `{R}`",
    label = "this handler's error",
    note = "implement `session_hyper::IntoResponse` for an error type of yours, or return `session_hyper::Error`"
)]
pub trait IntoResponse<R> {
    /// Returns the response. The session is closed on it as on any other.
    ///
    /// ```
    /// use session_hyper::{Error, IntoResponse};
    ///
    /// let response: http::Response<Vec<u8>> = Error(session_core::Error::TooLate).into_response();
    /// assert_eq!(response.status(), 500);
    /// ```
    fn into_response(self) -> Response<R>;
}

impl<R: Default + 'static> IntoResponse<R> for Error {
    fn into_response(self) -> Response<R> {
        self.0.into_response()
    }
}

/// For an error type of the application that is made from it.
impl<R: Default + 'static> IntoResponse<R> for session_core::Error {
    fn into_response(self) -> Response<R> {
        session_store::error_response(self).map(error_body)
    }
}

/// Makes a body from an error's text, where the service has one of the usual bodies. Any other stays empty.
pub(crate) fn error_body<R: Default + 'static>(text: String) -> R {
    if text.is_empty() {
        return R::default();
    }
    let full = Full::new(Bytes::from(text.clone()));
    let made = body_as(text)
        .or_else(|| body_as(full.clone()))
        .or_else(|| boxed::<R, Infallible>(&full))
        .or_else(|| boxed::<R, hyper::Error>(&full))
        .or_else(|| boxed::<R, std::io::Error>(&full))
        .or_else(|| boxed::<R, Box<dyn std::error::Error + Send + Sync>>(&full));
    made.unwrap_or_default()
}

fn boxed<R: 'static, E: 'static>(body: &Full<Bytes>) -> Option<R> {
    let body = || body.clone().map_err(|never| match never {});
    body_as(BoxBody::<Bytes, E>::new(body()))
        .or_else(|| body_as(UnsyncBoxBody::<Bytes, E>::new(body())))
}

/// For a handler that cannot fail, and for a service that is wrapped twice.
impl<R> IntoResponse<R> for Infallible {
    fn into_response(self) -> Response<R> {
        match self {}
    }
}
