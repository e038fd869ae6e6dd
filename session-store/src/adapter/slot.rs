//! The handle that an adapter puts into a request.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::Extensions;
use session_core::protocol::{LazySession, Step};
use session_core::{Error, Session};

use crate::adapter::collision;
use crate::adapter::driver::Driver;
use crate::adapter::layers;
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
    layer: LayerId,
    marker: PhantomData<fn() -> K>,
}

/// Identifies the sessions of a layer among those that exist. A slot holds what the addresses belong to, so that they are not
/// given to other sessions meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct LayerId {
    /// [`Sessions::instance`](session_core::Sessions::instance).
    pub(crate) sessions: usize,
    /// The address of the store, or 0.
    pub(crate) store: usize,
    /// The number of the cookie's scope.
    pub(crate) scope: usize,
}

/// The slots of all layers on the way of a request, from the outermost, with the names of their markers. It is in the
/// extensions only where layers may disturb each other.
#[derive(Clone, Default)]
struct OuterSlots(Vec<(Option<&'static str>, SessionSlot<()>)>);

impl<K> SessionSlot<K> {
    pub(crate) fn new(lazy: LazySession, driver: Option<Arc<Driver>>, layer: LayerId) -> Self {
        Self {
            lazy,
            driver,
            layer,
            marker: PhantomData,
        }
    }

    /// Returns the slot of this session under another marker.
    fn marked<L>(&self) -> SessionSlot<L> {
        SessionSlot::new(self.lazy.clone(), self.driver.clone(), self.layer)
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

    /// Returns the slot of an outer layer that has the same sessions. With an exchange of its own each of the two layers would
    /// set the cookie, and the changes of one would be lost.
    ///
    /// Warns about an outer layer that writes the same cookie for other sessions. Layers with other cookies are a
    /// supported use.
    pub(crate) fn outer(layer: LayerId, extensions: &Extensions) -> Option<Self> {
        let marker = layers::marker::<K>();
        let nearest = extensions.get::<Self>();
        if let Some(slot) = nearest {
            if slot.layer == layer {
                return Some(slot.clone());
            }
            if slot.layer.scope == layer.scope {
                collision::warn(layer.scope, marker, marker);
            }
        }
        // The list exists only where a second layer has put its slot.
        if nearest.is_none() && !layers::is_shared() {
            return None;
        }
        let OuterSlots(slots) = extensions.get()?;
        for (other, slot) in slots {
            if slot.layer == layer {
                return Some(slot.marked());
            }
            if slot.layer.scope == layer.scope {
                collision::warn(layer.scope, *other, marker);
            }
        }
        None
    }

    /// Puts the slot of a layer that runs now into the request's extensions.
    pub(crate) fn put(self, extensions: &mut Extensions) {
        // Almost every request has one layer. It needs no list.
        if !layers::is_shared() && extensions.get::<Self>().is_none() {
            extensions.insert(self);
            return;
        }
        let marker = layers::marker::<K>();
        let mut outer: OuterSlots = extensions.remove().unwrap_or_default();
        if let Some(replaced) = extensions.insert(self.clone()) {
            outer.0.push((marker, replaced.marked()));
        }
        outer.0.push((marker, self.marked()));
        extensions.insert(outer);
    }
}

impl<K> Clone for SessionSlot<K> {
    fn clone(&self) -> Self {
        self.marked()
    }
}

impl<K> fmt::Debug for SessionSlot<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionSlot").field(&self.lazy).finish()
    }
}
