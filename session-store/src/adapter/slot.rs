//! What an adapter puts into a request, once for each kind of session.

use std::any::type_name;
use std::marker::PhantomData;

use http::Extensions;

use crate::adapter::backend::LazySession;

/// The opener of the session that is marked with `K`: what stands in a request's extensions, or in whatever a framework
/// has instead. `K` is `()` for the only session of an application, and any type of the application's for others.
///
/// ```
/// use http::{Extensions, HeaderMap};
/// use session_core::{SecretKey, Sessions};
/// use session_store::{SessionSlot, SessionBackend};
///
/// struct Admin;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
/// let exchange = source.exchange(&HeaderMap::new());
/// let mut extensions = Extensions::new();
/// extensions.insert(SessionSlot::<Admin>::new(exchange.opener()));
///
/// assert!(SessionSlot::<Admin>::find(&extensions).unwrap().opener().open().await.unwrap().is_empty());
/// let missing = SessionSlot::<()>::find(&extensions).unwrap_err();
/// assert_eq!(missing.line("SessionLayer::new(sessions)"), "SessionLayer::new(sessions)");
/// # }
/// ```
#[derive(Debug)]
pub struct SessionSlot<K>(LazySession, PhantomData<fn() -> K>);

impl<K> Clone for SessionSlot<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K: 'static> SessionSlot<K> {
    /// A door to this session.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{SessionSlot, SessionBackend};
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let door = SessionSlot::<()>::new(source.exchange(&http::HeaderMap::new()).opener());
    /// # let _ = door;
    /// ```
    #[must_use]
    pub fn new(opener: LazySession) -> Self {
        Self(opener, PhantomData)
    }

    /// The one that an adapter put here.
    ///
    /// # Errors
    /// [`Missing`] when none did: the adapter's message for the developer is made from it.
    ///
    /// ```
    /// # use session_store::SessionSlot;
    /// assert!(SessionSlot::<()>::find(&http::Extensions::new()).is_err());
    /// ```
    pub fn find(extensions: &Extensions) -> Result<&Self, Missing> {
        extensions.get().ok_or_else(Missing::of::<K>)
    }

    /// What opens the session.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{SessionSlot, SessionBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let source = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let exchange = source.exchange(&http::HeaderMap::new());
    /// let door = SessionSlot::<()>::new(exchange.opener());
    /// assert!(door.opener().open().await.is_ok());
    /// # }
    /// ```
    #[must_use]
    pub fn opener(&self) -> &LazySession {
        &self.0
    }
}

/// A handler asked for a session that nobody provides.
///
/// ```
/// struct Admin;
/// let missing = session_store::Missing::of::<Admin>();
/// assert_eq!(missing.line("SessionLayer::new(sessions)"), "SessionLayer::new(sessions).marked::<Admin>()");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    marked: String,
}

impl Missing {
    /// For the session that is marked with `K`.
    ///
    /// ```
    /// assert_eq!(session_store::Missing::of::<()>().line("x"), "x");
    /// ```
    #[must_use]
    pub fn of<K: 'static>() -> Self {
        let marked = match type_name::<K>() {
            "()" => String::new(),
            marker => format!(
                ".marked::<{}>()",
                marker.rsplit("::").next().unwrap_or(marker)
            ),
        };
        Self { marked }
    }

    /// What is to be added to the application, from the adapter's own constructor.
    ///
    /// ```
    /// # struct Admin;
    /// let line = session_store::Missing::of::<Admin>().line("SessionFairing::new(sessions)");
    /// assert!(line.ends_with(".marked::<Admin>()"));
    /// ```
    #[must_use]
    pub fn line(&self, constructor: &str) -> String {
        format!("{constructor}{}", self.marked)
    }
}
