//! Reads a configuration from environment variables, as Flask's `Config.from_prefixed_env` does: a value is JSON, or a text
//! where it is not. No error quotes a value, which may be a key under a wrong name.

#[cfg(feature = "os")]
use std::ffi::OsString;

use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::config::fields::Fields;
use crate::config::kind::Kind;
use crate::config::names::Unknown;
use crate::config::secret::{read_fallbacks, read_keys_until, read_secret};
use crate::error::config::ConfigError;

const NO_UTF8: &str = "expected text in UTF-8";
const NO_UTF8_KEY: &str = "expected text in UTF-8, such as the output of `openssl rand -base64 33`";
/// The address of the desktop's session manager (X11). Without a prefix it is in the environment of each program of a desktop.
const OF_THE_DESKTOP: &str = "SESSION_MANAGER";

impl Config {
    /// Reads the process's environment: `SECRET_KEY` and so on or, with a `prefix` such as `SHOP`, `SHOP_SECRET_KEY` and so on.
    /// Flask's own prefix is `FLASK`.
    ///
    /// # Errors
    /// As [`from_vars`](Self::from_vars).
    ///
    /// ```
    /// # use session_core::Config;
    /// let error = Config::from_env("SHOP").unwrap().build().unwrap_err();
    /// assert_eq!(error.to_string(), "no secret key: set SHOP_SECRET_KEY to the output of `openssl rand -base64 33`");
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
    /// JSON: `true`, `false`, a number, a list. Where true or false is meant, `1` is true and `0` is false. Texts that hold
    /// secrets are wiped after they were read.
    ///
    /// [`Config`] says which names must be settings, behind the prefix if there is one. Without a prefix `SESSION_MANAGER`, which
    /// desktops set, is ignored. Where the environment holds `SESSION_...` of another program, use a prefix.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a value of the wrong type, and for an unknown setting. It names the variable, and the nearest
    /// setting, and does not quote the value.
    ///
    /// ```
    /// use session_core::Config;
    ///
    /// let vars = |text: &str| [("FLASK_SECRET_KEY", "dev"), ("FLASK_SESSION_COOKIE_SECURE", text)]
    ///     .map(|(name, text)| (name.to_owned(), text.to_owned()));
    /// assert!(Config::from_vars("FLASK", vars("true")).unwrap().build_flask().is_ok());
    /// let error = Config::from_vars("FLASK", vars("False")).unwrap_err();
    /// assert_eq!(error.to_string(), "FLASK_SESSION_COOKIE_SECURE: expected true or false, in lower case, or 1 or 0");
    ///
    /// let misspelt = [("SHOP_SESSION_COOKIE_NAM".to_owned(), "shop".to_owned())];
    /// let error = Config::from_vars("SHOP", misspelt).unwrap_err();
    /// assert!(error.to_string().contains("the nearest one is SHOP_SESSION_COOKIE_NAME"));
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
        let mut secrets = Fields::default();
        let mut settings = Map::new();
        let mut first_error = None;
        // All variables are read, even after an error: only a text that was taken from the iterator is wiped.
        for (variable, text) in variables {
            let Some(name) = variable.strip_prefix(&prefix) else {
                continue;
            };
            let result = if let Some(problem) = unknown(name, &prefix) {
                Err(problem)
            } else {
                let read = secrets.read_variable(name, text, &mut settings);
                read.map_err(str::to_owned)
            };
            if let Err(problem) = result
                && first_error.is_none()
            {
                first_error = Some(format!("{variable}: {problem}"));
            }
        }
        if let Some(error) = first_error {
            return Err(ConfigError::Value(error));
        }
        match Fields::deserialize(Value::Object(settings)) {
            Ok(fields) => Ok(Self {
                fields: Fields {
                    secret_key: secrets.secret_key,
                    secret_key_fallbacks: secrets.secret_key_fallbacks,
                    session_verify_only_keys: secrets.session_verify_only_keys,
                    ..fields
                },
                prefix,
            }),
            Err(error) => Err(ConfigError::Value(error.to_string())),
        }
    }
}

/// Returns the end of the error's sentence if a variable is meant to be a setting, and is none.
fn unknown(name: &str, prefix: &str) -> Option<String> {
    if name == OF_THE_DESKTOP && prefix.is_empty() {
        return None;
    }
    let unknown = Unknown::of(name)?;
    let mut problem = unknown.problem(&format!("{prefix}{}", unknown.nearest));
    if prefix.is_empty() {
        problem.push_str(
            "; if it is another program's, read this one's variables with a prefix: Config::from_env(\"SHOP\") reads \
             SHOP_SECRET_KEY and so on",
        );
    }
    Some(problem)
}

impl Fields {
    /// Reads a secret into `self`, and another setting into `settings`. The error is the end of a sentence.
    fn read_variable(
        &mut self,
        name: &str,
        text: Option<Zeroizing<String>>,
        settings: &mut Map<String, Value>,
    ) -> Result<(), &'static str> {
        let Some(kind) = Kind::of(name) else {
            // It is another program's.
            return Ok(());
        };
        let Some(text) = text else {
            return Err(match kind {
                Kind::Secret => NO_UTF8_KEY,
                _ => NO_UTF8,
            });
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
                settings.insert(name.to_owned(), read_setting(kind, &text)?);
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
fn read_setting(kind: Kind, text: &str) -> Result<Value, &'static str> {
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
        let (documentation, _) = include_str!("mod.rs")
            .split_once("pub struct Config {")
            .unwrap();
        let (_, code) = include_str!("fields.rs")
            .split_once("struct Fields {")
            .unwrap();
        let (fields, _) = code.split_once("\n}\n").unwrap();
        let mut count = 0;
        for line in fields.lines().filter(|line| !line.trim().starts_with('#')) {
            let Some((field, _)) = line.split_once(':') else {
                continue;
            };
            let name = field.replace("pub(super)", "").trim().to_uppercase();
            assert!(Kind::of(&name).is_some(), "{name}");
            assert!(documentation.contains(&format!("`{name}`")), "{name}");
            count += 1;
        }
        assert_eq!(count, Kind::names().count());
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
