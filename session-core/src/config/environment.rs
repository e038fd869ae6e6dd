//! Reads a configuration from environment variables, as Flask's `Config.from_prefixed_env` does: a value is JSON, or a text
//! where it is not. No error quotes a value, which may be a key under a wrong name.

#[cfg(feature = "os")]
use std::ffi::OsString;

use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::config::kind::Kind;
use crate::config::secret::{read_fallbacks, read_keys_until, read_secret};
use crate::error::config::ConfigError;

const NO_UTF8: &str = "expected text in UTF-8";
const UNKNOWN: &str = "there is no such setting; correct the name, or remove the variable";

impl Config {
    /// Reads the process's environment: `SECRET_KEY` and so on or, with a `prefix` such as `SHOP`, `SHOP_SECRET_KEY` and so on.
    /// Flask's own prefix is `FLASK`.
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
        let mut variables = Vec::new();
        for (variable, text) in std::env::vars_os() {
            let text = utf8(text);
            // A name that is not UTF-8 is no setting.
            if let Ok(variable) = variable.into_string() {
                variables.push((variable, text));
            }
        }
        Self::read(prefix, variables)
    }

    /// Reads names and texts in the form of environment variables; `prefix` is as for `from_env`.
    ///
    /// A text between quotes is the text inside, and `null` is no value, as Flask reads them. Other values than texts are
    /// JSON: `true`, `false`, a number, a list. Texts that hold secrets are wiped after they were read.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a value of the wrong type, and for an unknown name that begins with `SESSION_COOKIE_`, since
    /// that is probably a spelling mistake. It names the variable, and does not quote the value.
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
        let vars = vars.into_iter();
        let wiped = vars.map(|(variable, text)| (variable, Some(Zeroizing::new(text))));
        Self::read(prefix, wiped)
    }

    /// A text of `None` was not UTF-8.
    fn read(
        prefix: &str,
        variables: impl IntoIterator<Item = (String, Option<Zeroizing<String>>)>,
    ) -> Result<Self, ConfigError> {
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}_")
        };
        let mut secrets = Self::default();
        let mut settings = Map::new();
        let mut first_error = None;
        // All variables are read, even after an error: only a text that was taken from the iterator is wiped.
        for (variable, text) in variables {
            let Some(name) = variable.strip_prefix(&prefix) else {
                continue;
            };
            if let Err(problem) = secrets.read_variable(name, text, &mut settings)
                && first_error.is_none()
            {
                first_error = Some(format!("{variable}: {problem}"));
            }
        }
        if let Some(error) = first_error {
            return Err(ConfigError::Value(error));
        }
        match Self::deserialize(Value::Object(settings)) {
            Ok(config) => Ok(Self {
                secret_key: secrets.secret_key,
                secret_key_fallbacks: secrets.secret_key_fallbacks,
                session_verify_only_keys: secrets.session_verify_only_keys,
                ..config
            }),
            Err(error) => Err(ConfigError::Value(error.to_string())),
        }
    }

    /// Reads a secret into `self`, and another setting into `settings`. The error is the end of a sentence.
    fn read_variable(
        &mut self,
        name: &str,
        text: Option<Zeroizing<String>>,
        settings: &mut Map<String, Value>,
    ) -> Result<(), &'static str> {
        let Some(kind) = Kind::of(name) else {
            // Other names belong to other programs: a desktop, for example, sets SESSION_MANAGER.
            return if name.starts_with("SESSION_COOKIE_") {
                Err(UNKNOWN)
            } else {
                Ok(())
            };
        };
        let Some(text) = text else {
            return Err(NO_UTF8);
        };
        match kind {
            Kind::Fallbacks => {
                self.secret_key_fallbacks = read_fallbacks(&text)?;
            }
            Kind::KeysUntil => {
                self.session_verify_only_keys = read_keys_until(&text)?;
            }
            Kind::Secret => self.secret_key = read_secret(text),
            kind => {
                settings.insert(name.to_owned(), read_setting(&kind, &text)?);
            }
        }
        Ok(())
    }
}

/// The text, to be wiped; `None`, and wiped, if it is not UTF-8.
#[cfg(feature = "os")]
fn utf8(text: OsString) -> Option<Zeroizing<String>> {
    match text.into_string() {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(other) => {
            drop(Zeroizing::new(other.into_encoded_bytes()));
            None
        }
    }
}

/// Reads the value of a setting that is no secret. The error is the end of a sentence.
fn read_setting(kind: &Kind, text: &str) -> Result<Value, &'static str> {
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => Value::String(text.to_owned()),
    };
    if kind.accepts(&value) {
        return Ok(value);
    }
    match kind {
        // `5` and `true` are texts, too.
        Kind::Text => Ok(Value::String(text.to_owned())),
        _ => Err(kind.expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, text: &str) -> Option<String> {
        let variable = (name.to_owned(), text.to_owned());
        match Config::from_vars("", [variable]) {
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// The struct, the table of its documentation and the kinds list the settings one by one.
    #[test]
    fn each_setting_is_documented_and_read_from_the_environment() {
        let source = include_str!("mod.rs");
        let (documentation, code) = source.split_once("pub struct Config {").unwrap();
        let (fields, _) = code.split_once("\n}\n").unwrap();
        let mut count = 0;
        for line in fields.lines().filter(|line| !line.trim().starts_with('#')) {
            let Some((field, _)) = line.split_once(':') else {
                continue;
            };
            let name = field.trim().to_uppercase();
            assert!(Kind::of(&name).is_some(), "{name}");
            assert!(documentation.contains(&format!("`{name}`")), "{name}");
            count += 1;
        }
        assert_eq!(count, 32);
    }

    #[test]
    fn an_error_names_its_variable_and_quotes_nothing() {
        for (name, text) in [
            (
                "SESSION_RENAMED_FROM",
                r#"{"name": "a", "renamed": 1, "hunter2": 1}"#,
            ),
            (
                "SESSION_RENAMED_FROM",
                r#"{"name": "a", "renamed": 1, "path": 1}"#,
            ),
            ("SESSION_IDLE_LIFETIME", "1e300"),
            ("SESSION_IDLE_LIFETIME", "-0.1"),
            ("SESSION_EPOCH", "65536"),
            ("SESSION_EPOCH", "1.0"),
            ("SESSION_COOKIE_DOMAIN", "true"),
            ("MAX_COOKIE_SIZE", "-1"),
        ] {
            let message = message(name, text).unwrap();
            assert!(
                message.starts_with(&format!("{name}: expected ")),
                "{message}"
            );
            assert!(!message.contains("hunter2"), "{message}");
        }
        for (name, text) in [
            (
                "SESSION_RENAMED_FROM",
                r#"{"name": "a", "renamed": 1, "path": "/shop"}"#,
            ),
            ("SESSION_IDLE_LIFETIME", "0.5"),
            ("SESSION_EPOCH", "65535"),
            ("SESSION_COOKIE_DOMAIN", "false"),
            ("SESSION_CONTEXT", "true"),
            ("MAX_COOKIE_SIZE", "null"),
        ] {
            assert_eq!(message(name, text), None, "{name} {text}");
        }
    }
}
