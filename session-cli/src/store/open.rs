//! Opens the store that a URL names. A look creates no file and no table.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use session_store::Store;
use tokio::runtime::Runtime;

use crate::Failure;
use crate::options::Options;
use crate::store::place::Place;

/// Opens the store. Redis and PostgreSQL are connected by the first request.
pub(crate) fn store(
    place: Place,
    options: &Options,
    runtime: &Runtime,
) -> Result<Arc<dyn Store>, Failure> {
    // The connections' tasks belong to it.
    let _guard = runtime.enter();
    match place {
        Place::Sqlite(path) => {
            exists(&path).map_err(Failure::Refused)?;
            sqlite(&path)
        }
        Place::Redis(url) => redis(&url, options.redis_prefix.as_deref().unwrap_or_default()),
        Place::Postgres(url) => postgres(&url, options.table.as_deref()),
    }
}

/// Returns the error of a store that gave no answer.
pub(crate) fn failed(name: &str, reason: &str) -> String {
    let advice = match name {
        "SQLite" => "",
        _ => "; is it running, and are host, port, user, password and database of the URL right?",
    };
    format!("the store in {name} cannot be used: {reason}{advice}")
}

/// Checks that the file is a database: the store would create one.
fn exists(path: &Path) -> Result<(), String> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    let shown = path.display();
    let remedy = "give the path that the application opens";
    let mut head = [0; MAGIC.len()];
    let read = match fs::metadata(path) {
        Ok(file) if !file.is_file() => return Err(format!("{shown} is not a file; {remedy}")),
        Ok(_) => fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)),
        Err(error) => return Err(format!("there is no store at {shown}: {error}; {remedy}")),
    };
    match read {
        Ok(()) if head == *MAGIC => Ok(()),
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(format!(
            "{shown} cannot be read: {error}; run this as the application's user"
        )),
        _ => Err(format!("{shown} is not an SQLite database; {remedy}")),
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &Path) -> Result<Arc<dyn Store>, Failure> {
    match session_store_sqlite::SqliteStore::open(path) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Failure::Refused(super::causes(&error))),
    }
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &Path) -> Result<Arc<dyn Store>, Failure> {
    Err(without("SQLite", "sqlite"))
}

#[cfg(feature = "redis")]
fn redis(url: &str, prefix: &str) -> Result<Arc<dyn Store>, Failure> {
    // The error of the URL's parser may quote the URL, so it is not passed on.
    let Ok(client) = redis::Client::open(url) else {
        return Err(unreadable(
            "redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER], as in redis://127.0.0.1:6379",
        ));
    };
    match session_store_redis::RedisStore::new(client, prefix) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Failure::Usage(format!("--redis-prefix: {error}"))),
    }
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str, _: &str) -> Result<Arc<dyn Store>, Failure> {
    Err(without("Redis", "redis"))
}

#[cfg(feature = "postgres")]
fn postgres(url: &str, table: Option<&str>) -> Result<Arc<dyn Store>, Failure> {
    use tokio_postgres::config::SslMode;

    let Ok(config) = url.parse::<tokio_postgres::Config>() else {
        return Err(unreadable(
            "postgres://USER[:PASSWORD]@HOST[:PORT][/DATABASE], as in postgres://shop@127.0.0.1/shop",
        ));
    };
    if config.get_ssl_mode() == SslMode::Require {
        return Err(Failure::Usage(
            "sslmode=require in the URL: this program has no TLS; run it where the connection needs none, or through a \
             tunnel (ssh -L)"
                .to_owned(),
        ));
    }
    // One connection is enough for one request after the other.
    let store =
        session_store_postgres::PostgresStore::with_connections(config, tokio_postgres::NoTls, 1);
    let Some(table) = table else {
        return Ok(Arc::new(store));
    };
    match store.table(table) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Failure::Usage(format!("--table: {error}"))),
    }
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: Option<&str>) -> Result<Arc<dyn Store>, Failure> {
    Err(without("PostgreSQL", "postgres"))
}

#[cfg(any(feature = "redis", feature = "postgres"))]
fn unreadable(expected: &str) -> Failure {
    Failure::Usage(format!(
        "the URL of the store cannot be read (it is not shown, since it may hold a password); expected {expected}"
    ))
}

#[cfg(not(all(feature = "sqlite", feature = "redis", feature = "postgres")))]
fn without(name: &str, feature: &str) -> Failure {
    Failure::Usage(format!(
        "this program was built without {name}; build it with it: cargo install session-cli --features {feature}"
    ))
}
