//! Sessions in Redis. *Raw* is redis-rs with the same commands, over one connection of the same
//! kind.

use std::hint::black_box;
use std::sync::Arc;

use redis::aio::ConnectionManager;
use redis::{Client, Script, cmd};
use servers::Redis;
use session_core::RecordKey;
use session_store_redis::RedisStore;
use tower_sessions_redis_store::RedisStore as PeersStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike as _, Config, Pool};

use super::flight::{Field, Operation};
use super::laid::{Laid, now};
use super::ours::{self, Versions};
use super::peers;
use crate::Job;

const READ: &str = "redis: read";
const WRITE: &str = "redis: write";

const FIELDS: [&str; 8] = [
    "dead", "version", "expires", "created", "seen", "owner", "label", "body",
];
/// The store's script.
const UPDATE: &str = concat!(
    include_str!("../../../stores/redis/src/scripts/order.lua"),
    include_str!("../../../stores/redis/src/scripts/stored.lua"),
    include_str!("../../../stores/redis/src/scripts/update.lua"),
);

peers::tower_sessions!(tower_sessions_core_14, "");

pub fn jobs() -> Vec<Job> {
    let Some(server) = Redis::start(&[]) else {
        return Vec::new();
    };
    let url = server.url();
    let field = Field::new(16, server);
    let client = Client::open(url.as_str()).unwrap();
    let connect = || field.wait(client.get_connection_manager()).unwrap();
    let laid = |prefix: &str| {
        field.wait(Laid::new(Arc::new(
            RedisStore::new(client.clone(), prefix).unwrap(),
        )))
    };

    let reads = laid("reads:");
    let keys = reads
        .records
        .iter()
        .map(|(key, _)| place("reads:", *key))
        .collect();
    let read = RawRead {
        connection: connect(),
        keys,
    };
    let records = Versions::new(&laid("raw:").records);
    let write = RawWrite {
        connection: connect(),
        update: Script::new(UPDATE),
        records,
        now: now(),
    };
    let peer = || Arc::new(PeersStore::new(field.wait(peers_pool(&url))));
    [
        field.row(READ, "raw", read),
        ours::reads(&field, READ, &reads),
        tower::reads(&field, READ, peer()),
        field.row(WRITE, "raw", write),
        ours::writes(&field, WRITE, &laid("direct:"), &laid("requests:")),
        tower::writes(&field, WRITE, peer()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// As its documentation recommends.
async fn peers_pool(url: &str) -> Pool {
    let pool = Pool::new(Config::from_url(url).unwrap(), None, None, None, 6).unwrap();
    drop(pool.connect());
    pool.wait_for_connect().await.unwrap();
    pool
}

fn place(prefix: &str, key: RecordKey) -> String {
    format!("{prefix}s:{}", key.to_text())
}

struct RawRead {
    connection: ConnectionManager,
    keys: Vec<String>,
}

impl Operation for RawRead {
    async fn once(&self, session: usize) {
        let mut load = cmd("HMGET");
        load.arg(&self.keys[session]).arg(&FIELDS);
        let values: Vec<Option<Vec<u8>>> = load
            .query_async(&mut self.connection.clone())
            .await
            .unwrap();
        assert!(black_box(values)[7].is_some());
    }
}

struct RawWrite {
    connection: ConnectionManager,
    update: Script,
    records: Versions,
    now: u64,
}

impl Operation for RawWrite {
    async fn once(&self, session: usize) {
        let (key, version, next) = self.records.next(session);
        let mut update = self.update.key(place("raw:", key));
        // Longer than the whole run; the numbers as the script takes them.
        update.arg(3_600_000);
        for number in [next.version, next.expires, next.created, next.seen] {
            update.arg(format!("{number:020}"));
        }
        update.arg("").arg("").arg(&*next.body);
        update
            .arg(format!("{version:020}"))
            .arg(format!("{:020}", self.now));
        let done: i64 = update
            .invoke_async(&mut self.connection.clone())
            .await
            .unwrap();
        assert_eq!(done, 1);
    }
}
