//! The methods by which a handler asks for its session.

use std::future::Future;

use http::request::Parts;
use http::{Extensions, Request};
use session_core::Session;
use session_store::{Advice, SessionSlot};

/// What a developer changes who has no session.
const ADVICE: Advice = Advice {
    missing: "wrap its service: `SessionLayer::new(sessions){marked}.wrap(service)`",
    outside: "`SessionLayer::new(sessions){marked}.wrap(service)` covers that service alone, so wrap the one that asks, with its \
        middleware inside",
};

/// The sessions of a request, for [`Request`] and its [`Parts`].
///
/// A session is opened the first time that it is asked for; later calls return that session. Ask for it before the response is
/// returned; a body that streams may use it, but cannot ask for it any more ([`TooLate`](session_core::Error::TooLate)).
/// The futures borrow nothing from the request: its body need not be `Sync`, and may be consumed before they are awaited.
///
/// ```
/// # use http::{Request, Response};
/// # use hyper::service::{Service, service_fn};
/// # use session_hyper::{Error, RequestSession, SecretKey, SessionLayer, Sessions};
/// async fn hello(request: Request<String>) -> Result<Response<String>, Error> {
///     let session = request.session().await?;
///     let name = session.get_or_insert_with("name", || request.into_body())?;
///     Ok(Response::new(format!("Hello, {name}")))
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let service = SessionLayer::new(Sessions::new(SecretKey::generate().unwrap())).wrap(service_fn(hello));
/// let response = service.call(Request::new("Ada".to_owned())).await.unwrap();
/// assert_eq!(response.body(), "Hello, Ada");
/// assert!(response.headers().contains_key("set-cookie"));
/// # }
/// ```
pub trait RequestSession: HasExtensions {
    /// Returns the request's session, from the layer without a marker.
    ///
    /// # Errors
    /// [`MissingLayer`](session_core::Error::MissingLayer) when no [`SessionLayer`](crate::SessionLayer) has run for the request,
    /// [`Unavailable`](session_core::Error::Unavailable) when the session is in a store that did not answer in time, and
    /// [`TooLate`](session_core::Error::TooLate) when the response was returned.
    ///
    /// ```
    /// # use session_hyper::{RequestSession, SessionError};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let error = http::Request::new(String::new()).session().await.unwrap_err();
    /// assert!(matches!(error, SessionError::MissingLayer(_)));
    /// # }
    /// ```
    fn session(
        &self,
    ) -> impl Future<Output = Result<Session, session_core::Error>> + Send + use<Self> {
        open(self.slot::<()>())
    }

    /// Returns the session of the layer that is [marked](crate::SessionLayer::marked) with `K`.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    ///
    /// ```
    /// # use session_hyper::RequestSession;
    /// # struct Admin;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let error = http::Request::new(String::new()).session_of::<Admin>().await.unwrap_err();
    /// assert!(error.to_string().contains("SessionLayer::new(sessions).marked::<Admin>().wrap(service)"));
    /// # }
    /// ```
    fn session_of<K: 'static>(
        &self,
    ) -> impl Future<Output = Result<Session, session_core::Error>> + Send + use<Self, K> {
        open(self.slot::<K>())
    }

    /// Returns the session for a handler that works without it. If the session is in a store that does not answer, it is
    /// empty, takes no change, and [is unavailable](Session::is_unavailable).
    ///
    /// # Errors
    /// [`MissingLayer`](session_core::Error::MissingLayer), and [`TooLate`](session_core::Error::TooLate) when the response was returned.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use hyper::service::{Service, service_fn};
    /// # use session_hyper::{Error, RequestSession, SecretKey, SessionLayer, Sessions};
    /// async fn news(request: Request<String>) -> Result<Response<String>, Error> {
    ///     let session = request.session_best_effort().await?;
    ///     Ok(Response::new(match session.get::<String>("name") {
    ///         _ if session.is_unavailable() => "News. Logins are not available at the moment.".to_owned(),
    ///         Ok(Some(name)) => format!("News for {name}"),
    ///         _ => "News".to_owned(),
    ///     }))
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let layer = SessionLayer::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let response = layer.wrap(service_fn(news)).call(Request::new(String::new())).await.unwrap();
    /// assert_eq!(response.body(), "News");
    /// # }
    /// ```
    fn session_best_effort(
        &self,
    ) -> impl Future<Output = Result<Session, session_core::Error>> + Send + use<Self> {
        open_best_effort(self.slot::<()>())
    }

    /// Returns the session of the layer that is [marked](crate::SessionLayer::marked) with `K`, for a handler that works
    /// without it.
    ///
    /// # Errors
    /// As [`session_best_effort`](Self::session_best_effort).
    ///
    /// ```
    /// # use session_hyper::RequestSession;
    /// # struct Admin;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// assert!(http::Request::new(String::new()).session_best_effort_of::<Admin>().await.is_err()); // no layer
    /// # }
    /// ```
    fn session_best_effort_of<K: 'static>(
        &self,
    ) -> impl Future<Output = Result<Session, session_core::Error>> + Send + use<Self, K> {
        open_best_effort(self.slot::<K>())
    }
}

impl<B> RequestSession for Request<B> {}

impl RequestSession for Parts {}

async fn open<K>(
    slot: Result<SessionSlot<K>, session_core::Error>,
) -> Result<Session, session_core::Error> {
    slot?.open().await
}

async fn open_best_effort<K>(
    slot: Result<SessionSlot<K>, session_core::Error>,
) -> Result<Session, session_core::Error> {
    slot?.open_best_effort().await
}

/// Has the extensions of a request. It is sealed: no other crate can implement it.
pub trait HasExtensions {
    #[doc(hidden)]
    fn request_extensions(&self) -> &Extensions;

    // Cloned, so that the futures of `RequestSession` borrow nothing.
    #[doc(hidden)]
    fn slot<K: 'static>(&self) -> Result<SessionSlot<K>, session_core::Error> {
        match SessionSlot::<K>::find(self.request_extensions()) {
            Ok(slot) => Ok(slot.clone()),
            Err(missing) => Err(missing.error(&ADVICE)),
        }
    }
}

impl<B> HasExtensions for Request<B> {
    fn request_extensions(&self) -> &Extensions {
        self.extensions()
    }
}

impl HasExtensions for Parts {
    fn request_extensions(&self) -> &Extensions {
        &self.extensions
    }
}
