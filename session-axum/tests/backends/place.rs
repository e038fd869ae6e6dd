//! The places of sessions, and the servers that use them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_axum::MemoryStore;
use session_axum::session_core::{
    RecordKey,
    protocol::{Loaded, Record},
};
use session_axum::session_store::Store;
use session_store_postgres::PostgresStore;
use session_store_redis::RedisStore;
use session_store_sqlite::SqliteStore;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_postgres::NoTls;

use crate::application::serve;
use crate::process::Process;

/// Servers are never asked for longer than this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A store and two servers; both are the same one where sessions are in a process.
pub(crate) struct Place {
    pub(crate) servers: [SocketAddr; 2],
    store: Arc<dyn Store>,
    // End with their handles.
    _processes: Vec<Process>,
}

/// The store at such an address, as each process opens it for itself.
pub(crate) async fn open(address: &str) -> Arc<dyn Store> {
    if let Some(file) = address.strip_prefix("sqlite:") {
        Arc::new(SqliteStore::open(file).unwrap())
    } else if address.starts_with("redis:") {
        Arc::new(RedisStore::new(redis::Client::open(address).unwrap(), "shop:sessions:").unwrap())
    } else {
        let store = PostgresStore::new(address.parse().unwrap(), NoTls);
        store.create_schema().await.unwrap();
        Arc::new(store)
    }
}

impl Place {
    /// In this process.
    pub(crate) async fn memory() -> Self {
        let store = Arc::new(MemoryStore::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        // Ends with the test's runtime.
        tokio::spawn(serve(listener, store.clone()));
        Self {
            servers: [server; 2],
            store,
            _processes: Vec::new(),
        }
    }

    /// Two processes that share what is at this address. They begin at once.
    pub(crate) async fn shared(address: &str) -> Self {
        let mut processes = [Process::start(address), Process::start(address)];
        let servers = processes.each_mut().map(Process::server);
        Self {
            servers,
            store: open(address).await,
            _processes: processes.into(),
        }
    }

    /// The live record behind this cookie, whoever may open it.
    pub(crate) async fn record(&self, cookie: &str) -> Option<Record> {
        // See session-core's `stored::id`: 16 octets of 48 are the selector, whose digest is the key.
        let id = URL_SAFE_NO_PAD
            .decode(&cookie["__Host-session=".len()..][..64])
            .unwrap();
        let key = RecordKey::from_bytes(Sha256::digest(&id[..16]).into());
        match self.store.load(key, now()).await.unwrap() {
            Loaded::Live(record) => Some(record),
            _ => None,
        }
    }

    /// How many live sessions somebody has.
    pub(crate) async fn sessions_of(&self, user: &str) -> usize {
        self.store.list(user, 100, now()).await.unwrap().len()
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
