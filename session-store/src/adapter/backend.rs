//! The place of an application's sessions, as an adapter's layer holds it.

use std::fmt;
use std::sync::Arc;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Request};
use session_core::protocol::Exchange;
use session_core::{Error, Session, Sessions, StoredSessions, Warning};

use crate::adapter::close::{Close, close};
use crate::adapter::driver::Driver;
use crate::adapter::layers;
use crate::adapter::plain_http::PlainHttp;
use crate::adapter::slot::{LayerId, SessionSlot};
use crate::contract::store::Store;

/// The place of an application's sessions: their cookies, or a store. An adapter's layer holds it. Cheap to clone.
///
/// For each request it begins an [`Exchange`], opens its session when a handler asks, and closes it:
///
/// ```
/// use std::sync::Arc;
/// use http::HeaderMap;
/// use session_core::{SecretKey, Sessions};
/// use session_store::{MemoryStore, SessionBackend};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SecretKey::generate()?;
/// let cookies = SessionBackend::new(Sessions::new(key.clone()));
/// let stored = SessionBackend::stored(Sessions::builder(key).build_stored()?, Arc::new(MemoryStore::new()));
/// for backend in [cookies, stored] {
///     let exchange = backend.exchange(&HeaderMap::new());
///     backend.open(&exchange).await?.insert("a", 1)?;
///     let mut response = HeaderMap::new();
///     backend.close(exchange).await.apply(&mut response)?;
///     assert!(response.contains_key("set-cookie"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionBackend {
    kind: Kind,
    layer: LayerId,
}

// A driver is where a store is, so a step of a cookie session, which never waits, needs none.
#[derive(Clone)]
enum Kind {
    Cookies(Sessions),
    Stored(StoredSessions, Arc<Driver>),
}

/// A request whose session a layer has [begun](SessionBackend::begin). [`ResponseFuture`](crate::ResponseFuture) ends it.
///
/// ```
/// # use session_core::{SecretKey, Sessions};
/// # let backend = session_store::SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
/// let begun = backend.begin::<(), _>(&mut http::Request::new(()));
/// assert!(begun.exchange.is_some() && begun.plain_http.is_none());
/// ```
#[derive(Debug, Default)]
pub struct Begun {
    /// The exchange, which this layer closes. None: the session belongs to an outer layer, which closes it.
    pub exchange: Option<Exchange>,
    /// The request, if a browser has certainly sent it over plain HTTP. Boxed, because it is rare.
    pub plain_http: Option<Box<PlainHttp>>,
}

