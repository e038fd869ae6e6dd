//! Faults in a configuration: errors that stop the start, and warnings.

use std::fmt;

/// The least length of a key of our own formats, in bytes: the output of HMAC-SHA256 (RFC 2104, section 3).
pub(crate) const LEAST_KEY_BYTES: usize = 32;
/// More keys than this are refused: each costs a forged cookie one more HMAC.
pub(crate) const MOST_VERIFY_ONLY: usize = 8;

/// An error in a configuration. It is found once, at start.
///
/// ```
/// use session_core::{ConfigError, SecretKey, Sessions, Weakness};
///
/// let error = SecretKey::new("change-me").unwrap_err();
/// assert_eq!(error, ConfigError::WeakKey(Weakness::Placeholder));
/// assert_eq!(Sessions::flask("").unwrap_err(), ConfigError::NoKey);
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no key, or it is empty.
    #[error("no secret key: set SECRET_KEY to the output of `openssl rand -base64 33`")]
    NoKey,
    /// The key can be guessed.
    #[error(
        "SECRET_KEY is weak: {0}; set it to the output of `openssl rand -base64 33` (a Flask application's own key is \
         accepted by the Flask format only)"
    )]
    WeakKey(Weakness),
    /// A key that only verifies can be guessed, or is empty. An attacker who guesses it can sign sessions.
    #[error(
        "a key of SECRET_KEY_FALLBACKS is weak: {0}; leave it out, or make one with `openssl rand -base64 33` (weak keys \
         of a Flask application, but not empty ones, are accepted by the Flask format only)"
    )]
    WeakFallback(Weakness),
    /// There are too many keys that only verify.
    #[error(
        "SECRET_KEY_FALLBACKS and SESSION_VERIFY_ONLY_KEYS have {0} keys that only verify; at most {max} are allowed: remove \
         the oldest", max = MOST_VERIFY_ONLY
    )]
    TooManyKeys(usize),
    /// A warning, where [warnings are errors](crate::Builder::warnings_are_errors).
    #[error("{0} (an error because SESSION_WARNINGS_ARE_ERRORS or warnings_are_errors is set)")]
    Warning(Warning),
    /// The random source of the operating system failed, so no key can be generated.
    #[error("the random source gave no bytes, so no key can be generated")]
    Entropy,
    /// The builder has no clock or random source, and the feature `os`, which provides them, is off.
    #[error("no {0}: without the feature \"os\" the builder needs .{0}(..)")]
    Missing(&'static str),
    /// Browsers refuse, drop or misread such a cookie.
    #[error("{setting}: {problem}")]
    Cookie {
        /// The setting, by its configuration key.
        setting: &'static str,
        /// The problem and its remedy.
        problem: String,
    },
    /// The format does not support a setting.
    #[error("{setting} does not work in {format}: {why}")]
    Format {
        /// The builder's method or configuration key.
        setting: &'static str,
        /// The format.
        format: &'static str,
        /// The reason.
        why: &'static str,
    },
    /// A setting is unknown, or its value has the wrong type.
    #[error("{0}")]
    Value(String),
    /// An error of a configuration that was read from environment variables with a prefix: the text names the variables, such as
    /// `SHOP_SECRET_KEY`.
    #[error("{}", with_prefix(.error, .prefix))]
    Prefixed {
        /// The prefix of the variables, with its underscore.
        prefix: String,
        /// The error itself.
        error: Box<ConfigError>,
    },
}

impl ConfigError {
    /// Returns the error itself, whether its variables have a prefix or not.
    ///
    /// ```
    /// # use session_core::{Config, ConfigError};
    /// let config = Config::from_vars("SHOP", []).unwrap();
    /// let error = config.build().unwrap_err();
    /// assert_eq!(error.to_string(), "no secret key: set SHOP_SECRET_KEY to the output of `openssl rand -base64 33`");
    /// assert_eq!(*error.without_prefix(), ConfigError::NoKey);
    /// ```
    #[must_use]
    pub fn without_prefix(&self) -> &Self {
        match self {
            Self::Prefixed { error, .. } => error,
            error => error,
        }
    }
}

