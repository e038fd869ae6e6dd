//! How a handler asks for its session.

use std::future::Future;

use http::request::Parts;
use http::{Extensions, Request};
use session_core::Session;
use session_store::{LazySession, SessionSlot};

use crate::Error;

/// The sessions of a request, for [`Request`] and its [`Parts`].
///
/// A session is opened the first time that somebody asks for it; later there is the same one. Asked for only while the
/// response's body streams it is [`TooLate`](session_core::Error::TooLate): ask before, and move it into the body. The futures
/// hold nothing of the request, so its body may be taken apart meanwhile, and need not be `Sync`.
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
pub trait RequestSession: Carrier {
    /// The session of an application that has one: where the methods are.
    ///
    /// # Errors
    /// [`Error::MissingLayer`] where no [`SessionLayer`](crate::SessionLayer) is around the handler;
    /// [`Unavailable`](session_core::Error::Unavailable) when the session is in a store that gave no answer in time;
    /// [`TooLate`](session_core::Error::TooLate) when the response has been returned.
    ///
    /// ```
    /// # use session_hyper::{Error, RequestSession};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let error = http::Request::new(String::new()).session().await.unwrap_err();
    /// assert!(matches!(error, Error::MissingLayer(_)));
    /// # }
    /// ```
    fn session(&self) -> impl Future<Output = Result<Session, Error>> + Send + use<Self> {
        open(self.opener::<()>())
    }

    /// The session of the layer that is [marked](crate::SessionLayer::marked) with `K`.
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
    ) -> impl Future<Output = Result<Session, Error>> + Send + use<Self, K> {
        open(self.opener::<K>())
    }

    /// The session for a handler that can do without: if it is in a store that gives no answer, an empty session that takes
    /// no change and [says so](Session::is_unavailable).
    ///
    /// # Errors
    /// [`Error::MissingLayer`]; [`TooLate`](session_core::Error::TooLate) when the response has been returned.
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
    ) -> impl Future<Output = Result<Session, Error>> + Send + use<Self> {
        open_best_effort(self.opener::<()>())
    }

    /// The same for the session of the layer that is [marked](crate::SessionLayer::marked) with `K`.
    ///
    /// # Errors
    /// [`Error::MissingLayer`]; [`TooLate`](session_core::Error::TooLate) when the response has been returned.
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
    ) -> impl Future<Output = Result<Session, Error>> + Send + use<Self, K> {
        open_best_effort(self.opener::<K>())
    }
}

impl<B> RequestSession for Request<B> {}

impl RequestSession for Parts {}

async fn open(opener: Result<LazySession, Error>) -> Result<Session, Error> {
    Ok(opener?.open().await?)
}

async fn open_best_effort(opener: Result<LazySession, Error>) -> Result<Session, Error> {
    Ok(opener?.open_best_effort().await?)
}

/// Has the extensions of a request. Nobody else can implement it.
pub trait Carrier {
    #[doc(hidden)]
    fn carried(&self) -> &Extensions;

    #[doc(hidden)]
    fn opener<K: 'static>(&self) -> Result<LazySession, Error> {
        Ok(SessionSlot::<K>::find(self.carried())
            .map_err(Error::MissingLayer)?
            .opener()
            .clone())
    }
}

impl<B> Carrier for Request<B> {
    fn carried(&self) -> &Extensions {
        self.extensions()
    }
}

impl Carrier for Parts {
    fn carried(&self) -> &Extensions {
        &self.extensions
    }
}
