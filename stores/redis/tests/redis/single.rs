//! The contract on one server.

use std::sync::Arc;
use std::time::Duration;

use session_store::Store;
use session_store_redis::RedisStore;

use crate::{REDIS, connect, prefix};

async fn empty() -> Option<Arc<dyn Store>> {
    let connection = connect(&REDIS.as_ref()?.url(), Duration::from_secs(10)).await;
    Some(Arc::new(
        RedisStore::with_connection(connection, &prefix()).unwrap(),
    ))
}

session_store_conformance::conformance_tests!(empty);

/// The protocol RESP3, and a connection without a manager.
mod resp3 {
    use super::*;

    async fn empty() -> Option<Arc<dyn Store>> {
        let url = format!("{}/?protocol=resp3", REDIS.as_ref()?.url());
        let config =
            redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(10)));
        let client = redis::Client::open(url).unwrap();
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .unwrap();
        Some(Arc::new(
            RedisStore::with_connection(connection, &prefix()).unwrap(),
        ))
    }

    session_store_conformance::conformance_tests!(empty);
}
