//! The extractor and the errors that handlers return.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use session_store::{Missing, SessionSlot};

/// The request's session: derefs to [`session_core::Session`], where the methods are.
///
/// Opened the first time a handler or another extractor asks for it. Extracted only while the response's body streams it is
/// [`TooLate`](session_core::Error::TooLate): extract it before, and move it into the body. `Option<Session>` is `None` where
/// no layer is.
/// `Session<K>` is that of the layer [marked](crate::SessionLayer::marked) with `K`.
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
        let door = SessionSlot::<K>::find(&parts.extensions).map_err(MissingLayer)?;
        Ok(Self(
            door.opener().open().await.map_err(Error)?,
            PhantomData,
        ))
    }
}

impl<S: Sync, K: 'static> OptionalFromRequestParts<S> for Session<K> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        match SessionSlot::<K>::find(&parts.extensions) {
            Ok(door) => Ok(Some(Self(door.opener().open().await?, PhantomData))),
            Err(_) => Ok(None),
        }
    }
}

/// The session for a handler that can do without: if it is in a store that gives no answer, the others are answered 503,
/// and this one gets an empty session that takes no change and [says so](session_core::Session::is_unavailable).
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
        let door = SessionSlot::<K>::find(&parts.extensions).map_err(MissingLayer)?;
        Ok(Self(Session(
            door.opener().open_best_effort().await.map_err(Error)?,
            PhantomData,
        )))
    }
}

/// Why a handler that asked for its session was not called.
///
/// ```
/// use axum::response::IntoResponse;
/// use session_axum::{Error, SessionRejection};
///
/// let rejection = SessionRejection::from(Error(session_core::Error::Unavailable));
/// let response = rejection.into_response();
/// assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionRejection {
    /// Its router has no layer.
    #[error(transparent)]
    MissingLayer(#[from] MissingLayer),
    /// The session is in a store that gave no answer, or the response had left already.
    #[error(transparent)]
    Session(#[from] Error),
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        match self {
            Self::MissingLayer(missing) => missing.into_response(),
            Self::Session(error) => error.into_response(),
        }
    }
}

/// A handler asked for a session where no layer is: 500, with the line that is missing.
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
#[derive(Debug, Clone)]
pub struct MissingLayer(Missing);

impl fmt::Display for MissingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.0.line("SessionLayer::new(sessions)");
        write!(
            f,
            "this handler asks for a session, but its router has no layer for it: add `.layer({layer})` behind the \
             routes"
        )
    }
}

impl std::error::Error for MissingLayer {}

impl IntoResponse for MissingLayer {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

/// An error of a session, as a response: the core's status, no body. It is written to `tracing`, and stands in the
/// response's extensions as [`session_core::Error`].
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
        session_store::failure(self.0)
    }
}
