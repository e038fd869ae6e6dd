//! A server for all tests, a table for each, and a browser.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use deadpool_postgres::{Manager, Pool};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use servers::Postgres;
use session_core::{Error, RecordKey, SecretKey, Session, Sessions, protocol::Record};
use session_store::{SessionBackend, Store};
use session_store_postgres::PostgresStore;
use tokio_postgres::{Config, NoTls};

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const HOUR: u64 = 60 * 60;

/// One server for this process, with enough connections for all tests in parallel.
pub(crate) fn server() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    let settings = || {
        [
            &Postgres::FAST[..],
            &["max_connections=400", "shared_buffers=64MB"],
        ]
        .concat()
    };
    SERVER.get_or_init(|| Postgres::start(&settings())).as_ref()
}

pub(crate) fn pool(port: u16, size: usize) -> Pool {
    pool_with(port, size, "")
}

/// Returns a configuration with settings of the connections, such as `-c lock_timeout=1s`.
pub(crate) fn pool_with(port: u16, size: usize, options: &str) -> Pool {
    let mut config = config(port);
    config.options(options);
    Pool::builder(Manager::new(config, NoTls))
        .max_size(size)
        .build()
        .unwrap()
}

pub(crate) fn config(port: u16) -> Config {
    let mut config = Config::new();
    config
        .host("127.0.0.1")
        .port(port)
        .user("postgres")
        .dbname("postgres");
    config
}

/// Returns a name that no other test has.
pub(crate) fn table() -> String {
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    format!("table_{}", TABLES.fetch_add(1, Ordering::Relaxed))
}

/// Returns a store with connections and a table of its own on the common server.
pub(crate) async fn store() -> Option<(PostgresStore, String)> {
    let (config, table) = (config(server()?.port()), table());
    let store = PostgresStore::new(config, NoTls).table(&table).unwrap();
    store.create_schema().await.unwrap();
    Some((store, table))
}

pub(crate) async fn run(pool: &Pool, sql: &str) {
    pool.get().await.unwrap().batch_execute(sql).await.unwrap();
}

pub(crate) async fn number(pool: &Pool, sql: &str) -> i64 {
    pool.get()
        .await
        .unwrap()
        .query_one(sql, &[])
        .await
        .unwrap()
        .get(0)
}

pub(crate) fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    RecordKey::from_bytes(bytes)
}

/// A record that is live for an hour.
pub(crate) fn record(version: u64, user: Option<&str>) -> Record {
    let body = version.to_le_bytes().into();
    let user = user.map(Into::into);
    Record {
        version,
        expires: NOW + HOUR,
        created: NOW,
        seen: NOW,
        user,
        label: None,
        body,
    }
}

pub(crate) fn source(store: impl Store) -> SessionBackend {
    SessionBackend::stored(
        Sessions::builder(SecretKey::generate().unwrap())
            .build_stored()
            .unwrap(),
        Arc::new(store),
    )
}

/// A browser that stores one session's cookie, and remembers each value that it was given.
#[derive(Default)]
pub(crate) struct Browser {
    cookies: Mutex<Vec<String>>,
}

impl Browser {
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.cookies.lock().unwrap().clone()
    }

    pub(crate) async fn visit<T>(
        &self,
        source: &SessionBackend,
        handler: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut request = HeaderMap::new();
        if let Some(cookie) = self.cookies.lock().unwrap().last() {
            request.insert(COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        let exchange = source.exchange(&request);
        let session = source.open(&exchange).await?;
        let result = handler(&session)?;
        let mut response = HeaderMap::new();
        source.close(exchange).await.apply(&mut response)?;
        if let Some(set) = response.get(SET_COOKIE) {
            let cookie = set.to_str().unwrap().split(';').next().unwrap();
            self.cookies.lock().unwrap().push(cookie.to_owned());
        }
        Ok(result)
    }
}
