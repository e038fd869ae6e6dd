//! Configurations from text.

use http::header::SET_COOKIE;
use session_core::{Config, ConfigError, Sessions};

use crate::common::visit;

pub(crate) fn header(sessions: &Sessions) -> String {
    let closed = visit(sessions, &[], |session| {
        session.set_permanent(true)?;
        session.insert("a", 1)
    });
    let closed = closed.unwrap();
    let text = closed.headers[SET_COOKIE].to_str().unwrap().to_owned();
    let (name, rest) = text.split_once('=').unwrap();
    format!("{name}{}", &rest[rest.find(';').unwrap()..])
}

pub(crate) fn json(text: &str) -> Config {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn vars(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_vars(
        "",
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
    )
}
