//! The layer: begins an exchange for each request, and closes it on the response.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::service::Service;
use pin_project_lite::pin_project;
use session_core::{Sessions, StoredSessions};
use session_store::{ResponseFuture, SessionBackend, Store};

use crate::error::{IntoResponse, error_body};

/// Gives the handlers of a service their sessions: `SessionLayer::new(sessions).wrap(service)`.
///
/// Make it once when the application starts; hyper's connections get clones of the wrapped service. It works on any service
/// whose response body has a default: the default replaces the body when a session cannot be closed. In a debug build the body
/// names the error, if it is a `String`, a `Full<Bytes>`, or a `BoxBody` of a usual error type.
///
/// A layer inside of a layer of the same sessions does nothing: handlers have the outer layer's session.
///
/// ```
/// # use std::convert::Infallible;
/// # use http::{Request, Response};
/// # use hyper::service::{Service, service_fn};
/// # use session_hyper::{SecretKey, SessionLayer, Sessions};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// let hello = async |_: Request<String>| Ok::<_, Infallible>(Response::new("Hello".to_owned()));
/// let service = SessionLayer::new(sessions).wrap(service_fn(hello));
/// let response = service.call(Request::new(String::new())).await.unwrap();
/// assert!(response.headers().is_empty()); // no handler asked for the session
/// # }
/// ```
#[derive(Debug)]
pub struct SessionLayer<K = ()> {
    backend: SessionBackend,
    marker: PhantomData<fn() -> K>,
}

impl SessionLayer {
    /// Returns a layer for [`session`](crate::RequestSession::session), whose sessions are in their cookies. Warnings about
    /// the configuration are written to `tracing` now.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use hyper::service::{Service, service_fn};
    /// # use session_hyper::{Error, RequestSession, SecretKey, SessionLayer, Sessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let service = SessionLayer::new(sessions).wrap(service_fn(async |request: Request<String>| {
    ///     request.session().await?.insert("a", 1)?;
    ///     Ok::<_, Error>(Response::new("inserted".to_owned()))
    /// }));
    /// let response = service.call(Request::new(String::new())).await.unwrap();
    /// assert!(response.headers()["set-cookie"].to_str().unwrap().starts_with("__Host-session="));
    /// # }
    /// ```
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        SessionBackend::new(sessions).into()
    }

    /// Returns a layer for [`session`](crate::RequestSession::session), whose sessions are in a store. The store is shared:
    /// keep a clone of the `Arc` for what else the application asks it. Needs a tokio runtime whose time is enabled.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use hyper::service::{Service, service_fn};
    /// # use session_hyper::{Error, RequestSession, SecretKey, SessionLayer, Sessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::sync::Arc;
    /// use session_hyper::MemoryStore;
    ///
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let layer = SessionLayer::stored(sessions, Arc::new(MemoryStore::new()));
    /// let service = layer.wrap(service_fn(async |request: Request<String>| {
    ///     request.session().await?.insert("a", 1)?;
    ///     Ok::<_, Error>(Response::new("inserted".to_owned()))
    /// }));
    /// let response = service.call(Request::new(String::new())).await.unwrap();
    /// assert_eq!(response.headers()["set-cookie"].as_bytes().iter().filter(|b| **b == b'.').count(), 2); // an id
    /// # }
    /// ```
    #[must_use]
    pub fn stored(sessions: StoredSessions, store: Arc<dyn Store>) -> Self {
        SessionBackend::stored(sessions, store).into()
    }

    /// Makes it the layer for [`session_of::<K>`](crate::RequestSession::session_of), for a further session of the
    /// application with another cookie name, key or path. `K` is any type of the application.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use hyper::service::{Service, service_fn};
    /// use session_hyper::{Error, RequestSession, SecretKey, SessionLayer, Sessions};
    ///
    /// struct Admin;
    ///
    /// async fn panel(request: Request<String>) -> Result<Response<String>, Error> {
    ///     let (site, admin) = (request.session().await?, request.session_of::<Admin>().await?);
    ///     Ok(Response::new(format!("{} {}", site.increment("visits", 1)?, admin.increment("actions", 1)?)))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let site = SessionLayer::new(Sessions::new(SecretKey::generate()?));
    /// let admin = Sessions::builder(SecretKey::generate()?).cookie_name("admin").build()?;
    /// let service = site.wrap(SessionLayer::new(admin).marked::<Admin>().wrap(service_fn(panel)));
    /// let response = service.call(Request::new(String::new())).await?;
    /// assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn marked<K>(self) -> SessionLayer<K> {
        SessionLayer {
            backend: self.backend,
            marker: PhantomData,
        }
    }
}