impl fmt::Debug for ConfigError {
    /// Shows the message: a `main` that returns this error prints it by `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A doubtful setting in a configuration that works.
///
/// ```
/// use session_core::{Sessions, Warning, Weakness};
///
/// let sessions = Sessions::flask_builder("dev").insecure_plain_http().build().unwrap();
/// assert_eq!(sessions.warnings(), [Warning::WeakKey(Weakness::Short(3)), Warning::PlainHttp]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The key in Flask's format can be guessed. Our own formats refuse such a key.
    #[error(
        "SECRET_KEY is weak: {0}; an attacker who guesses it can forge any session; make one with \
         `openssl rand -base64 33`, and keep this one in SECRET_KEY_FALLBACKS for one lifetime"
    )]
    WeakKey(Weakness),
    /// A key that only verifies can be guessed.
    #[error(
        "a key of SECRET_KEY_FALLBACKS is weak: {0}; an attacker who guesses it can forge any session; remove it once no \
         cookie needs it"
    )]
    WeakFallback(Weakness),
    /// The cookie is sent over plain HTTP. Anybody on the network path can read and change it.
    #[error(
        "insecure_plain_http: the session cookie is sent without Secure and without the prefix __Host-"
    )]
    PlainHttp,
    /// Browsers store the cookie, but other software may misread it: its name is no token, its domain has an underscore, or
    /// its path has no leading slash.
    #[error("{setting}: {problem}")]
    Cookie {
        /// The setting, by its configuration key.
        setting: &'static str,
        /// The problem and its remedy.
        problem: String,
    },
}

/// Why a key is weak.
///
/// ```
/// use session_core::{ConfigError, SecretKey, Weakness};
///
/// let weak = |text: &str| SecretKey::new(text).unwrap_err();
/// assert_eq!(weak("dev"), ConfigError::WeakKey(Weakness::Short(3)));
/// assert_eq!(weak(&"0".repeat(64)), ConfigError::WeakKey(Weakness::Repetitive));
/// assert_eq!(weak("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), ConfigError::WeakKey(Weakness::Repetitive));
/// assert_eq!(weak("abcdefghijklmnopqrstuvwxyz012345"), ConfigError::WeakKey(Weakness::Sequence));
/// assert_eq!(weak("this-is-a-secret-key-change-me-in-production"), ConfigError::WeakKey(Weakness::Placeholder));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Weakness {
    /// The key has fewer than 32 bytes.
    #[error("it has {0} bytes, fewer than {LEAST_KEY_BYTES}")]
    Short(usize),
    /// The key is a few bytes repeated, with little else, either as it is or decoded from base64 or hex.
    #[error("it is little more than one short pattern, repeated")]
    Repetitive,
    /// The key is a sequence of letters, digits or neighbouring keys of a keyboard, either as it is or decoded.
    #[error("it is little more than letters, digits or keys in their order")]
    Sequence,
    /// The key consists of words from tutorials and templates, with little else.
    #[error("it is a placeholder: words from tutorials and templates")]
    Placeholder,
    /// The key is a published example.
    #[error(
        "it is, or begins with, an example key from the documentation of a framework, which attackers know"
    )]
    Published,
}

/// Makes an error name the variables of a configuration that has this prefix.
pub(crate) fn name_variables<T>(
    result: Result<T, ConfigError>,
    prefix: &str,
) -> Result<T, ConfigError> {
    match result {
        Err(error) if !prefix.is_empty() => Err(ConfigError::Prefixed {
            prefix: prefix.to_owned(),
            error: Box::new(error.without_prefix().clone()),
        }),
        result => result,
    }
}

/// Returns the text of an error with the prefix before the name of each setting.
fn with_prefix(error: &ConfigError, prefix: &str) -> String {
    let text = error.to_string();
    let mut named = String::new();
    let is_part = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    // Each piece is a word and the character behind it.
    for piece in text.split_inclusive(|letter| !is_part(letter)) {
        if is_setting(piece.trim_end_matches(|letter| !is_part(letter))) {
            named.push_str(prefix);
        }
        named.push_str(piece);
    }
    named
}

fn is_setting(word: &str) -> bool {
    let others = [
        "APPLICATION_ROOT",
        "MAX_COOKIE_SIZE",
        "PERMANENT_SESSION_LIFETIME",
    ];
    word.starts_with("SESSION_") || word.starts_with("SECRET_KEY") || others.contains(&word)
}

/// Returns the warnings, or the first one as an error if `errors` is set.
pub(crate) fn refuse_if(errors: bool, warnings: Vec<Warning>) -> Result<Vec<Warning>, ConfigError> {
    match warnings.first() {
        Some(first) if errors => Err(ConfigError::Warning(first.clone())),
        _ => Ok(warnings),
    }
}
