//! The databases of `--store`: SQLite, Redis and PostgreSQL, with the feature `stores`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use session_store::Store;
use session_store_postgres::PostgresStore;
use session_store_redis::RedisStore;
use session_store_sqlite::SqliteStore;

/// A database that can hold the sessions.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite, in this file.
    Sqlite(PathBuf),
    /// Redis, at this URL.
    Redis(String),
    /// PostgreSQL, at this URL.
    Postgres(String),
}

/// Prints no URL: it may contain a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Redis(_) => f.write_str("Redis(hidden)"),
            Self::Postgres(_) => f.write_str("Postgres(hidden)"),
        }
    }
}

impl Database {
    /// Reads a value of `--store`, split at its first colon. Returns `None` if it names no database.
    pub(crate) fn parse(scheme: &str, rest: &str) -> Option<Result<Self, String>> {
        let is_url = rest.starts_with("//");
        Some(match scheme {
            "sqlite" if rest.is_empty() => Err(
                "--store sqlite: expects the path of a file, which is created if it does not exist. \
                 Write for example --store sqlite:sessions.db."
                    .to_owned(),
            ),
            "sqlite" if is_url => Err(
                "--store sqlite: expects a path, not a URL. Write for example --store sqlite:sessions.db, or \
                 --store sqlite:/var/lib/tour/sessions.db."
                    .to_owned(),
            ),
            "sqlite" => Ok(Self::Sqlite(rest.into())),
            "redis" if is_url => redis_at(format!("{scheme}:{rest}")),
            "rediss" => Err(
                "--store takes no rediss: URL: the tour is built without TLS. Use redis:// to a Redis on this \
                 machine or on a network that you trust."
                    .to_owned(),
            ),
            "postgres" | "postgresql" if is_url => postgres_at(scheme, format!("{scheme}:{rest}")),
            _ => return None,
        })
    }

    /// Returns the place of the sessions, for the page and for errors.
    pub(crate) const fn place(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "an SQLite file",
            Self::Redis(_) => "Redis",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// Returns what to check if the database cannot be used.
    pub(crate) const fn advice(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Redis(_) | Self::Postgres(_) => {
                "Is it running, and are host, port, user and password right? "
            }
        }
    }

    /// Tells whether expired records stay until the application removes them.
    pub(crate) const fn is_cleaned_by_us(&self) -> bool {
        matches!(self, Self::Sqlite(_) | Self::Postgres(_))
    }

    /// Opens the store, ready for use.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, crate::start::Failure> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path)?),
            Self::Redis(url) => {
                let store = RedisStore::new(redis::Client::open(url.as_str())?, "tour:")?;
                store.check().await?;
                Arc::new(store)
            }
            Self::Postgres(url) => {
                let store = PostgresStore::new(url.parse()?, tokio_postgres::NoTls);
                store.create_schema().await?;
                Arc::new(store)
            }
        })
    }
}

// The URL parsers' errors may quote the URL, so they are not passed on.

fn redis_at(url: String) -> Result<Database, String> {
    if redis::parse_redis_url(&url).is_some() && redis::Client::open(url.as_str()).is_ok() {
        return Ok(Database::Redis(url));
    }
    Err("--store cannot read the URL after redis: (not shown, since it may hold a password). Expected \
         redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER], as in redis://127.0.0.1:6379."
        .to_owned())
}

fn postgres_at(scheme: &str, url: String) -> Result<Database, String> {
    match url.parse::<tokio_postgres::Config>() {
        Ok(config) if !config.get_hosts().is_empty() => Ok(Database::Postgres(url)),
        _ => Err(format!(
            "--store cannot read the URL after {scheme}: (not shown, since it may hold a password). Expected \
             postgres://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE], as in postgres://tour@127.0.0.1/tour."
        )),
    }
}
