//! Configuration as data, with Flask's names for the settings: from any serde format, from a table of a configuration file, or
//! from environment variables.

mod apply;
mod environment;
mod fields;
mod kind;
mod names;
mod secret;
mod table;
mod values;

use std::fmt;

use crate::builder::Builder;
use crate::config::fields::Fields;
use crate::error::config::{ConfigError, name_variables};
use crate::keys::ring::KeyRing;
use crate::sessions::Sessions;
use crate::stored_sessions::StoredSessions;

/// A configuration as data: from any serde format, or from environment variables.
///
/// A setting that Flask has, has Flask's name here. The others are marked *own*; [`Builder`] describes each of them. A setting
/// that is absent or `null` keeps the default of the format that is built: [`build`](Self::build) builds our own format,
/// [`build_flask`](Self::build_flask) Flask's.
///
/// | name | value |
/// |---|---|
/// | `SECRET_KEY` | text: its UTF-8 bytes are the key |
/// | `SECRET_KEY_FALLBACKS` | list of texts: keys that only verify |
/// | `SESSION_VERIFY_ONLY_KEYS` | own: list of `{"key": text, "until": unix seconds}`: keys that only verify, until that second |
/// | `SESSION_COOKIE_NAME` | text: `shop` is `__Host-shop` in our own format, and `shop` in Flask's; with another [`Prefix`](crate::Prefix): `__Secure-shop` |
/// | `SESSION_COOKIE_DOMAIN` | host name: a leading dot and a port are removed, as in Flask; `false`: no domain |
/// | `SESSION_COOKIE_PATH` | path: percent-encoded where necessary; if it is empty, `APPLICATION_ROOT` |
/// | `SESSION_COOKIE_SECURE`, `SESSION_COOKIE_HTTPONLY` | true or false. For plain HTTP in our own format: `SESSION_INSECURE_PLAIN_HTTP` |
/// | `SESSION_COOKIE_SAMESITE` | `Strict`, `Lax` or `None`, in upper or lower case |
/// | `SESSION_COOKIE_PARTITIONED` | true or false; true implies Secure |
/// | `PERMANENT_SESSION_LIFETIME` | seconds, with or without a fraction: the idle lifetime of all sessions; beside `SESSION_IDLE_LIFETIME`, of permanent sessions only |
/// | `SESSION_IDLE_LIFETIME` | own: seconds: the idle lifetime of sessions that are not permanent |
/// | `SESSION_ANONYMOUS_LIFETIME` | own: seconds: [`Builder::anonymous_lifetime`] |
/// | `SESSION_REFRESH_EACH_REQUEST` | true: [`Refresh::EachRequest`](crate::Refresh::EachRequest); false: [`Refresh::Never`](crate::Refresh::Never) |
/// | `MAX_COOKIE_SIZE` | bytes of the whole `Set-Cookie` header; 0: no limit |
/// | `SESSION_PERMANENT` | own: true or false: [`Builder::permanent`] |
/// | `SESSION_ABSOLUTE_LIFETIME` | own: seconds: [`Builder::absolute_lifetime`] |
/// | `SESSION_NOT_CREATED_BEFORE` | own: unix seconds: [`Builder::not_created_before`] |
/// | `SESSION_EPOCH` | own: 0 to 65535: [`Builder::epoch`] |
/// | `SESSION_RENAMED_FROM` | own: `{"name": text, "renamed": unix seconds}`, and `domain` and `path` if the cookie had them: [`PreviousCookie`](crate::PreviousCookie) |
/// | `SESSION_ENCRYPTED` | own (feature `encryption`): true or false: `Builder::encrypted` |
/// | `SESSION_PADDING` | own (feature `encryption`): bytes: `Builder::padding` |
/// | `SESSION_ACCEPT_SIGNED_UNTIL`, `SESSION_ACCEPT_ENCRYPTED_UNTIL` | own (feature `encryption`): unix seconds: `Builder::accept_signed_until` |
/// | `SESSION_CONTEXT` | own: text: [`Builder::context`] |
/// | `SESSION_SALT` | own: text: [`Builder::salt`] |
/// | `SESSION_DIGEST` | own: `sha1`, `sha256` or `sha512`: [`Builder::digest`] |
/// | `SESSION_CACHE_HEADERS` | own: true or false: [`Builder::cache_headers`] |
/// | `SESSION_CLEAR_SITE_DATA` | own: true or false: [`Builder::clear_site_data`] |
/// | `SESSION_INSECURE_PLAIN_HTTP` | own: true or false: [`Builder::insecure_plain_http`] |
/// | `SESSION_WARNINGS_ARE_ERRORS` | own: true or false: [`Builder::warnings_are_errors`] |
///
/// Where true or false is meant, 1 is true and 0 is false. Names are in upper or in lower case, except those of environment
/// variables, which are in upper case.
///
/// An unknown setting is an error, which names the nearest one. Each name that begins with `SESSION_` must be a setting, and each
/// that differs in two characters or fewer from `SECRET_KEY_FALLBACKS`, `PERMANENT_SESSION_LIFETIME` or `MAX_COOKIE_SIZE`. Other
/// names are ignored, so the configuration of a Flask application can be used. The settings of the extension Flask-Session are
/// errors, since its sessions on the server cannot be shared.
///
/// A `Config` wipes its keys when it is dropped, and does not print them. It cannot wipe the environment itself, the text of a
/// file, or the buffers of the reader of a serde format.
///
/// ```
/// let config: session_core::Config = serde_json::from_str(
///     r#"{"SECRET_KEY": "dev", "SESSION_COOKIE_SECURE": true, "SESSION_COOKIE_SAMESITE": "lax", "DEBUG": false}"#,
/// ).unwrap();
/// let sessions = config.build_flask().unwrap();
/// assert_eq!(sessions.cookie_name(), "session");
/// ```
#[derive(Default)]
pub struct Config {
    fields: Fields,
    /// What stands before each name in the environment, such as `SHOP_`; else empty.
    prefix: String,
}