impl SessionBackend {
    /// Returns the place of sessions that are stored in their cookies.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// let backend = session_store::SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// assert!(backend.warnings().is_empty());
    /// ```
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        let layer = LayerId {
            sessions: sessions.instance(),
            store: 0,
            scope: layers::scope_number(sessions.cookie_scope()),
        };
        let kind = Kind::Cookies(sessions);
        Self { kind, layer }
    }

    /// Returns the place of sessions that are stored in a store. Their sessions are opened and closed within a tokio
    /// runtime whose time is enabled.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, SessionBackend};
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let backend = SessionBackend::stored(sessions, Arc::new(MemoryStore::new()));
    /// assert_eq!(backend.cookie_name(), "__Host-session");
    /// ```
    #[must_use]
    pub fn stored(sessions: StoredSessions, store: Arc<dyn Store>) -> Self {
        let layer = LayerId {
            sessions: sessions.instance(),
            store: Arc::as_ptr(&store).addr(),
            scope: layers::scope_number(sessions.cookie_scope()),
        };
        let kind = Kind::Stored(sessions, Arc::new(Driver::new(store)));
        Self { kind, layer }
    }

    /// Notes that the application has a layer for these sessions that is marked with `K`, so that [`MissingLayer`](crate::MissingLayer)
    /// knows it. An adapter calls it where it makes the service of a layer.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MissingLayer, SessionBackend};
    /// struct Admin;
    /// let without = MissingLayer::of::<Admin>();
    /// SessionBackend::new(Sessions::new(SecretKey::generate().unwrap())).note_layer::<Admin>();
    /// assert_ne!(MissingLayer::of::<Admin>(), without);
    /// ```
    pub fn note_layer<K: 'static>(&self) {
        layers::note::<K>(self.layer.scope);
    }

    /// Begins the session of a request that comes to the layer marked with `K`, and puts its [slot](Self::slot) into the
    /// request's extensions.
    ///
    /// If an outer layer has begun a session of this backend, or of a clone of its sessions, that session goes on: it has one
    /// exchange, which the outer layer closes. If an outer layer writes the same cookie for other sessions, a warning names
    /// both layers, once in a process.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{SessionBackend, SessionSlot};
    /// let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let mut request = http::Request::new(());
    /// let outer = SessionBackend::new(sessions.clone()).begin::<(), _>(&mut request);
    /// let inner = SessionBackend::new(sessions).begin::<(), _>(&mut request);
    /// assert!(outer.exchange.is_some() && inner.exchange.is_none());
    /// assert!(SessionSlot::<()>::find(request.extensions()).is_ok());
    /// ```
    #[must_use]
    pub fn begin<K: 'static, B>(&self, request: &mut Request<B>) -> Begun {
        let extensions = request.extensions_mut();
        if let Some(slot) = SessionSlot::<K>::outer(self.layer, extensions) {
            extensions.insert(slot);
            return Begun::default();
        }
        let exchange = self.exchange(request.headers());
        self.slot::<K>(&exchange).put(request.extensions_mut());
        let headers = request.headers();
        let plain_http = self.plain_http(|name| headers.get(name).map(HeaderValue::as_bytes));
        Begun {
            exchange: Some(exchange),
            plain_http: plain_http.map(Box::new),
        }
    }

    /// Returns whether a browser has certainly sent a request over plain HTTP, and not to its own machine. `header` returns
    /// the first value of a header.
    ///
    /// A warning of [`PlainHttp`] never is a false alarm about a browser, so most requests are not certain. `Host` must
    /// have a port, and `Origin`, or else `Referer`, must be `http://` with that host and port. No header may name a proxy
    /// (`Forwarded`, `X-Forwarded-Proto`, `Via`, ...) or a secure context (`Sec-Fetch-Site`).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let backend = session_store::SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let behind_a_proxy = |name: &str| (name == "host").then_some(&b"shop.example"[..]);
    /// assert!(backend.plain_http(behind_a_proxy).is_none());
    /// ```
    pub fn plain_http<'a>(
        &self,
        header: impl Fn(&'static str) -> Option<&'a [u8]>,
    ) -> Option<PlainHttp> {
        PlainHttp::of(self.cookie_name(), header)
    }

    /// Begins the exchange of a request. It copies the Cookie headers; it reads no cookie and asks no store.
    ///
    /// Dropped without a [close](Self::close), an exchange freezes its session: nothing is stored or sent.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = backend.exchange(&http::HeaderMap::new());
    /// let slot = backend.slot::<()>(&exchange);
    /// drop(exchange); // the client hung up
    /// assert_eq!(slot.open().await.unwrap_err(), Error::TooLate);
    /// # }
    /// ```
    #[must_use]
    pub fn exchange(&self, request: &HeaderMap) -> Exchange {
        self.exchange_of(request.get_all(COOKIE).iter().cloned())
    }

    /// Begins the exchange of a request from the values of all its Cookie headers: for a framework with header types of
    /// its own.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = backend.exchange_of("__Host-session=forged".parse());
    /// assert!(backend.open(&exchange).await.unwrap().rejected().is_some());
    /// # }
    /// ```
    #[must_use]
    pub fn exchange_of(&self, cookies: impl IntoIterator<Item = HeaderValue>) -> Exchange {
        match &self.kind {
            Kind::Cookies(sessions) => sessions.exchange_of(cookies),
            Kind::Stored(sessions, _) => sessions.exchange_of(cookies),
        }
    }

    /// Returns the handle that goes with the request and opens its session.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{SessionBackend, SessionSlot};
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// # let mut request = http::Request::new(());
    /// let exchange = backend.exchange(request.headers());
    /// request.extensions_mut().insert(backend.slot::<()>(&exchange));
    /// assert!(SessionSlot::<()>::find(request.extensions()).is_ok());
    /// ```
    #[must_use]
    pub fn slot<K>(&self, exchange: &Exchange) -> SessionSlot<K> {
        SessionSlot::new(exchange.opener(), self.driver().cloned(), self.layer)
    }

    /// Opens the session of an exchange, or returns it if it is open, as [`SessionSlot::open`] does.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the session is in a store that did not answer in time.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = backend.exchange(&http::HeaderMap::new());
    /// assert!(backend.open(&exchange).await.unwrap().is_empty());
    /// # }
    /// ```
    pub async fn open(&self, exchange: &Exchange) -> Result<Session, Error> {
        self.slot::<()>(exchange).open().await
    }

    /// Closes the session of an exchange that this backend began. Await the result before the response's headers are sent.
    ///
    /// # Panics
    /// When a stored session is closed outside of a tokio runtime.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let outgoing = backend.close(backend.exchange(&http::HeaderMap::new())).await;
    /// assert!(outgoing.events().is_empty()); // no handler asked for the session
    /// # }
    /// ```
    pub fn close(&self, exchange: Exchange) -> Close {
        Close(close(exchange, self.driver()))
    }

    pub(crate) fn driver(&self) -> Option<&Arc<Driver>> {
        match &self.kind {
            Kind::Cookies(_) => None,
            Kind::Stored(_, driver) => Some(driver),
        }
    }

    /// Returns the warnings about the configuration, as [`Sessions::warnings`].
    ///
    /// ```
    /// # use session_core::Sessions;
    /// let backend = session_store::SessionBackend::new(Sessions::flask("dev").unwrap());
    /// assert!(backend.warnings()[0].to_string().starts_with("SECRET_KEY is weak"));
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        match &self.kind {
            Kind::Cookies(sessions) => sessions.warnings(),
            Kind::Stored(sessions, _) => sessions.warnings(),
        }
    }

    /// Returns the store's warnings, as [`Store::warnings`]. Sessions in cookies have none.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, SessionBackend};
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let backend = SessionBackend::stored(sessions, Arc::new(MemoryStore::new()));
    /// assert!(backend.store_warnings().is_empty());
    /// ```
    #[must_use]
    pub fn store_warnings(&self) -> Vec<String> {
        match self.driver() {
            Some(driver) => driver.store_warnings(),
            None => Vec::new(),
        }
    }

    /// Returns name, path and domain of the cookie, as [`Sessions::cookie_scope`].
    ///
    /// ```
    /// # use session_core::Sessions;
    /// let backend = session_store::SessionBackend::new(Sessions::flask("dev").unwrap());
    /// assert_eq!(backend.cookie_scope(), "session; Path=/");
    /// ```
    #[must_use]
    pub fn cookie_scope(&self) -> String {
        match &self.kind {
            Kind::Cookies(sessions) => sessions.cookie_scope(),
            Kind::Stored(sessions, _) => sessions.cookie_scope(),
        }
    }

    /// Returns the name of the cookie, as [`Sessions::cookie_name`].
    ///
    /// ```
    /// # use session_core::Sessions;
    /// let backend = session_store::SessionBackend::new(Sessions::flask("dev").unwrap());
    /// assert_eq!(backend.cookie_name(), "session");
    /// ```
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        match &self.kind {
            Kind::Cookies(sessions) => sessions.cookie_name(),
            Kind::Stored(sessions, _) => sessions.cookie_name(),
        }
    }
}

/// As [`SessionBackend::new`].
impl From<Sessions> for SessionBackend {
    fn from(sessions: Sessions) -> Self {
        Self::new(sessions)
    }
}

impl fmt::Debug for SessionBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cookies(sessions) => sessions.fmt(f),
            Kind::Stored(sessions, _) => sessions.fmt(f),
        }
    }
}