impl<K: 'static> SessionLayer<K> {
    /// Returns the service, with sessions for its handlers.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use hyper::service::{Service, service_fn};
    /// # use session_hyper::{Error, SecretKey, SessionLayer, Sessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let layer = SessionLayer::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let broken = async |_: Request<String>| Err::<Response<String>, _>(Error::from(session_core::Error::TooLate));
    /// let response = layer.wrap(service_fn(broken)).call(Request::new(String::new())).await.unwrap();
    /// assert_eq!(response.status(), 500); // and the connection stays open
    /// # }
    /// ```
    #[must_use]
    pub fn wrap<S>(&self, service: S) -> SessionService<S, K> {
        self.backend.note_layer::<K>();
        SessionService {
            inner: service,
            layer: self.clone(),
        }
    }
}

/// For an application that chooses between cookies and a store when it starts.
impl From<SessionBackend> for SessionLayer {
    fn from(backend: SessionBackend) -> Self {
        session_store::trace::log_warnings(&backend);
        Self {
            backend,
            marker: PhantomData,
        }
    }
}

impl<K> Clone for SessionLayer<K> {
    fn clone(&self) -> Self {
        Self {
            backend: self.backend.clone(),
            marker: PhantomData,
        }
    }
}

/// A service that a [`SessionLayer`] wraps. It never fails: an error of the service becomes a response.
///
/// ```
/// # use http::{Request, Response};
/// # use hyper::service::{Service, service_fn};
/// # use session_hyper::{Error, SecretKey, SessionLayer, SessionService, Sessions};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let layer = SessionLayer::new(Sessions::new(SecretKey::generate().unwrap()));
/// # let hello = async |_: Request<String>| Ok::<_, Error>(Response::new("Hello".to_owned()));
/// let service: SessionService<_> = layer.wrap(service_fn(hello));
/// let response: Result<_, std::convert::Infallible> = service.clone().call(Request::new(String::new())).await;
/// assert_eq!(response.unwrap().body(), "Hello");
/// # }
/// ```
#[derive(Debug)]
pub struct SessionService<S, K = ()> {
    inner: S,
    layer: SessionLayer<K>,
}

impl<S: Clone, K> Clone for SessionService<S, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S, K, B, R> Service<Request<B>> for SessionService<S, K>
where
    S: Service<Request<B>, Response = Response<R>, Error: IntoResponse<R>>,
    K: 'static,
    R: Default + 'static,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = ResponseFuture<Answer<S::Future>, R>;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        let backend = &self.layer.backend;
        let begun = backend.begin::<K, _>(&mut request);
        let answer = Answer {
            service: self.inner.call(request),
        };
        ResponseFuture::new(answer, backend, begun, error_body)
    }
}

pin_project! {
    /// The future of a service's response, or of the response that its error becomes.
    #[derive(Debug)]
    pub struct Answer<F> {
        #[pin]
        service: F,
    }
}

impl<F, R, E> Future for Answer<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: IntoResponse<R>,
{
    type Output = Result<Response<R>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project()
            .service
            .poll(context)
            .map(|answer| Ok(answer.unwrap_or_else(E::into_response)))
    }
}
