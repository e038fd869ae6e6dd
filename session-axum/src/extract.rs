//! The extractors, and the errors that handlers return.

use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use session_store::{Advice, MissingLayer, SessionSlot};

/// The request's session. It derefs to [`session_core::Session`], which has the methods.
///
/// It is opened the first time that a handler or another extractor asks for it. Extract it before the response is returned; a
/// body that streams may use it, but cannot extract it any more ([`TooLate`](session_core::Error::TooLate)).
///
/// `Option<Session>` is `None` where there is no layer. `Session<K>` is the session of the layer that is
/// [marked](crate::SessionLayer::marked) with `K`.
///
/// ```
/// # use axum::{Router, body::Body, extract::Request, routing::get};
/// # use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
/// # use tower::ServiceExt;
/// async fn hello(session: Session) -> Result<String, Error> {
///     let name = session.get_or_insert_with("name", || "nobody".to_owned())?;
///     Ok(format!("Hello, {name}"))
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let layer = SessionLayer::new(Sessions::new(SecretKey::generate().unwrap()));
/// let app: Router = Router::new().route("/", get(hello)).layer(layer);
/// let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
/// assert!(response.headers().contains_key("set-cookie"));
/// # }
/// ```
#[derive(Debug)]
pub struct Session<K = ()>(session_core::Session, PhantomData<fn() -> K>);

impl<K> Clone for Session<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K> Deref for Session<K> {
    type Target = session_core::Session;

    fn deref(&self) -> &session_core::Session {
        &self.0
    }
}

impl<S: Sync, K: 'static> FromRequestParts<S> for Session<K> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let slot = SessionSlot::<K>::find(&parts.extensions)?;
        let session = slot.open().await.map_err(Error)?;
        Ok(Self(session, PhantomData))
    }
}

impl<S: Sync, K: 'static> OptionalFromRequestParts<S> for Session<K> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        match SessionSlot::<K>::find(&parts.extensions) {
            Ok(slot) => Ok(Some(Self(slot.open().await?, PhantomData))),
            Err(MissingLayer { .. }) => Ok(None),
        }
    }
}

/// The session for a handler that works without it. If the session is in a store that does not answer, the handler gets an
/// empty session that takes no change and [is unavailable](session_core::Session::is_unavailable). A handler that takes
/// [`Session`] is not called then, and the client gets 503.
///
/// ```
/// # use axum::{Router, body::Body, extract::Request, routing::get};
/// # use session_axum::{BestEffort, SecretKey, SessionLayer, Sessions};
/// # use tower::ServiceExt;
/// async fn news(BestEffort(session): BestEffort) -> String {
///     match session.get::<String>("name") {
///         _ if session.is_unavailable() => "News. Logins are not available at the moment.".to_owned(),
///         Ok(Some(name)) => format!("News for {name}"),
///         _ => "News".to_owned(),
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let layer = SessionLayer::new(Sessions::new(SecretKey::generate().unwrap()));
/// let app: Router = Router::new().route("/", get(news)).layer(layer);
/// let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
/// assert_eq!(response.status(), 200);
/// # }
/// ```
#[derive(Debug)]
pub struct BestEffort<K = ()>(pub Session<K>);

impl<S: Sync, K: 'static> FromRequestParts<S> for BestEffort<K> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let slot = SessionSlot::<K>::find(&parts.extensions)?;
        let session = slot.open_best_effort().await.map_err(Error)?;
        Ok(Self(Session(session, PhantomData)))
    }
}

/// What a developer changes who has no session.
const ADVICE: Advice = Advice {
    missing: "add `.layer(SessionLayer::new(sessions){marked})` after the routes",
    outside: "`.layer(SessionLayer::new(sessions){marked})` covers the routes and the layers that were added before it, so \
        move it below all routes and below the middleware that asks",
};

/// The reason why a handler that asked for its session was not called. As a response it is the [`Error`]'s, or 500; the log and
/// the body of a debug build name the line of code to change.
///
/// ```
/// use axum::response::IntoResponse;
/// use session_axum::{Error, SessionRejection};
///
/// let rejection = SessionRejection::from(Error(session_core::Error::Unavailable));
/// let response = rejection.into_response();
/// assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
/// ```
///
/// ```
/// # use axum::{Router, body::Body, extract::Request, routing::get};
/// # use session_axum::Session;
/// # use tower::ServiceExt;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let app: Router = Router::new().route("/", get(|_: Session| async {})); // and no layer
/// let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
/// assert_eq!(response.status(), 500);
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionRejection {
    /// The router has no layer for this session, or it did not run before the handler or middleware that asked.
    #[error("{}", .0.hint(&ADVICE))]
    MissingLayer(MissingLayer),
    /// The session is in a store that did not answer, or its response was already returned.
    #[error(transparent)]
    Session(#[from] Error),
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        match self {
            Self::MissingLayer(missing) => Error(missing.error(&ADVICE)).into_response(),
            Self::Session(error) => error.into_response(),
        }
    }
}

// By hand: `#[from]` takes errors only, and a `MissingLayer` has no text of its own before an adapter gives its advice.
impl From<MissingLayer> for SessionRejection {
    fn from(missing: MissingLayer) -> Self {
        Self::MissingLayer(missing)
    }
}

/// An error of a session that is a response: the core's status, and in debug builds the error's text as the body. The error is
/// written to `tracing`; middleware finds it in the response's extensions as [`SessionError`](crate::SessionError).
///
/// An error type of the application needs one `#[from]`:
///
/// ```
/// use axum::http::StatusCode;
/// use axum::response::{IntoResponse, Response};
/// use session_axum::{Error, Session, SessionError};
///
/// #[derive(Debug, thiserror::Error)]
/// enum AppError {
///     #[error(transparent)]
///     Session(#[from] SessionError),
///     #[error("there is no such page")]
///     NotFound,
/// }
///
/// impl IntoResponse for AppError {
///     fn into_response(self) -> Response {
///         match self {
///             Self::Session(error) => Error(error).into_response(),
///             Self::NotFound => (StatusCode::NOT_FOUND, self.to_string()).into_response(),
///         }
///     }
/// }
///
/// async fn lost(session: Session) -> Result<String, AppError> {
///     session.increment("lost", 1)?;
///     Err(AppError::NotFound)
/// }
/// ```
///
/// ```
/// use axum::response::IntoResponse;
/// use session_axum::Error;
///
/// let response = Error(session_core::Error::TooLate).into_response();
/// assert_eq!(response.status(), 500);
/// assert_eq!(response.extensions().get(), Some(&session_core::Error::TooLate));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub session_core::Error);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        session_store::error_response(self.0).map(Body::from)
    }
}
