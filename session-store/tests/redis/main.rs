//! The store contract on a Redis.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use servers::Redis;
use session_store::{RedisStore, Store};

static REDIS: LazyLock<Option<Redis>> = LazyLock::new(|| Redis::start(&[]));

/// No two tests have the same one.
fn prefix() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("test-{}:", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn connect(url: &str) -> ConnectionManager {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(Duration::from_secs(10)))
        .set_min_delay(Duration::from_millis(20))
        .set_max_delay(Duration::from_millis(200));
    let client = redis::Client::open(url).unwrap();
    client.get_connection_manager_with_config(config).await.unwrap()
}

async fn empty() -> Option<Arc<dyn Store>> {
    let connection = connect(&REDIS.as_ref()?.url()).await;
    Some(Arc::new(RedisStore::new(connection, &prefix()).unwrap()))
}

session_store::conformance_tests!(empty);
