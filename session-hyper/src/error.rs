//! The errors that handlers return, and the responses that they become.

use std::convert::Infallible;

use http::{Response, StatusCode};
use session_store::{MissingLayer, trace};

/// An error of a session that is a response: the core's status, without a body. The error is written to `tracing`;
/// middleware finds it in the response's extensions as [`session_core::Error`].
///
/// ```
/// use session_hyper::{Error, IntoResponse};
///
/// let response: http::Response<String> = Error::from(session_core::Error::Unavailable).into_response();
/// assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
/// assert_eq!(response.extensions().get(), Some(&session_core::Error::Unavailable));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the session.
    #[error(transparent)]
    Session(#[from] session_core::Error),
    /// The service has no layer for this session: 500, and the line of code that is missing is written to `tracing`. Without
    /// any layer, hyper cuts the connection and reports this error.
    #[error("{}", .0.hint("wrap its service: `SessionLayer::new(sessions){marked}.wrap(service)`"))]
    MissingLayer(MissingLayer),
}

/// Turns a handler's error into a response. hyper alone would cut the connection.
///
/// Implement it for the error type of your application, where `R` is the body of its responses. hyper's `service_fn` requires
/// that the type is an [`Error`](std::error::Error), too.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use hyper::service::{Service, service_fn};
/// use session_hyper::{Error, IntoResponse, RequestSession, SecretKey, SessionLayer, Sessions};
///
/// #[derive(Debug, thiserror::Error)]
/// enum Problem {
///     #[error(transparent)]
///     Asking(#[from] Error),
///     #[error(transparent)]
///     Changing(#[from] session_core::Error),
///     #[error("there is no such page")]
///     NotFound,
/// }
///
/// impl IntoResponse<String> for Problem {
///     fn into_response(self) -> Response<String> {
///         let mut response = Response::new(self.to_string());
///         *response.status_mut() = StatusCode::NOT_FOUND;
///         match self {
///             Self::Asking(error) => error.into_response(),
///             Self::Changing(error) => Error::from(error).into_response(),
///             Self::NotFound => response,
///         }
///     }
/// }
///
/// async fn handler(request: Request<String>) -> Result<Response<String>, Problem> {
///     request.session().await?.increment("lost", 1)?;
///     Err(Problem::NotFound)
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
    /// let response: http::Response<Vec<u8>> = Error::from(session_core::Error::TooLate).into_response();
    /// assert_eq!(response.status(), 500);
    /// ```
    fn into_response(self) -> Response<R>;
}

impl<R: Default> IntoResponse<R> for Error {
    fn into_response(self) -> Response<R> {
        match self {
            Self::Session(error) => session_store::error_response(error),
            Self::MissingLayer(_) => {
                trace::failed(&self);
                let mut response = Response::new(R::default());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }
}

/// For a handler that cannot fail, and for a service that is wrapped twice.
impl<R> IntoResponse<R> for Infallible {
    fn into_response(self) -> Response<R> {
        match self {}
    }
}
