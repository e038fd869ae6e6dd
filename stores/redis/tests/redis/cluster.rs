//! The contract on a cluster of three servers, which refuses a script that touches two slots; and failovers.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use servers::Cluster;
use session_core::protocol::{Outcome, Record};
use session_store::{Durability, Store};
use session_store_redis::RedisStore;

use crate::browser::{Load, source};
use crate::permissions::{PREFIX, asked, documented};
use crate::{HOUR, NOW, key, prefix, record};

/// Enough records for each server to have some.
const RECORDS: u64 = 50;

static CLUSTER: LazyLock<Option<Cluster>> = LazyLock::new(|| Cluster::start(3, 0));

async fn connect(cluster: &Cluster, patience: Duration) -> ClusterConnection {
    let client = ClusterClientBuilder::new(cluster.urls())
        .response_timeout(patience)
        .connection_timeout(patience)
        .build()
        .unwrap();
    client.get_async_connection().await.unwrap()
}

async fn empty() -> Option<Arc<dyn Store>> {
    let connection = connect(CLUSTER.as_ref()?, Duration::from_secs(10)).await;
    Some(Arc::new(
        RedisStore::with_connection(connection, &prefix()).unwrap(),
    ))
}

session_store_conformance::conformance_tests!(empty);

/// The durability is that of the weakest server.
#[tokio::test]
async fn tells_what_the_weakest_node_survives() {
    let Some(cluster) = Cluster::start(3, 0) else {
        return;
    };
    let store =
        RedisStore::with_connection(connect(&cluster, Duration::from_secs(10)).await, "test:")
            .unwrap();
    store.check().await.unwrap();
    assert_eq!(store.durability().await.unwrap(), Durability::Process);
    for (number, node) in cluster.nodes.iter().enumerate() {
        node.ask(&["CONFIG", "SET", "appendfsync", "always"]);
        assert_eq!(node.ask(&["CONFIG", "SET", "appendonly", "yes"]), "OK");
        let expected = if number < 2 {
            Durability::Process
        } else {
            Durability::LastMoments
        };
        assert_eq!(store.durability().await.unwrap(), expected);
    }
    cluster.nodes[1].ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    assert!(store.check().await.unwrap_err().is_refused());
}

/// The guide's permissions, and the one that a cluster's client needs, are enough.
#[tokio::test]
async fn few_permissions_are_enough() {
    let Some(cluster) = &*CLUSTER else {
        return;
    };
    let rules = documented();
    for node in &cluster.nodes {
        assert_eq!(node.ask(&rules), "OK");
        assert_eq!(
            node.ask(&["ACL", "SETUSER", rules[2], "+cluster|slots"]),
            "OK"
        );
    }
    let client = ClusterClientBuilder::new(cluster.urls())
        .username(rules[2])
        .password("password")
        .response_timeout(Duration::from_secs(10))
        .connection_timeout(Duration::from_secs(10));
    let connection = client
        .build()
        .unwrap()
        .get_async_connection()
        .await
        .unwrap();
    let store = RedisStore::with_connection(connection, PREFIX).unwrap();
    store.check().await.unwrap();
    asked(&store).await.unwrap();
}

/// The store's own connections reach records in every slot.
async fn with_records(cluster: &Cluster) -> Arc<RedisStore> {
    let client = ClusterClientBuilder::new(cluster.urls()).build().unwrap();
    let store = RedisStore::cluster(client, "test:").unwrap();
    let expires = NOW + 1000 * HOUR;
    for number in 0..RECORDS {
        store
            .insert(
                key(number),
                &Record {
                    expires,
                    ..record(number, None)
                },
                NOW,
            )
            .await
            .unwrap();
    }
    Arc::new(store)
}

/// Waits until every slot is served again.
async fn each_answers(store: &RedisStore) {
    for number in 0..RECORDS {
        let mut attempts = 0;
        let touched = loop {
            match store.touch(key(number), 0, NOW).await {
                Ok(touched) => break touched,
                Err(error) => assert!(attempts < 120, "{error}"),
            }
            attempts += 1;
            tokio::time::sleep(Duration::from_millis(250)).await;
        };
        assert_eq!(touched, Outcome::Done);
    }
}

/// A primary dies and its replica takes over: the store recovers by itself. No write takes effect twice, and writes
/// acknowledged some time before are stored; the last moments may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goes_on_after_a_failover() {
    let Some(mut cluster) = Cluster::start(3, 1) else {
        return;
    };
    let store = with_records(&cluster).await;
    let load = Load::start([source(store.clone()), source(store.clone())]).await;
    load.until_answered(100).await;
    let before = load.acknowledged();
    // By then the replicas have these writes: they are milliseconds late.
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.nodes[0].kill();
    each_answers(&store).await;
    let reached = load.acknowledged();
    load.until_answered(reached + 100).await;
    load.stop()
        .await
        .counts_once_but_for_a_failover(before)
        .await;
}

/// A primary hangs, so that its connections stay open, and its replica takes over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaves_a_hung_primary() {
    let Some(cluster) = Cluster::start(3, 1) else {
        return;
    };
    let store = with_records(&cluster).await;
    // By then the replicas have these writes.
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.nodes[0].hang();
    each_answers(&store).await;
    cluster.nodes[0].go_on();
}
