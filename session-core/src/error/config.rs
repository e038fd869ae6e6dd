//! Faults in a configuration: errors that stop the start, and warnings.

use std::fmt;

/// The least length of a key of our own formats, in bytes: the output of HMAC-SHA256 (RFC 2104, section 3).
pub(crate) const LEAST_KEY_BYTES: usize = 32;
/// More keys than this are refused: each costs a forged cookie one more HMAC.
pub(crate) const MOST_VERIFY_ONLY: usize = 8;

/// What is wrong with a configuration. Found once, at start.
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
    /// No key, or an empty one.
    #[error("no secret key: set SECRET_KEY to what `openssl rand -base64 33` prints")]
    NoKey,
    /// A key that can be guessed.
    #[error(
        "the secret key is weak: {0}; make one with `openssl rand -base64 33` (a Flask application's own key is accepted \
         by the Flask format only)"
    )]
    WeakKey(Weakness),
    /// The same among the keys that only verify; an empty one, too: with any of them anybody could sign.
    #[error(
        "a key of SECRET_KEY_FALLBACKS is weak: {0}; leave it out, or make one with `openssl rand -base64 33` (weak keys \
         of a Flask application, but not empty ones, are accepted by the Flask format only)"
    )]
    WeakFallback(Weakness),
    /// Too many keys that only verify.
    #[error("{0} verify-only keys; at most {max} are allowed, retire the oldest", max = MOST_VERIFY_ONLY)]
    TooManyKeys(usize),
    /// What would be a warning, where [warnings are errors](crate::Builder::warnings_are_errors).
    #[error("{0} (an error, since SESSION_WARNINGS_ARE_ERRORS or warnings_are_errors is set)")]
    Warning(Warning),
    /// The random source of the operating system failed.
    #[error("the random source gave no bytes, so no key can be made")]
    Entropy,
    /// Built without the feature `os`, and without the part that it would give.
    #[error("no {0}: without the feature \"os\" the builder needs .{0}(..)")]
    Missing(&'static str),
    /// A cookie that browsers refuse, drop or misread.
    #[error("{setting}: {problem}")]
    Cookie {
        /// The setting, by its configuration key.
        setting: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A setting that the chosen format cannot keep.
    #[error("{setting} does not work in {format}: {why}")]
    Format {
        /// The builder's method or configuration key.
        setting: &'static str,
        /// The format.
        format: &'static str,
        /// The reason.
        why: &'static str,
    },
    /// A configuration value of the wrong kind.
    #[error("{0}")]
    Value(String),
}

impl fmt::Debug for ConfigError {
    /// The message: a `main` that returns this error shows it by `Debug`, and whoever starts the program has to read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Something doubtful in a configuration that works.
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
    /// Flask's format runs with a key that our own formats would refuse.
    #[error(
        "SECRET_KEY is weak: {0}; whoever guesses it forges any session; make one with `openssl rand -base64 33`, and \
         keep this one in SECRET_KEY_FALLBACKS for one lifetime"
    )]
    WeakKey(Weakness),
    /// The same of a key that only verifies.
    #[error(
        "a key of SECRET_KEY_FALLBACKS is weak: {0}; whoever guesses it forges any session; leave it out once nobody's \
         cookie needs it"
    )]
    WeakFallback(Weakness),
    /// The cookie goes over plain HTTP, readable and changeable for everybody on the way.
    #[error(
        "insecure_plain_http: the session cookie is sent without Secure and without the prefix __Host-"
    )]
    PlainHttp,
    /// The cookie is one that browsers keep, and that others may misread: a name that is no token, a domain with an underscore,
    /// a path without a slash in front.
    #[error("{setting}: {problem}")]
    Cookie {
        /// The setting, by its configuration key.
        setting: &'static str,
        /// What is doubtful, and what would not be.
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
    /// Fewer than 32 bytes.
    #[error("it has {0} bytes, fewer than {LEAST_KEY_BYTES}")]
    Short(usize),
    /// A few bytes, again and again, with little else; as they stand or decoded from base64 or hex.
    #[error("it is little more than one short pattern, repeated")]
    Repetitive,
    /// Letters or digits in their order, or keys beside each other on a keyboard; as they stand or decoded.
    #[error("it is little more than letters, digits or keys in their order")]
    Sequence,
    /// Words that stand in tutorials and templates, with little else.
    #[error("it is a placeholder: words that stand in tutorials and templates")]
    Placeholder,
    /// An example key that everybody can read.
    #[error(
        "it is, or begins as, an example key of a framework's documentation, which everybody knows"
    )]
    Published,
}

/// The warnings, or the first as an error.
pub(crate) fn refuse_if(errors: bool, warnings: Vec<Warning>) -> Result<Vec<Warning>, ConfigError> {
    match warnings.first() {
        Some(first) if errors => Err(ConfigError::Warning(first.clone())),
        _ => Ok(warnings),
    }
}
