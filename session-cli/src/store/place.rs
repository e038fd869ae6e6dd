//! The URL of a store. It may hold a password, so no error quotes it.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::options::Options;

/// The place of a store.
pub(crate) enum Place {
    Sqlite(PathBuf),
    Redis(String),
    Postgres(String),
}

const EXPECTED: &str = "sqlite:PATH, redis://HOST or postgres://USER@HOST/DATABASE";

impl Place {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Redis(_) => "Redis",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// Returns the store that the options or the environment name.
pub(crate) fn of(options: &Options) -> Result<Place, String> {
    let variable = options.keys.variable("STORE_URL");
    let (source, url) = match &options.store {
        Some(url) => ("--store", url.clone()),
        None => match std::env::var_os(&variable) {
            Some(url) => (variable.as_str(), url),
            None => {
                return Err(format!(
                    "no store: set {variable} in the environment, or add --store URL; expected {EXPECTED}"
                ));
            }
        },
    };
    let place = parse(source, url)?;
    match &place {
        Place::Redis(_) if options.redis_prefix.is_none() => Err(
            "no prefix: add --redis-prefix P, the beginning of the keys that the application passes to RedisStore::new, \
             such as shop:sessions:"
                .to_owned(),
        ),
        Place::Sqlite(_) | Place::Postgres(_) if options.redis_prefix.is_some() => {
            Err(format!("--redis-prefix does not go with {}; leave it out", place.name()))
        }
        Place::Sqlite(_) | Place::Redis(_) if options.table.is_some() => {
            Err(format!("--table does not go with {}; leave it out", place.name()))
        }
        _ => Ok(place),
    }
}

fn parse(source: &str, url: OsString) -> Result<Place, String> {
    // A path need not be UTF-8.
    let bytes = url.as_encoded_bytes();
    let Some(end) = bytes.iter().position(|byte| *byte == b':') else {
        return Err(format!(
            "{source} expects {EXPECTED}, got a text that begins with none of them"
        ));
    };
    let scheme = url.to_string_lossy().chars().take(end).collect::<String>();
    let is_url = bytes.get(end..end + 3) == Some(b"://");
    match (scheme.as_str(), is_url) {
        ("sqlite", _) => sqlite(source, &url),
        ("redis", true) => Ok(Place::Redis(text(source, url)?)),
        ("postgres" | "postgresql", true) => Ok(Place::Postgres(text(source, url)?)),
        ("rediss", _) => Err(format!(
            "{source} takes no rediss: URL, since this program has no TLS; run it where the connection needs none, or \
             through a tunnel (ssh -L)"
        )),
        _ => Err(format!(
            "{source} expects {EXPECTED}, got a text that begins with {scheme:?}"
        )),
    }
}

fn text(source: &str, url: OsString) -> Result<String, String> {
    match url.into_string() {
        Ok(url) => Ok(url),
        Err(_) => Err(format!("{source} is a URL in UTF-8, got other bytes")),
    }
}

fn sqlite(source: &str, url: &OsString) -> Result<Place, String> {
    let path = match url.to_str() {
        Some(text) => OsString::from(text.strip_prefix("sqlite:").unwrap_or_default()),
        None => path_of_bytes(url),
    };
    let shown = path.to_string_lossy();
    if shown.is_empty() {
        return Err(format!(
            "{source}: sqlite: is followed by the path of a file, such as sqlite:sessions.db"
        ));
    }
    if shown.starts_with("//") {
        return Err(format!(
            "{source}: sqlite: is followed by a path, not a URL; write sqlite:sessions.db, or sqlite:/var/lib/shop/sessions.db"
        ));
    }
    Ok(Place::Sqlite(path.into()))
}

#[cfg(unix)]
fn path_of_bytes(url: &OsString) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    let path = url.as_bytes().get(b"sqlite:".len()..).unwrap_or_default();
    std::ffi::OsStr::from_bytes(path).to_owned()
}

#[cfg(not(unix))]
fn path_of_bytes(url: &OsString) -> OsString {
    let path = url.to_string_lossy();
    path.strip_prefix("sqlite:").unwrap_or_default().into()
}
