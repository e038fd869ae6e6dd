//! Configuration by data: Flask's own key names, from any serde format or from the environment.

mod values;

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use self::values::{KeyUntil, OTHERS, RenamedFrom, SECRETS, SecretText, TEXTS};
use self::values::{
    digest, fallbacks, fallbacks_of, keys_until, keys_until_of, quote, same_site, seconds,
    secret_of, text_or_false, time, unexpected,
};
use crate::builder::Builder;
use crate::cookie::attributes::Prefix;
use crate::error::config::ConfigError;
use crate::keys::ring::KeyRing;
use crate::keys::secret::Secret;
use crate::sessions::Sessions;
use crate::token::lifetime::Refresh;

/// Settings under Flask's names; those that Flask doesn't know have names of their own. What is not set keeps the
/// default of the format that is built: [`build`](Self::build) ours, [`build_flask`](Self::build_flask) Flask's.
///
/// | name | value |
/// |---|---|
/// | `SECRET_KEY` | text, its UTF-8 bytes are the key |
/// | `SECRET_KEY_FALLBACKS` | list of texts: keys that only verify |
/// | `SESSION_VERIFY_ONLY_KEYS` | own: list of `{"key": text, "until": unix seconds}`: keys that only verify, until that second |
/// | `SESSION_COOKIE_NAME` | the name as it is sent, so `__Host-session` with its prefix |
/// | `SESSION_COOKIE_DOMAIN` | host name; a leading dot and a port are cut, as Flask does; null or false: none |
/// | `SESSION_COOKIE_PATH` | path, percent-encoded where needed; if empty, `APPLICATION_ROOT` |
/// | `SESSION_COOKIE_SECURE`, `SESSION_COOKIE_HTTPONLY` | true or false |
/// | `SESSION_COOKIE_SAMESITE` | `Strict`, `Lax`, `None` in any case; null: none |
/// | `SESSION_COOKIE_PARTITIONED` | true implies Secure |
/// | `PERMANENT_SESSION_LIFETIME` | seconds, fractions allowed: the idle lifetime of all sessions, or with `SESSION_IDLE_LIFETIME` that of permanent ones |
/// | `SESSION_IDLE_LIFETIME` | own: seconds: the idle lifetime of sessions that are not permanent |
/// | `SESSION_ANONYMOUS_LIFETIME` | own: seconds: the idle lifetime of sessions without a user, see [`Builder::anonymous_lifetime`] |
/// | `SESSION_REFRESH_EACH_REQUEST` | true: [`Refresh::EachRequest`]; false: [`Refresh::Never`] |
/// | `MAX_COOKIE_SIZE` | octets of the whole Set-Cookie; 0: off |
/// | `SESSION_PERMANENT` | own: whether new sessions are permanent |
/// | `SESSION_ABSOLUTE_LIFETIME` | own: seconds |
/// | `SESSION_NOT_CREATED_BEFORE` | own: unix seconds |
/// | `SESSION_EPOCH` | own: 0 to 65535, see [`Builder::epoch`] |
/// | `SESSION_RENAMED_FROM` | own: `{"name": text, "renamed": unix seconds}`, and `domain`, `path`: see [`PreviousCookie`](crate::PreviousCookie) |
/// | `SESSION_ENCRYPTED`, `SESSION_PADDING` | own (feature `encryption`): true or false; bytes |
/// | `SESSION_ACCEPT_SIGNED_UNTIL`, `SESSION_ACCEPT_ENCRYPTED_UNTIL` | own (feature `encryption`): unix seconds |
/// | `SESSION_CONTEXT`, `SESSION_SALT` | own: text |
/// | `SESSION_DIGEST` | own: `sha1`, `sha256` or `sha512` |
/// | `SESSION_CACHE_HEADERS`, `SESSION_CLEAR_SITE_DATA`, `SESSION_INSECURE_PLAIN_HTTP` | own: true or false |
/// | `SESSION_WARNINGS_ARE_ERRORS` | own: true or false, see [`Builder::warnings_are_errors`] |
///
/// Other names are ignored, so that a whole Flask configuration may be given; but from an environment an unknown
/// `SESSION_COOKIE_...` is an error.
///
/// Keys are wiped from what is configured here. What is not ours to wipe: the environment itself, the text of a file, and
/// what a reader of JSON or TOML keeps meanwhile.
///
/// ```
/// let config: session_core::Config = serde_json::from_str(
///     r#"{"SECRET_KEY": "dev", "SESSION_COOKIE_SECURE": true, "SESSION_COOKIE_SAMESITE": "lax", "DEBUG": false}"#,
/// ).unwrap();
/// let sessions = config.build_flask().unwrap();
/// assert_eq!(sessions.cookie_name(), "session");
/// ```
#[derive(Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct Config {
    secret_key: Option<SecretText>,
    #[serde(deserialize_with = "fallbacks")]
    secret_key_fallbacks: Vec<SecretText>,
    #[serde(deserialize_with = "keys_until")]
    session_verify_only_keys: Vec<KeyUntil>,
    session_cookie_name: Option<String>,
    #[serde(deserialize_with = "text_or_false")]
    session_cookie_domain: Option<String>,
    #[serde(deserialize_with = "text_or_false")]
    session_cookie_path: Option<String>,
    application_root: Option<String>,
    session_cookie_secure: Option<bool>,
    session_cookie_httponly: Option<bool>,
    session_cookie_samesite: Option<String>,
    session_cookie_partitioned: Option<bool>,
    #[serde(deserialize_with = "seconds")]
    permanent_session_lifetime: Option<Duration>,
    #[serde(deserialize_with = "seconds")]
    session_idle_lifetime: Option<Duration>,
    #[serde(deserialize_with = "seconds")]
    session_anonymous_lifetime: Option<Duration>,
    session_refresh_each_request: Option<bool>,
    max_cookie_size: Option<usize>,
    session_permanent: Option<bool>,
    #[serde(deserialize_with = "seconds")]
    session_absolute_lifetime: Option<Duration>,
    session_not_created_before: Option<u64>,
    session_epoch: Option<u16>,
    session_renamed_from: Option<RenamedFrom>,
    session_encrypted: Option<bool>,
    session_padding: Option<usize>,
    session_accept_signed_until: Option<u64>,
    session_accept_encrypted_until: Option<u64>,
    session_context: Option<String>,
    session_salt: Option<String>,
    session_digest: Option<String>,
    session_cache_headers: Option<bool>,
    session_clear_site_data: Option<bool>,
    session_insecure_plain_http: Option<bool>,
    session_warnings_are_errors: Option<bool>,
}

