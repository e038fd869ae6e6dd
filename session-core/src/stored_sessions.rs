//! Sessions in a store: the configuration, and the way to begin an exchange.

use std::fmt;
use std::sync::Arc;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::error::config::{ConfigError, Warning};
use crate::exchange::Exchange;
use crate::keys::ring::KeyRing;
use crate::record::base::Decoded;
use crate::record::store::Record;
use crate::record_key::RecordKey;
use crate::settings::Settings;

/// Sessions in a store, configured and validated once; the cookie holds an id. Cheap to clone.
///
/// Built by [`Builder::build_stored`](crate::Builder::build_stored). Sessions are opened and closed
/// in an [exchange](Self::exchange) only, since both may need the store. The core decides what to
/// request of the store and what the replies mean; the adapter carries the requests to a store.
///
/// Two concurrent requests that write lose nothing: the changes of the later one are made again on
/// what the earlier one left. A session that was cleared stays dead, even if a browser still has
/// its id, or another request is about to write to it.
///
/// ```
/// use session_core::{protocol::{StoreRequest, Step}, SecretKey, Sessions};
///
/// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// let exchange = sessions.exchange(&http::HeaderMap::new());
/// let session = exchange.open().done().unwrap()?; // no cookie, so no store is needed
/// session.insert("a", 1)?;
/// let Step::Pending(pending) = exchange.close() else { unreachable!() };
/// assert!(matches!(pending.request(), StoreRequest::Insert { .. }));
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone)]
pub struct StoredSessions(Arc<Settings>);

impl StoredSessions {
    pub(crate) fn new(settings: Settings) -> Result<Self, ConfigError> {
        crate::stored::id_cookie::check_cookie(&settings)?;
        Ok(Self(settings.into()))
    }

    /// Begins an exchange: one request and its response. Holds handles of the Cookie headers, and
    /// needs no store yet.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let exchange = sessions.exchange(&http::HeaderMap::new());
    /// assert!(exchange.close().done().is_some()); // the session was not opened, so no store is needed
    /// ```
    #[must_use]
    pub fn exchange(&self, request: &HeaderMap) -> Exchange {
        self.exchange_of(request.get_all(COOKIE).iter().cloned())
    }

    /// Begins an exchange from the values of all Cookie headers, as
    /// [`Sessions::exchange_of`](crate::Sessions::exchange_of).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let exchange = sessions.exchange_of([]);
    /// assert!(exchange.open().done().unwrap().unwrap().is_empty()); // no cookie, so no store is needed
    /// ```
    #[must_use]
    pub fn exchange_of(&self, cookies: impl IntoIterator<Item = HeaderValue>) -> Exchange {
        Exchange::new(self.0.clone(), cookies.into_iter())
    }

    /// Replaces all keys from now on, as [`Sessions::set_keys`](crate::Sessions::set_keys) does.
    ///
    /// Returns what is doubtful about the new keys. An id that an old key signed is replaced, as by
    /// a renewal, when its session is next written or extended. An encrypted record needs the key
    /// that it was encrypted with until then.
    ///
    /// # Errors
    /// [`ConfigError`], as [`Builder::build_stored`](crate::Builder::build_stored). The keys then
    /// stay as they were.
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

    /// Returns what is doubtful about the configuration, to be logged once at start.
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

    /// Returns the time of the application's clock in unix seconds, which every request to a store
    /// carries.
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

    /// Returns the content of a record as JSON, as our signed cookies hold it: an object or, while flashes are pending, an
    /// array of the object and the flashes. For an operator's tool: no id is checked, nor whether the session has expired.
    ///
    /// `None` if the record cannot be read: it is [encrypted](Record::is_encrypted) with another key or under another record's
    /// key, it is plain where this configuration encrypts, or it is damaged.
    ///
    /// ```
    /// use session_core::protocol::{Step, StoreRequest};
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let exchange = sessions.exchange(&http::HeaderMap::new());
    /// # let session = exchange.open().done().unwrap().unwrap();
    /// session.insert("a", 1).unwrap();
    /// let Step::Pending(pending) = exchange.close() else { unreachable!() };
    /// let StoreRequest::Insert { key, record, .. } = pending.request() else { unreachable!() };
    /// assert_eq!(sessions.record_content(*key, record).as_deref(), Some(r#"{"a":1}"#));
    /// ```
    #[must_use]
    pub fn record_content(&self, key: RecordKey, record: &Record) -> Option<String> {
        let keys = self.0.keys();
        let (_, map) = Decoded::read(&keys.records, key, record.clone(), self.now())?;
        let mut json = String::new();
        map.write_ours(&mut json);
        Some(json)
    }

    /// Returns the name of the cookie, with its prefix.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).cookie_name("shop").build_stored().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-shop");
    /// ```
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.0.cookie.name
    }

    /// Returns what tells the cookie apart from others in a browser, as [`Sessions::cookie_scope`](crate::Sessions::cookie_scope).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// assert_eq!(sessions.cookie_scope(), "__Host-session; Path=/");
    /// ```
    #[must_use]
    pub fn cookie_scope(&self) -> String {
        self.0.cookie_scope()
    }

    /// Returns a number that this value shares with its clones, as [`Sessions::instance`](crate::Sessions::instance).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// assert_eq!(sessions.instance(), sessions.clone().instance());
    /// ```
    #[must_use]
    pub fn instance(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
