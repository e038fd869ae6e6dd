//! Sessions in PostgreSQL. *Raw* is tokio-postgres with the same statements, over a pool of the
//! same size.

use std::hint::black_box;
use std::sync::Arc;

use deadpool_postgres::{Manager, Pool};
use servers::Postgres;
use session_core::RecordKey;
use session_store_postgres::PostgresStore;
use tokio_postgres::NoTls;

use super::flight::{Field, Operation};
use super::laid::{Laid, now};
use super::ours::{self, Versions};
use crate::Job;

const READ: &str = "postgres: read";
const WRITE: &str = "postgres: write";

const LOAD: &str = "SELECT dead, ver, expires, created, seen, owner, label, body FROM session_records WHERE key = $1";
/// The statement of the store.
const UPDATE: &str = "UPDATE session_records SET ver = $2, expires = GREATEST(expires, $3), created = $4, seen = $5, \
                      seq = CASE WHEN owner IS NOT DISTINCT FROM $6::bytea THEN seq WHEN $6::bytea IS NULL THEN 0 \
                      ELSE nextval('session_records_seq') END, owner = $6, label = $7, body = $8 \
                      WHERE key = $1 AND ver = $9 AND NOT dead AND expires > $10 RETURNING 1";

pub fn jobs() -> Vec<Job> {
    // The disk's time for a commit is not compared.
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return Vec::new();
    };
    let manager = Manager::new(server.url().parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(16).build().unwrap();
    let store = PostgresStore::new(server.url().parse().unwrap(), NoTls);
    let field = Field::new(16, server);
    let store = Arc::new(store);
    field.wait(store.create_schema()).unwrap();
    let laid = || field.wait(Laid::new(store.clone()));

    let reads = laid();
    let keys = reads.records.iter().map(|(key, _)| *key).collect();
    let read = RawRead {
        pool: pool.clone(),
        keys,
        now: time(now()),
    };
    let write = RawWrite {
        pool: pool.clone(),
        records: Versions::new(&laid().records),
        now: time(now()),
    };
    [
        field.row(READ, "raw", read),
        ours::reads(&field, READ, &reads),
        field.row(WRITE, "raw", write),
        ours::writes(&field, WRITE, &laid(), &laid()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct RawRead {
    pool: Pool,
    keys: Vec<RecordKey>,
    now: i64,
}

impl Operation for RawRead {
    async fn once(&self, session: usize) {
        let client = self.pool.get().await.unwrap();
        let load = client.prepare_cached(LOAD).await.unwrap();
        let row = client
            .query_one(&load, &[&&self.keys[session].as_bytes()[..]])
            .await
            .unwrap();
        let body: Vec<u8> = row.get(7);
        assert!(!black_box(body).is_empty() && row.get::<_, i64>(2) > self.now);
    }
}

struct RawWrite {
    pool: Pool,
    records: Versions,
    now: i64,
}

impl Operation for RawWrite {
    async fn once(&self, session: usize) {
        let (key, version, next) = self.records.next(session);
        let client = self.pool.get().await.unwrap();
        let update = client.prepare_cached(UPDATE).await.unwrap();
        let rows = client
            .query(
                &update,
                &[
                    &&key.as_bytes()[..],
                    &next.version.cast_signed(),
                    &time(next.expires),
                    &time(next.created),
                    &time(next.seen),
                    &next.user.as_deref().map(str::as_bytes),
                    &next.label.as_deref().map(str::as_bytes),
                    &&*next.body,
                    &version.cast_signed(),
                    &self.now,
                ],
            )
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
    }
}

fn time(second: u64) -> i64 {
    second.try_into().unwrap()
}