impl Config {
    /// From the process's environment: `SECRET_KEY` and so on, with `prefix` and an underscore in front, if it is not
    /// empty (Flask's own are `FLASK_SECRET_KEY` and so on).
    ///
    /// # Errors
    /// As [`from_vars`](Self::from_vars).
    ///
    /// ```
    /// # use session_core::{Config, ConfigError};
    /// let config = Config::from_env("SHOP").unwrap();
    /// assert_eq!(config.build().unwrap_err(), ConfigError::NoKey); // SHOP_SECRET_KEY is not set
    /// ```
    #[cfg(feature = "os")]
    pub fn from_env(prefix: &str) -> Result<Self, ConfigError> {
        // All of them are read, also behind an error, so that what is a secret is wiped.
        let vars = std::env::vars_os().filter_map(|(name, value)| {
            let text = match value.into_string() {
                Ok(text) => Some(Zeroizing::new(text)),
                Err(other) => {
                    drop(Zeroizing::new(other.into_encoded_bytes()));
                    None
                }
            };
            Some((name.into_string().ok()?, text))
        });
        Self::read(prefix, vars)
    }

    /// From names and texts, as an environment has them. A text between quotes is what is inside, and `null` is nothing, as
    /// Flask reads them. Texts are JSON where a setting is no text: `true`, `false`, a
    /// number, a list. What holds a secret is wiped once it is read.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a value of the wrong kind, and for an unknown name that begins with `SESSION_COOKIE_`.
    ///
    /// ```
    /// use session_core::Config;
    ///
    /// let vars = |text: &str| [("FLASK_SECRET_KEY", "dev"), ("FLASK_SESSION_COOKIE_SECURE", text)]
    ///     .map(|(name, text)| (name.to_owned(), text.to_owned()));
    /// assert!(Config::from_vars("FLASK", vars("true")).unwrap().build_flask().is_ok());
    /// let error = Config::from_vars("FLASK", vars("False")).unwrap_err();
    /// assert_eq!(error.to_string(), "FLASK_SESSION_COOKIE_SECURE: expected true or false, in lower case");
    /// ```
    pub fn from_vars(
        prefix: &str,
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::read(
            prefix,
            vars.into_iter()
                .map(|(name, text)| (name, Some(Zeroizing::new(text)))),
        )
    }

