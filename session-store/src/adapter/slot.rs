//! The handle that an adapter puts into a request.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::Extensions;
use session_core::protocol::{LazySession, Step};
use session_core::{Error, Session};

use crate::adapter::driver::Driver;
use crate::adapter::missing::MissingLayer;

/// Opens the request's session that is marked with `K`. An adapter puts it into the request's extensions, or into what its
/// framework has instead. Cheap to clone. Made by [`SessionBackend::slot`](crate::SessionBackend::slot).
///
/// `K` is `()` for the only session of an application, and any type of the application for each further one.
///
/// ```
/// use http::{Extensions, HeaderMap};
/// use session_core::{SecretKey, Sessions};
/// use session_store::{SessionBackend, SessionSlot};
///
/// struct Admin;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
/// let exchange = backend.exchange(&HeaderMap::new());
/// let mut extensions = Extensions::new();
/// extensions.insert(backend.slot::<Admin>(&exchange));
///
/// assert!(SessionSlot::<Admin>::find(&extensions).unwrap().open().await.unwrap().is_empty());
/// assert!(SessionSlot::<()>::find(&extensions).is_err());
/// # }
/// ```
pub struct SessionSlot<K> {
    lazy: LazySession,
    // Absent for a session in a cookie, which asks no store.
    driver: Option<Arc<Driver>>,
    marker: PhantomData<fn() -> K>,
}

impl<K> SessionSlot<K> {
    pub(crate) fn new(lazy: LazySession, driver: Option<Arc<Driver>>) -> Self {
        Self {
            lazy,
            driver,
            marker: PhantomData,
        }
    }

    /// Opens the session, or returns it if it is open.
    ///
    /// # Errors
    /// [`Error::TooLate`] when the exchange was closed or dropped before the session was open. [`Error::Unavailable`] when
    /// the session is in a store that did not answer in time.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = backend.exchange(&http::HeaderMap::new());
    /// let slot = backend.slot::<()>(&exchange);
    /// assert!(slot.open().await.unwrap().is_empty());
    /// backend.close(exchange).await;
    /// assert_eq!(slot.open().await.unwrap_err(), Error::TooLate); // the response can no longer say `Vary`
    /// # }
    /// ```
    pub async fn open(&self) -> Result<Session, Error> {
        self.opened(self.lazy.open()).await
    }

    /// Opens the session for a handler that works without it. If the store does not answer, the session is empty, takes no
    /// change, and [is unavailable](Session::is_unavailable).
    ///
    /// # Errors
    /// [`Error::TooLate`], as [`open`](Self::open).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = backend.exchange(&http::HeaderMap::new());
    /// let session = backend.slot::<()>(&exchange).open_best_effort().await.unwrap();
    /// assert!(!session.is_unavailable());
    /// # }
    /// ```
    pub async fn open_best_effort(&self) -> Result<Session, Error> {
        self.opened(self.lazy.open_best_effort()).await
    }

    async fn opened(&self, step: Step<Result<Session, Error>>) -> Result<Session, Error> {
        match (step, &self.driver) {
            (Step::Done(opened), _) => opened,
            // Boxed: a handler's future has the size of everything that it may await, also where it is never awaited.
            (step, Some(driver)) => Box::pin(driver.drive(step)).await,
            // Only a stored session asks a store, and its backend has a driver.
            (Step::Pending(_), None) => Err(Error::Unavailable),
        }
    }
}

impl<K: 'static> SessionSlot<K> {
    /// Returns the slot that an adapter put here.
    ///
    /// # Errors
    /// [`MissingLayer`] when no adapter did. It knows what the developer has to add.
    ///
    /// ```
    /// # use session_store::SessionSlot;
    /// assert!(SessionSlot::<()>::find(&http::Extensions::new()).is_err());
    /// ```
    pub fn find(extensions: &Extensions) -> Result<&Self, MissingLayer> {
        extensions.get().ok_or_else(MissingLayer::of::<K>)
    }
}

impl<K> Clone for SessionSlot<K> {
    fn clone(&self) -> Self {
        Self::new(self.lazy.clone(), self.driver.clone())
    }
}

impl<K> fmt::Debug for SessionSlot<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionSlot").field(&self.lazy).finish()
    }
}
