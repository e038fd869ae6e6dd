//! One request and its response, over the core's exchange: the same for sessions in cookies and in a store.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use session_core::{
    Error, Session, Sessions, StoredSessions, Warning,
    protocol::{Outgoing, Step},
};
use tokio::runtime::Handle;

use crate::adapter::driver::Driver;
use crate::contract::store::Store;

/// Where an application's sessions are: what an adapter's layer holds. Cheap to clone.
///
/// ```
/// use std::sync::Arc;
/// use session_core::{SecretKey, Sessions};
/// use session_store::{MemoryStore, SessionBackend};
///
/// let key = SecretKey::generate().unwrap();
/// let cookies = SessionBackend::new(Sessions::new(key.clone()));
/// let stored = SessionBackend::stored(Sessions::builder(key).build_stored().unwrap(), Arc::new(MemoryStore::new()));
/// assert_eq!(cookies.cookie_name(), stored.cookie_name());
/// ```
#[derive(Clone)]
pub struct SessionBackend(Kind);

#[derive(Clone)]
enum Kind {
    Cookies(Sessions),
    Stored(StoredSessions, Arc<Driver>),
}

impl SessionBackend {
    /// Sessions in their cookies.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// let source = session_store::SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// assert!(source.warnings().is_empty());
    /// ```
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self(Kind::Cookies(sessions))
    }

    /// Sessions in a store. Its exchanges need a tokio runtime with time and, to be closed, one that is entered.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, SessionBackend};
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let source = SessionBackend::stored(sessions, Arc::new(MemoryStore::new()));
    /// assert_eq!(source.cookie_name(), "__Host-session");
    /// ```
    #[must_use]
    pub fn stored(sessions: StoredSessions, store: Arc<dyn Store>) -> Self {
        Self(Kind::Stored(sessions, Arc::new(Driver::new(store))))
    }

    /// Begins an exchange: nothing is read, nobody is asked.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange(&http::HeaderMap::new());
    /// let session = exchange.opener().open().await.unwrap();
    /// session.insert("a", 1).unwrap();
    /// let mut response = http::HeaderMap::new();
    /// exchange.close().await.apply(&mut response).unwrap();
    /// assert!(response.contains_key("set-cookie"));
    /// # }
    /// ```
    #[must_use]
    pub fn exchange(&self, request: &HeaderMap) -> Exchange {
        self.exchange_of(request.get_all(COOKIE).iter().cloned())
    }

    /// The same from the values of all Cookie headers: for a framework with other header types.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange_of("__Host-session=forged".parse());
    /// assert!(exchange.opener().open().await.unwrap().rejected().is_some());
    /// # }
    /// ```
    #[must_use]
    pub fn exchange_of(&self, cookies: impl IntoIterator<Item = HeaderValue>) -> Exchange {
        match &self.0 {
            Kind::Cookies(sessions) => Exchange {
                exchange: sessions.exchange_of(cookies),
                driver: None,
            },
            Kind::Stored(sessions, driver) => Exchange {
                exchange: sessions.exchange_of(cookies),
                driver: Some(driver.clone()),
            },
        }
    }

    /// As [`Sessions::warnings`].
    ///
    /// ```
    /// # use session_core::Sessions;
    /// let source = session_store::SessionBackend::new(Sessions::flask("dev").unwrap());
    /// assert!(source.warnings()[0].to_string().starts_with("SECRET_KEY is weak"));
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        match &self.0 {
            Kind::Cookies(sessions) => sessions.warnings(),
            Kind::Stored(sessions, _) => sessions.warnings(),
        }
    }

    /// As [`Store::warnings`]; none for sessions in cookies.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, SessionBackend};
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let source = SessionBackend::stored(sessions, Arc::new(MemoryStore::new()));
    /// assert!(source.store_warnings().is_empty());
    /// ```
    #[must_use]
    pub fn store_warnings(&self) -> Vec<String> {
        match &self.0 {
            Kind::Cookies(_) => Vec::new(),
            Kind::Stored(_, driver) => driver.store_warnings(),
        }
    }

    /// As [`Sessions::cookie_name`].
    ///
    /// ```
    /// # use session_core::Sessions;
    /// let source = session_store::SessionBackend::new(Sessions::flask("dev").unwrap());
    /// assert_eq!(source.cookie_name(), "session");
    /// ```
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        match &self.0 {
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
        match &self.0 {
            Kind::Cookies(sessions) => sessions.fmt(f),
            Kind::Stored(sessions, _) => sessions.fmt(f),
        }
    }
}

/// The core's [`Exchange`](session_core::protocol::Exchange), and who carries its questions.
///
/// Dropped unclosed it freezes its session and forgets it. See [`SessionBackend::exchange`].
pub struct Exchange {
    exchange: session_core::protocol::Exchange,
    driver: Option<Arc<Driver>>,
}

impl Exchange {
    /// A handle for the request.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange(&http::HeaderMap::new());
    /// let opener = exchange.opener();
    /// drop(exchange); // the client hung up
    /// assert_eq!(opener.open().await.unwrap_err(), Error::TooLate);
    /// # }
    /// ```
    #[must_use]
    pub fn opener(&self) -> LazySession {
        LazySession {
            opener: self.exchange.opener(),
            driver: self.driver.clone(),
        }
    }