    /// `None` stands for what is no UTF-8.
    fn read(
        prefix: &str,
        vars: impl Iterator<Item = (String, Option<Zeroizing<String>>)>,
    ) -> Result<Self, ConfigError> {
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}_")
        };
        let (mut secrets, mut settings, mut wrong) =
            (Self::default(), serde_json::Map::new(), None);
        for (full, text) in vars {
            let Some(name) = full.strip_prefix(&prefix) else {
                continue;
            };
            let read = if SECRETS.contains(&name) {
                text.ok_or(NO_UTF8)
                    .and_then(|text| secrets.read_secret(name, text))
            } else if TEXTS.contains(&name) || OTHERS.contains(&name) {
                text.ok_or(NO_UTF8)
                    .and_then(|text| read_setting(name, &text))
                    .map(|value| {
                        settings.insert(name.to_owned(), value);
                    })
            } else if name.starts_with("SESSION_COOKIE_") {
                Err("there is no such setting")
            } else {
                Ok(())
            };
            if let Err(problem) = read {
                wrong.get_or_insert_with(|| ConfigError::Value(format!("{full}: {problem}")));
            }
        }
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let config: Self = Self::deserialize(Value::Object(settings))
            .map_err(|error| ConfigError::Value(error.to_string()))?;
        Ok(Self {
            secret_key: secrets.secret_key,
            secret_key_fallbacks: secrets.secret_key_fallbacks,
            session_verify_only_keys: secrets.session_verify_only_keys,
            ..config
        })
    }

    /// The text becomes the key's, or is wiped. The error is the rest of a sentence.
    fn read_secret(&mut self, name: &str, text: Zeroizing<String>) -> Result<(), &'static str> {
        match name {
            "SECRET_KEY_FALLBACKS" => self.secret_key_fallbacks = fallbacks_of(&text)?,
            "SESSION_VERIFY_ONLY_KEYS" => self.session_verify_only_keys = keys_until_of(&text)?,
            _ => self.secret_key = secret_of(text),
        }
        Ok(())
    }

    /// Builds our own format.
    ///
    /// # Errors
    /// As [`builder`](Self::builder) and [`Builder::build`].
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

    /// Builds Flask's format.
    ///
    /// # Errors
    /// As [`flask_builder`](Self::flask_builder) and [`Builder::build`].
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

    /// A builder of our own format, for more settings.
    ///
    /// # Errors
    /// [`ConfigError`] without `SECRET_KEY`, or for a value that nothing can be made of.
    ///
    /// ```
    /// # use session_core::{Config, ConfigError, Weakness};
    /// let config: Config = serde_json::from_str(r#"{"SECRET_KEY": "dev"}"#).unwrap();
    /// assert_eq!(config.builder().unwrap_err(), ConfigError::WeakKey(Weakness::Short(3)));
    /// ```
    pub fn builder(self) -> Result<Builder, ConfigError> {
        let keys = self.keys();
        keys.check(false)?;
        self.apply(Sessions::builder(keys))
    }

    /// A builder of Flask's format, for more settings.
    ///
    /// # Errors
    /// [`ConfigError`] for a value that nothing can be made of. That `SECRET_KEY` is missing, [`Builder::build`] finds.
    ///
    /// ```
    /// # use session_core::{Config, testing};
    /// let json = r#"{"SECRET_KEY": "dev", "SESSION_COOKIE_SECURE": true}"#;
    /// let config: Config = serde_json::from_str(json).unwrap();
    /// let cookie = testing::set_cookie(config.flask_builder().unwrap().cookie_name("shop"));
    /// assert!(cookie.starts_with("shop=") && cookie.contains("; Secure"));
    /// ```
    pub fn flask_builder(self) -> Result<Builder, ConfigError> {
        let keys = self.keys();
        self.apply(Builder::flask(keys))
    }

    /// The keys alone, to replace those of a running process, as when its configuration is read again. That they are there
    /// and strong enough, [`Sessions::set_keys`] and [`Builder::build`] find.
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
        let key = self
            .secret_key
            .as_ref()
            .map(|key| key.0.as_bytes())
            .unwrap_or_default();
        let ring = self
            .secret_key_fallbacks
            .iter()
            .fold(KeyRing::flask(key), |ring, key| {
                ring.fallback(key.0.as_bytes())
            });
        let with_ends = self.session_verify_only_keys.iter();
        with_ends.fold(ring, |ring, KeyUntil { key, until }| {
            ring.and(Secret::new(key.0.as_bytes()), Some(*until))
        })
    }

    fn apply(self, builder: Builder) -> Result<Builder, ConfigError> {
        fn set<T>(
            builder: Builder,
            value: Option<T>,
            setter: impl FnOnce(Builder, T) -> Builder,
        ) -> Builder {
            match value {
                Some(value) => setter(builder, value),
                None => builder,
            }
        }
        let mut builder = self.encrypt(builder)?;
        builder = set(builder, self.session_epoch, Builder::epoch);
        builder = set(builder, self.session_renamed_from, |b, old| {
            b.renamed_from(old.into())
        });
        builder = set(builder, self.session_cookie_name, |b, name| {
            let (prefix, name) = Prefix::split(&name);
            b.prefix(prefix).cookie_name(name)
        });
        // As Flask's `get_cookie_domain` with Werkzeug's `dump_cookie`: port cut, leading dots stripped.
        builder = set(builder, self.session_cookie_domain, |b, domain| {
            b.domain(
                domain
                    .split(':')
                    .next()
                    .unwrap_or_default()
                    .trim_start_matches('.'),
            )
        });
        // As `get_cookie_path`: the setting, or the application's root.
        let path = self
            .session_cookie_path
            .filter(|path| !path.is_empty())
            .or(self.application_root);
        builder = set(builder, path, |b, path| b.path(quote(&path)));
        builder = set(builder, self.session_cookie_secure, Builder::secure);
        builder = set(builder, self.session_cookie_httponly, Builder::http_only);
        builder = set(
            builder,
            self.session_cookie_partitioned,
            |b, partitioned| {
                if partitioned {
                    b.partitioned(true).secure(true)
                } else {
                    b.partitioned(false)
                }
            },
        );
        builder = set(
            builder,
            self.session_cookie_samesite
                .as_deref()
                .map(same_site)
                .transpose()?,
            Builder::same_site,
        );
        builder = match (self.session_idle_lifetime, self.permanent_session_lifetime) {
            (Some(_), _) if builder.flask => {
                return Err(ConfigError::Format {
                    setting: "SESSION_IDLE_LIFETIME",
                    format: "Flask's format",
                    why: "it has one lifetime for all sessions, PERMANENT_SESSION_LIFETIME",
                });
            }
            (Some(others), permanent) => set(
                builder.idle_lifetime(others),
                permanent,
                Builder::permanent_lifetime,
            ),
            (None, all) => set(builder, all, Builder::idle_lifetime),
        };
        builder = set(
            builder,
            self.session_anonymous_lifetime,
            Builder::anonymous_lifetime,
        );
        builder = set(builder, self.session_refresh_each_request, |b, each| {
            b.refresh(if each {
                Refresh::EachRequest
            } else {
                Refresh::Never
            })
        });
        builder = set(builder, self.max_cookie_size, Builder::max_cookie_size);
        builder = set(builder, self.session_permanent, Builder::permanent);
        builder = set(
            builder,
            self.session_absolute_lifetime,
            Builder::absolute_lifetime,
        );
        builder = set(builder, self.session_not_created_before, |b, seconds| {
            b.not_created_before(time(seconds))
        });
        builder = set(builder, self.session_context, Builder::context);
        builder = set(builder, self.session_salt, Builder::salt);
        builder = set(
            builder,
            self.session_digest.as_deref().map(digest).transpose()?,
            Builder::digest,
        );
        builder = set(builder, self.session_cache_headers, Builder::cache_headers);
        builder = set(
            builder,
            self.session_clear_site_data,
            Builder::clear_site_data,
        );
        builder = set(
            builder,
            self.session_warnings_are_errors,
            Builder::warnings_are_errors,
        );
        if self.session_insecure_plain_http == Some(true) {
            builder = builder.insecure_plain_http();
        }
        Ok(builder)
    }
}

