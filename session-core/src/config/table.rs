//! Reads a configuration from a table of a configuration file, whose names are in lower or in upper case. No error quotes a
//! value, which may be a key under a wrong name.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};

use crate::config::Config;
use crate::config::kind::Kind;
use crate::error::config::ConfigError;

impl Config {
    /// Reads a table of settings, whose names may be in lower or in upper case, as in `Rocket.toml`.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a value of the wrong type, and for a name that is set twice, in lower and in upper case. It
    /// names the setting, and does not quote the value.
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
    /// ```
    pub fn from_table<'de>(table: impl Deserializer<'de>) -> Result<Self, ConfigError> {
        match table.deserialize_map(TableVisitor) {
            Ok(config) => Ok(config),
            Err(error) => Err(ConfigError::Value(error.to_string())),
        }
    }
}

struct TableVisitor;

impl<'de> Visitor<'de> for TableVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Config, A::Error> {
        Config::deserialize(MapAccessDeserializer::new(UpperCase {
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
        // Checked here, since the reader of `Config` would not see it for a name that is no setting.
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
