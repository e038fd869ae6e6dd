//! Reads a configuration from a table of a configuration file, whose names are in lower or in upper case. No error quotes a
//! value, which may be a key under a wrong name.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};

use crate::config::Config;
use crate::config::fields::Fields;
use crate::config::kind::Kind;
use crate::config::names::Unknown;
use crate::error::config::ConfigError;

impl Config {
    /// Reads a table of settings, whose names may be in lower or in upper case, as in `Rocket.toml`.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a value of the wrong type, for a name that is set twice, in lower and in upper case, and for an
    /// unknown setting; [`Config`] says which names must be settings. The others are ignored, since the table may be another
    /// program's, too. The error names the setting, and does not quote the value.
    ///
    /// ```
    /// use session_core::Config;
    ///
    /// let table = serde_json::json!({"secret_key": "dev", "SESSION_COOKIE_NAME": "shop"});
    /// let sessions = Config::from_table(&table).unwrap().build_flask().unwrap();
    /// assert_eq!(sessions.cookie_name(), "shop");
    ///
    /// let twice = serde_json::json!({"secret_key": "dev", "SECRET_KEY": "dev"});
    /// let error = Config::from_table(&twice).unwrap_err();
    /// assert_eq!(error.to_string(), "SECRET_KEY: the name is set twice, in lower and in upper case");
    ///
    /// let misspelt = serde_json::json!({"port": 8000, "session_cookie_nam": "shop"});
    /// let error = Config::from_table(&misspelt).unwrap_err();
    /// assert!(error.to_string().contains("the nearest one is session_cookie_name"));
    /// ```
    pub fn from_table<'de>(table: impl Deserializer<'de>) -> Result<Self, ConfigError> {
        match table.deserialize_map(TableVisitor) {
            Ok(fields) => Ok(Self::from(fields)),
            Err(error) => Err(ConfigError::Value(error.to_string())),
        }
    }
}

/// Any serde format: as [`Config::from_table`].
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_map(TableVisitor) {
            Ok(fields) => Ok(Self::from(fields)),
            Err(error) => Err(error),
        }
    }
}

impl From<Fields> for Config {
    fn from(fields: Fields) -> Self {
        Self {
            fields,
            prefix: String::new(),
        }
    }
}

struct TableVisitor;

impl<'de> Visitor<'de> for TableVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Fields, A::Error> {
        Fields::deserialize(MapAccessDeserializer::new(UpperCase {
            entries,
            names: BTreeSet::new(),
            name: String::new(),
        }))
    }
}

/// The entries of a table, with their names in upper case.
struct UpperCase<A> {
    entries: A,
    names: BTreeSet<String>,
    /// The name of the entry whose value is read next.
    name: String,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for UpperCase<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(name) = self.entries.next_key::<String>()? else {
            return Ok(None);
        };
        self.name = name.to_uppercase();
        if let Some(unknown) = Unknown::of(&self.name) {
            // The setting is named in the case of the table.
            let mut nearest = unknown.nearest.to_owned();
            if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
                nearest.make_ascii_lowercase();
            }
            let problem = unknown.problem(&nearest);
            return Err(Error::custom(format_args!("{name}: {problem}")));
        }
        // Checked here, since the reader of `Fields` would not see it for a name that is no setting.
        if !self.names.insert(self.name.clone()) {
            let twice = "the name is set twice, in lower and in upper case";
            return Err(Error::custom(format_args!("{}: {twice}", self.name)));
        }
        let name = self.name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let result = self.entries.next_value_seed(seed);
        match (result, Kind::of(&self.name)) {
            // serde's error, which is dropped here, would quote the value.
            (Err(_), Some(kind)) => {
                let expected = kind.expected();
                Err(Error::custom(format_args!("{}: {expected}", self.name)))
            }
            (result, _) => result,
        }
    }
}
