//! Measures how long requests wait while a million expired sessions are removed, and before and after:
//!
//! ```text
//! cargo run --release -p session-store --example cleaning            SQLite
//! cargo run --release -p session-store --example cleaning postgres   a PostgreSQL of its own
//! ```
//!
//! A further argument is the number of expired sessions.
//!
//! A request is a read and a write of one of 10,000 live sessions, 200 of them a second. Compare only the figures of one run.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it prints what it measures"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places in a list"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{
    RecordKey, SecretKey, Sessions,
    protocol::{Loaded, Record, Updated},
};
use session_store::{Store, clean};
use session_store_postgres::PostgresStore;
use session_store_sqlite::SqliteStore;

const LIVE: u64 = 10_000;
const EVERY: Duration = Duration::from_millis(5);

#[tokio::main]
async fn main() {
    let sessions = Sessions::builder(SecretKey::generate().unwrap())
        .build_stored()
        .unwrap();
    let now = sessions.now();
    let folder = servers::Folder::new("cleaning");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let postgres = arguments
        .first()
        .is_some_and(|argument| argument == "postgres");
    let expired = arguments
        .last()
        .and_then(|number| number.parse().ok())
        .unwrap_or(1_000_000);
    let server = postgres.then(|| servers::Postgres::start(&[]).unwrap());
    let store: Arc<dyn Store> = match &server {
        None => {
            let path = folder.path().join("sessions.db");
            let store = SqliteStore::open(&path).unwrap();
            fill_sqlite(&path, expired, now);
            Arc::new(store)
        }
        Some(server) => {
            let config: tokio_postgres::Config = server.url().parse().unwrap();
            let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
            let pool = deadpool_postgres::Pool::builder(manager)
                .max_size(8)
                .build()
                .unwrap();
            let store = PostgresStore::with_connections(
                server.url().parse().unwrap(),
                tokio_postgres::NoTls,
                8,
            );
            store.create_schema().await.unwrap();
            fill_postgres(&pool, expired, now).await;
            Arc::new(store)
        }
    };
    println!("{expired} expired sessions, {LIVE} live ones");
    let mut load = Load {
        store: store.clone(),
        now,
        versions: vec![0; LIVE as usize],
        place: 0,
    };
    load.lay().await;

    measure(&mut load, Duration::from_secs(5)).await; // warm
    let before = measure(&mut load, Duration::from_secs(20)).await;
    let cleaning = tokio::spawn(clean(sessions, store.clone(), Duration::from_secs(3600)));
    let begun = Instant::now();
    let mut during = Vec::new();
    while store.delete_expired(now - 60, 1).await.unwrap() > 0 {
        during.extend(measure(&mut load, Duration::from_secs(10)).await);
    }
    println!("cleaned in {:?}", begun.elapsed());
    cleaning.abort();
    let after = measure(&mut load, Duration::from_secs(20)).await;

    let base = (
        percentile(&before, 50.0),
        percentile(&before, 99.0),
        percentile(&before, 99.9),
    );
    println!(
        "{:<16}{:>10}{:>10}{:>10}   ratios to before",
        "a request", "median", "p99", "p99.9"
    );
    for (name, times) in [
        ("before", &before),
        ("while cleaning", &during),
        ("after", &after),
    ] {
        let [median, high, highest] = [50.0, 99.0, 99.9].map(|percent| percentile(times, percent));
        let ratio = |part: Duration, whole: Duration| part.as_secs_f64() / whole.as_secs_f64();
        println!(
            "{name:<16}{median:>10.1?}{high:>10.1?}{highest:>10.1?}   {:.2} {:.2} {:.2}",
            ratio(median, base.0),
            ratio(high, base.1),
            ratio(highest, base.2)
        );
    }
}

struct Load {
    store: Arc<dyn Store>,
    now: u64,
    versions: Vec<u64>,
    place: usize,
}

impl Load {
    async fn lay(&self) {
        for number in 0..LIVE {
            let record = record(0, self.now);
            self.store
                .insert(key(number), &record, self.now)
                .await
                .unwrap();
        }
    }

    /// A read and a write. The sessions come up in an order that touches all of the file.
    async fn request(&mut self) {
        self.place = (self.place + 7_919) % self.versions.len();
        let (key, version) = (key(self.place as u64), &mut self.versions[self.place]);
        assert!(matches!(
            self.store.load(key, self.now).await.unwrap(),
            Loaded::Live(_)
        ));
        let next = record(*version + 1, self.now);
        assert_eq!(
            self.store
                .update(key, *version, &next, self.now)
                .await
                .unwrap(),
            Updated::Done
        );
        *version += 1;
    }
}

async fn measure(load: &mut Load, time: Duration) -> Vec<Duration> {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let end = Instant::now() + time;
    let mut times = Vec::new();
    while Instant::now() < end {
        ticks.tick().await;
        let begun = Instant::now();
        load.request().await;
        times.push(begun.elapsed());
    }
    times
}

fn percentile(times: &[Duration], percent: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[((sorted.len() - 1) as f64 * percent / 100.0) as usize]
}

/// As selectors' hashes: anywhere among the keys.
fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    RecordKey::from_bytes(bytes)
}

fn record(version: u64, now: u64) -> Record {
    let body = [7; 250].into();
    Record {
        version,
        expires: now + 86_400,
        created: now,
        seen: now,
        user: None,
        label: None,
        body,
    }
}

fn fill_sqlite(path: &std::path::Path, expired: u64, now: u64) {
    let file = rusqlite::Connection::open(path).unwrap();
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {expired})
         INSERT INTO sessions (key, version, expires, created, seen, seq, user, body)
         SELECT randomblob(32), i, {now} - 1000 - i % 100000, 1, 1, 1, CAST('user ' || i AS BLOB), randomblob(250) FROM n"
    );
    file.execute_batch(&rows).unwrap();
}

async fn fill_postgres(pool: &deadpool_postgres::Pool, expired: u64, now: u64) {
    let rows = format!(
        "INSERT INTO session_records (key, ver, seq, dead, expires, created, seen, user, body)
         SELECT sha256(i::text::bytea), i, i, false, {now} - 1000 - i % 100000, 1, 1, ('user ' || i)::bytea, \
                decode(repeat(md5(i::text), 16), 'hex') FROM generate_series(1, {expired}) AS i;
         ANALYZE session_records; CHECKPOINT"
    );
    pool.get()
        .await
        .unwrap()
        .batch_execute(&rows)
        .await
        .unwrap();
}