#[cfg(feature = "encryption")]
impl Config {
    fn encrypt(&self, builder: Builder) -> Result<Builder, ConfigError> {
        let mut builder = if self.session_encrypted == Some(true) {
            builder.encrypted()
        } else {
            builder
        };
        if let Some(block) = self.session_padding {
            if self.session_encrypted != Some(true) {
                return Err(ConfigError::Value(
                    "SESSION_PADDING: it needs SESSION_ENCRYPTED".to_owned(),
                ));
            }
            builder = builder.padding(block);
        }
        if let Some(end) = self.session_accept_signed_until {
            builder = builder.accept_signed_until(time(end));
        }
        if let Some(end) = self.session_accept_encrypted_until {
            builder = builder.accept_encrypted_until(time(end));
        }
        Ok(builder)
    }
}

#[cfg(not(feature = "encryption"))]
impl Config {
    fn encrypt(&self, builder: Builder) -> Result<Builder, ConfigError> {
        let settings = [
            ("SESSION_ENCRYPTED", self.session_encrypted == Some(true)),
            ("SESSION_PADDING", self.session_padding.is_some()),
            (
                "SESSION_ACCEPT_SIGNED_UNTIL",
                self.session_accept_signed_until.is_some(),
            ),
            (
                "SESSION_ACCEPT_ENCRYPTED_UNTIL",
                self.session_accept_encrypted_until.is_some(),
            ),
        ];
        match settings.iter().find(|(_, set)| *set) {
            Some((setting, _)) => Err(ConfigError::Format {
                setting,
                format: "this program",
                why: "session-core was built without its feature \"encryption\"",
            }),
            None => Ok(builder),
        }
    }
}

const NO_UTF8: &str = "expected text in UTF-8";

/// The value of a setting that is no secret. The error is the rest of a sentence.
fn read_setting(name: &str, text: &str) -> Result<Value, &'static str> {
    let text_itself = || Value::String(text.to_owned());
    if TEXTS.contains(&name) {
        // As Flask, whose `from_prefixed_env` reads JSON: a text between quotes is what is inside, and null is nothing.
        let value = serde_json::from_str(text)
            .ok()
            .filter(|value: &Value| value.is_string() || value.is_null());
        return Ok(value.unwrap_or_else(text_itself));
    }
    let value = serde_json::from_str(text).unwrap_or_else(|_| text_itself());
    match unexpected(name, &value) {
        Some(expected) => Err(expected),
        None => Ok(value),
    }
}

impl fmt::Debug for Config {
    /// Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("session_cookie_name", &self.session_cookie_name)
            .finish_non_exhaustive()
    }
}
