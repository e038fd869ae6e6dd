//! Configured once: sessions that live in a store.

use std::fmt;
use std::sync::Arc;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::error::config::{ConfigError, Warning};
use crate::exchange::Exchange;
use crate::keys::ring::KeyRing;
use crate::settings::Settings;

/// Sessions in a store, configured and validated once; the cookie holds an id. Cheap to clone.
///
/// From [`Builder::build_stored`](crate::Builder::build_stored). There is one door only, the [exchange](Self::exchange),
/// since opening and closing ask the store. What is asked and how the answers are used stands in the core; who carries
/// the questions to which store is up to the adapter.
///
/// Two requests that write at once lose nothing: the later one's changes are made again on what the earlier one left. A
/// session that was cleared stays dead, whoever still holds its id or is about to write to it.
///
/// ```
/// use session_core::{protocol::{StoreRequest, Step}, SecretKey, Sessions};
///
/// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// let exchange = sessions.exchange(&http::HeaderMap::new());
/// let session = exchange.open().done().unwrap()?; // no cookie, no question
/// session.insert("a", 1)?;
/// let Step::Pending(ask) = exchange.close() else { unreachable!() };
/// assert!(matches!(ask.question(), StoreRequest::Insert { .. }));
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone)]
pub struct StoredSessions(Arc<Settings>);

impl StoredSessions {
    pub(crate) fn new(settings: Settings) -> Result<Self, ConfigError> {
        crate::stored::id_cookie::check_cookie(&settings)?;
        Ok(Self(settings.into()))
    }

    /// Begins an exchange, one request and its response. Keeps handles of the Cookie headers; asks nothing.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let exchange = sessions.exchange(&http::HeaderMap::new());
    /// assert!(exchange.close().done().is_some()); // nobody asked for the session, so no store is asked
    /// ```
    #[must_use]
    pub fn exchange(&self, request: &HeaderMap) -> Exchange {
        self.exchange_of(request.get_all(COOKIE).iter().cloned())
    }

    /// The same from the values of all Cookie headers, as [`Sessions::exchange_of`](crate::Sessions::exchange_of).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let exchange = sessions.exchange_of([]);
    /// assert!(exchange.open().done().unwrap().unwrap().is_empty()); // no cookie, so no store is asked
    /// ```
    #[must_use]
    pub fn exchange_of(&self, cookies: impl IntoIterator<Item = HeaderValue>) -> Exchange {
        Exchange::new(self.0.clone(), cookies.into_iter())
    }

    /// Replaces all keys from now on, as [`Sessions::set_keys`](crate::Sessions::set_keys) does.
    ///
    /// An id that an old key signed is replaced, as by a renewal, when its session is next written or extended. An encrypted
    /// record needs the key that it was encrypted with until then.
    ///
    /// # Errors
    /// [`ConfigError`] as [`Builder::build_stored`](crate::Builder::build_stored): the keys stay as they were.
    ///
    /// ```
    /// # use session_core::{KeyRing, SecretKey, Sessions};
    /// # let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    /// let sessions = Sessions::builder(old.clone()).build_stored().unwrap();
    /// assert!(sessions.set_keys(KeyRing::new(new).verify_only(old)).unwrap().is_empty()); // nothing doubtful
    /// ```
    pub fn set_keys(&self, keys: impl Into<KeyRing>) -> Result<Vec<Warning>, ConfigError> {
        self.0.set_keys(&keys.into())
    }

    /// What is doubtful about the configuration, to be told once at start.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, Warning};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).insecure_plain_http().build_stored().unwrap();
    /// assert_eq!(sessions.warnings(), [Warning::PlainHttp]);
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// The application's clock, in unix seconds: the time that every question to a store carries.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// assert!(sessions.now() > 1_700_000_000);
    /// ```
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.now().as_secs()
    }

    /// The name of the cookie, prefix and all.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).cookie_name("shop").build_stored().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-shop");
    /// ```
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        self.0.cookie.name()
    }
}

impl fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
