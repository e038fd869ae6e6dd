//! The layer: begins an exchange for each request, and closes it on the response.

use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use http::{Request, Response};
use session_core::{Sessions, StoredSessions};
use session_store::{ResponseFuture, SessionBackend, Store};
use tower_layer::Layer;
use tower_service::Service;

/// Gives the handlers of a router their sessions: `.layer(SessionLayer::new(sessions))`, after the routes.
///
/// It works on any Tower service whose response body has a default, as axum's has: the default replaces the body when a
/// session cannot be closed. In a debug build an axum body names the error.
///
/// A layer inside of a layer of the same sessions does nothing: handlers have the outer layer's session.
///
/// ```
/// # use http::{Request, Response};
/// # use session_axum::{SecretKey, SessionLayer, Sessions};
/// # use tower::{ServiceBuilder, ServiceExt};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// let hello = async |_: Request<()>| Ok::<_, std::io::Error>(Response::new("Hello"));
/// let service = ServiceBuilder::new().layer(SessionLayer::new(sessions)).service_fn(hello);
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// assert!(response.headers().is_empty()); // no handler asked for the session
/// # }
/// ```
#[derive(Debug)]
pub struct SessionLayer<K = ()> {
    backend: SessionBackend,
    marker: PhantomData<fn() -> K>,
}

impl SessionLayer {
    /// Returns a layer for [`Session`](crate::Session), whose sessions are in their cookies. Warnings about the
    /// configuration are written to `tracing` now.
    ///
    /// ```
    /// # use axum::{Router, body::Body, extract::Request, routing::get};
    /// # use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
    /// # use tower::ServiceExt;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let app: Router = Router::new()
    ///     .route("/", get(async |session: Session| session.insert("a", 1).map_err(Error)))
    ///     .layer(SessionLayer::new(sessions));
    /// let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
    /// assert!(response.headers()["set-cookie"].to_str().unwrap().starts_with("__Host-session="));
    /// # }
    /// ```
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        SessionBackend::new(sessions).into()
    }

    /// Returns a layer for [`Session`](crate::Session), whose sessions are in a store. The store is shared: keep a clone of
    /// the `Arc` for what else the application asks it.
    ///
    /// ```
    /// # use axum::{Router, body::Body, extract::Request, routing::get};
    /// # use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
    /// # use tower::ServiceExt;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::sync::Arc;
    /// use session_axum::MemoryStore;
    ///
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let app: Router = Router::new()
    ///     .route("/", get(async |session: Session| session.insert("a", 1).map_err(Error)))
    ///     .layer(SessionLayer::stored(sessions, Arc::new(MemoryStore::new())));
    /// let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
    /// assert_eq!(response.headers()["set-cookie"].as_bytes().iter().filter(|b| **b == b'.').count(), 2); // an id
    /// # }
    /// ```
    #[must_use]
    pub fn stored(sessions: StoredSessions, store: Arc<dyn Store>) -> Self {
        SessionBackend::stored(sessions, store).into()
    }

    /// Makes it the layer for [`Session<K>`](crate::Session), for a further session of the application with another cookie
    /// name, key or path. `K` is any type of the application.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
    ///
    /// struct Admin;
    ///
    /// async fn panel(site: Session, admin: Session<Admin>) -> Result<String, Error> {
    ///     Ok(format!("{} {}", site.increment("visits", 1)?, admin.increment("actions", 1)?))
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let site = Sessions::new(SecretKey::generate()?);
    /// let admin = Sessions::builder(SecretKey::generate()?).cookie_name("admin").build()?;
    /// let app: Router = Router::new()
    ///     .route("/admin", get(panel))
    ///     .layer(SessionLayer::new(site))
    ///     .layer(SessionLayer::new(admin).marked::<Admin>());
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

impl<S, K: 'static> Layer<S> for SessionLayer<K> {
    type Service = SessionService<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        self.backend.note_layer::<K>();
        SessionService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service that a [`SessionLayer`] wraps.
///
/// ```
/// # use http::{Request, Response};
/// # use session_axum::{SecretKey, SessionLayer, Sessions};
/// # use tower::{Layer, ServiceExt, service_fn};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let layer = SessionLayer::new(Sessions::new(SecretKey::generate().unwrap()));
/// let broken = service_fn(|_: Request<()>| async { Err::<Response<()>, _>("down") });
/// let service = layer.layer(broken);
/// assert_eq!(service.oneshot(Request::new(())).await.unwrap_err(), "down"); // it is passed on
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
    S: Service<Request<B>, Response = Response<R>>,
    K: 'static,
    R: Default + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let backend = &self.layer.backend;
        let begun = backend.begin::<K, _>(&mut request);
        ResponseFuture::new(self.inner.call(request), backend, begun, error_body)
    }
}

/// Makes a body from an error's text, where the service has axum's bodies.
fn error_body<R: Default + 'static>(text: String) -> R {
    session_store::body_as(Body::from(text)).unwrap_or_default()
}