impl Config {
    /// Builds sessions in our own format.
    ///
    /// # Errors
    /// [`ConfigError`] as [`builder`](Self::builder) and [`Builder::build`].
    ///
    /// ```
    /// # use session_core::{Config, SecretKey};
    /// # let key = SecretKey::generate().unwrap();
    /// # let key = std::str::from_utf8(key.expose()).unwrap();
    /// let vars = [("SECRET_KEY", key), ("SESSION_COOKIE_NAME", "__Host-id")]
    ///     .map(|(name, text)| (name.to_owned(), text.to_owned()));
    /// let config = Config::from_vars("", vars).unwrap();
    /// assert_eq!(config.build().unwrap().cookie_name(), "__Host-id");
    /// ```
    pub fn build(self) -> Result<Sessions, ConfigError> {
        self.builder()?.build()
    }

    /// Builds sessions in Flask's format.
    ///
    /// # Errors
    /// [`ConfigError`] as [`flask_builder`](Self::flask_builder) and [`Builder::build`].
    ///
    /// ```
    /// # use session_core::Config;
    /// let json = r#"{"SECRET_KEY": "dev", "SESSION_COOKIE_NAME": "shop", "DEBUG": true}"#;
    /// let config: Config = serde_json::from_str(json).unwrap();
    /// let sessions = config.build_flask().unwrap();
    /// assert!(sessions.is_flask() && sessions.cookie_name() == "shop");
    /// ```
    pub fn build_flask(self) -> Result<Sessions, ConfigError> {
        self.flask_builder()?.build()
    }

    /// Builds sessions in a store, whose cookie holds an id. The store is given to the adapter beside them.
    ///
    /// # Errors
    /// [`ConfigError`] as [`builder`](Self::builder) and [`Builder::build_stored`].
    ///
    /// ```
    /// # use session_core::{Config, SecretKey};
    /// # let key = SecretKey::generate().unwrap();
    /// # let key = std::str::from_utf8(key.expose()).unwrap();
    /// let vars = [("SHOP_SECRET_KEY", key), ("SHOP_SESSION_COOKIE_NAME", "shop")]
    ///     .map(|(name, text)| (name.to_owned(), text.to_owned()));
    /// let sessions = Config::from_vars("SHOP", vars).unwrap().build_stored().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-shop");
    /// ```
    pub fn build_stored(self) -> Result<StoredSessions, ConfigError> {
        self.builder()?.build_stored()
    }

    /// Returns a builder of our own format with these settings, for further settings in code.
    ///
    /// # Errors
    /// [`ConfigError`] when `SECRET_KEY` is missing or weak, when one of the keys that only verify is weak, and for a value
    /// with no meaning, such as an unknown `SESSION_COOKIE_SAMESITE`.
    ///
    /// ```
    /// # use session_core::{Config, ConfigError, Weakness};
    /// let config: Config = serde_json::from_str(r#"{"SECRET_KEY": "dev"}"#).unwrap();
    /// assert_eq!(config.builder().unwrap_err(), ConfigError::WeakKey(Weakness::Short(3)));
    /// ```
    pub fn builder(self) -> Result<Builder, ConfigError> {
        let Self { fields, prefix } = self;
        let keys = fields.keys();
        // Before the other settings: the key is what is missing most often.
        name_variables(keys.check(false), &prefix)?;
        let builder = Builder::new(keys).variables(&prefix);
        name_variables(fields.apply(builder), &prefix)
    }

    /// Returns a builder of Flask's format with these settings, for further settings in code.
    ///
    /// # Errors
    /// [`ConfigError`] for a value with no meaning, such as an unknown `SESSION_COOKIE_SAMESITE`. A missing `SECRET_KEY` is an
    /// error of [`Builder::build`].
    ///
    /// ```
    /// # use session_core::{Config, testing};
    /// let json = r#"{"SECRET_KEY": "dev", "SESSION_COOKIE_SECURE": true}"#;
    /// let config: Config = serde_json::from_str(json).unwrap();
    /// let cookie = testing::set_cookie(config.flask_builder().unwrap().cookie_name("shop"));
    /// assert!(cookie.starts_with("shop=") && cookie.contains("; Secure"));
    /// ```
    pub fn flask_builder(self) -> Result<Builder, ConfigError> {
        let Self { fields, prefix } = self;
        let builder = Builder::flask(fields.keys()).variables(&prefix);
        name_variables(fields.apply(builder), &prefix)
    }

    /// Returns the keys, to replace those of a running process when its configuration is read again.
    ///
    /// [`Sessions::set_keys`] and [`Builder::build`] check that there is a key and that it is strong enough.
    ///
    /// ```
    /// # use session_core::{Config, ConfigError, Sessions};
    /// let config = |json: &str| serde_json::from_str::<Config>(json).unwrap();
    /// let sessions = config(r#"{"SECRET_KEY": "old"}"#).build_flask().unwrap();
    /// let again = config(r#"{"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": ["old"]}"#);
    /// assert!(sessions.set_keys(again.keys()).is_ok());
    /// assert_eq!(sessions.set_keys(config("{}").keys()).unwrap_err(), ConfigError::NoKey);
    /// ```
    #[must_use]
    pub fn keys(&self) -> KeyRing {
        self.fields.keys()
    }
}

impl fmt::Debug for Config {
    /// Shows no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("session_cookie_name", &self.fields.session_cookie_name)
            .finish_non_exhaustive()
    }
}
