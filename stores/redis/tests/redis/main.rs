//! The Redis store: the contract on one server and on a cluster, its data, its costs, and the faults that it survives.

#![allow(clippy::unwrap_used, clippy::panic)]

mod browser;
mod cluster;
mod connections;
mod costs;
mod errors;
mod faults;
mod full;
mod permissions;
mod single;
mod startup;
mod stored;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use servers::Redis;
use session_core::{RecordKey, protocol::Record};
use session_store_redis::RedisStore;

const NOW: u64 = 1_700_000_000;
const HOUR: u64 = 60 * 60;

/// A server for tests that do not change its configuration.
static REDIS: LazyLock<Option<Redis>> = LazyLock::new(|| Redis::start(&[]));

/// Returns a prefix that no other test has.
fn prefix() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("test-{}:", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Connects as the documentation of the store recommends. With patience, since a busy machine is no fault.
async fn connect(url: &str, patience: Duration) -> ConnectionManager {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(patience))
        .set_connection_timeout(Some(patience))
        .set_min_delay(Duration::from_millis(20))
        .set_max_delay(Duration::from_millis(200));
    let client = redis::Client::open(url).unwrap();
    client
        .get_connection_manager_with_config(config)
        .await
        .unwrap()
}

async fn store(redis: &Redis, prefix: &str) -> RedisStore<ConnectionManager> {
    RedisStore::with_connection(connect(&redis.url(), Duration::from_secs(10)).await, prefix)
        .unwrap()
}

fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    RecordKey::from_bytes(bytes)
}

/// A record that is live for an hour.
fn record(version: u64, user: Option<&str>) -> Record {
    let user = user.map(Into::into);
    Record {
        version,
        expires: NOW + HOUR,
        created: NOW,
        seen: NOW,
        user,
        label: None,
        body: [7; 100].into(),
    }
}