    /// Drops what the request did to its session, where there will be a response all the same: see
    /// [`Exchange::discard_changes`](session_core::protocol::Exchange::discard_changes).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange(&http::HeaderMap::new());
    /// exchange.opener().open().await.unwrap().insert("half", 1).unwrap();
    /// exchange.discard_changes(); // the handler panicked; an error page is made
    /// let mut response = http::HeaderMap::new();
    /// exchange.close().await.apply(&mut response).unwrap();
    /// assert!(response.contains_key("vary") && !response.contains_key("set-cookie"));
    /// # }
    /// ```
    pub fn discard_changes(&self) {
        self.exchange.discard_changes();
    }

    /// Closes the session. What is returned is to be awaited; dropped before it has ended, the work goes on by itself: a client
    /// that hangs up in the middle of its logout is logged out.
    ///
    /// # Panics
    /// With a store, outside of a tokio runtime.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let outgoing = source.exchange(&http::HeaderMap::new()).close().await;
    /// assert!(outgoing.events().is_empty()); // nobody asked for the session
    /// # }
    /// ```
    pub fn close(self) -> Close {
        match self.close_now() {
            Ok(outgoing) => Close(Closing::Done(Some(outgoing))),
            Err(close) => close,
        }
    }

    /// What goes out, if it is known at once: a cookie always is. It is large, so whoever need not keep it asks for it here.
    pub(crate) fn close_now(self) -> Result<Outgoing, Close> {
        match (self.exchange.close(), self.driver) {
            (Step::Done(outgoing), _) => Ok(outgoing),
            (step, Some(driver)) => {
                let work: Work = Box::pin(async move { driver.drive(step).await });
                Err(Close(Closing::Asking(Asking {
                    work: Some(work),
                    runtime: Handle::current(),
                })))
            }
            // Sessions in cookies ask nobody.
            (Step::Pending(_), None) => Ok(Outgoing::failed(Error::Unavailable)),
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.fmt(f)
    }
}

/// The core's [`LazySession`](session_core::protocol::LazySession), and who carries its question. Cheap to clone. See [`Exchange::opener`].
#[derive(Clone)]
pub struct LazySession {
    opener: session_core::protocol::LazySession,
    driver: Option<Arc<Driver>>,
}

impl LazySession {
    /// Opens the session, the first time; later the same one.
    ///
    /// # Errors
    /// [`Error::TooLate`] when the exchange was closed or dropped before the session was there. [`Error::Unavailable`] when it
    /// is in a store that gave no answer in time.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange(&http::HeaderMap::new());
    /// let opener = exchange.opener();
    /// assert!(opener.open().await.unwrap().is_empty());
    /// exchange.close().await;
    /// assert_eq!(opener.open().await.unwrap_err(), Error::TooLate); // the response could not say `Vary` any more
    /// # }
    /// ```
    pub async fn open(&self) -> Result<Session, Error> {
        match (self.opener.open(), &self.driver) {
            (Step::Done(opened), _) => opened,
            (step, Some(driver)) => Box::pin(driver.drive(step)).await,
            (Step::Pending(_), None) => Err(Error::Unavailable),
        }
    }

    /// The same for a handler that can do without: an empty session that takes no change and says
    /// [so](Session::is_unavailable), if the store gave no answer.
    ///
    /// # Errors
    /// [`Error::TooLate`], as [`open`](Self::open).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange(&http::HeaderMap::new());
    /// assert!(!exchange.opener().open_best_effort().await.unwrap().is_unavailable());
    /// # }
    /// ```
    pub async fn open_best_effort(&self) -> Result<Session, Error> {
        match (self.opener.open_best_effort(), &self.driver) {
            (Step::Done(opened), _) => opened,
            (step, Some(driver)) => Box::pin(driver.drive(step)).await,
            (Step::Pending(_), None) => Err(Error::Unavailable),
        }
    }
}

impl fmt::Debug for LazySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.opener.fmt(f)
    }
}

/// A close under way: a future of what is to be sent. Dropped before that, it goes on by itself. See [`Exchange::close`].
#[must_use = "what it gives is to be applied to the response"]
#[derive(Debug)]
pub struct Close(Closing);

#[derive(Debug)]
enum Closing {
    Done(Option<Outgoing>),
    Asking(Asking),
}

type Work = Pin<Box<dyn Future<Output = Outgoing> + Send>>;

/// Runs in the task that waits for it: a task of its own would wake another thread, which costs a write to a file half of
/// its time. It gets one when nobody waits any more.
struct Asking {
    work: Option<Work>,
    runtime: Handle,
}

impl Future for Close {
    type Output = Outgoing;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outgoing> {
        match &mut self.0 {
            Closing::Done(outgoing) => Poll::Ready(outgoing.take().unwrap_or_default()),
            Closing::Asking(asking) => asking.poll(context),
        }
    }
}

impl Asking {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Outgoing> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(Outgoing::default());
        };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        // A store that panicked gave no answer.
        let outgoing =
            ready!(polled.unwrap_or_else(|_| Poll::Ready(Outgoing::failed(Error::Unavailable))));
        self.work = None;
        Poll::Ready(outgoing)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.runtime.spawn(work);
        }
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").finish_non_exhaustive()
    }
}
