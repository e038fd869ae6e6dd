//! Our stores, called directly, and our requests: the work of an adapter for one request.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use session_core::{
    RecordKey,
    protocol::{Loaded, Record, Updated},
};
use session_store::{SessionBackend, Store};

use super::flight::{Field, Operation};
use super::laid::{Laid, now};
use crate::Job;
use crate::payload::KEY;

const STORE: &str = "ours, the store";
const REQUEST: &str = "ours, a request";

/// Returns the rows of a table of reads. A read changes nothing, so they share their sessions.
pub fn reads(field: &Field, group: &'static str, laid: &Laid) -> Vec<Job> {
    let keys = laid.records.iter().map(|(key, _)| *key).collect();
    let load = Load {
        store: laid.store.clone(),
        keys,
        now: now(),
    };
    let read = Read {
        source: laid.source.clone(),
        requests: laid.requests.clone(),
    };
    [
        field.row(group, STORE, load),
        field.row(group, REQUEST, read),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the rows of a table of writes, each with sessions of its own.
pub fn writes(field: &Field, group: &'static str, direct: &Laid, requests: &Laid) -> Vec<Job> {
    let update = Update {
        store: direct.store.clone(),
        records: Versions::new(&direct.records),
        now: now(),
    };
    let counts = requests
        .requests
        .iter()
        .map(|_| AtomicI64::new(0))
        .collect();
    let write = Write {
        source: requests.source.clone(),
        requests: requests.requests.clone(),
        counts,
    };
    [
        field.row(group, STORE, update),
        field.row(group, REQUEST, write),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Records that are overwritten repeatedly. Only their version changes.
pub struct Versions(Vec<(RecordKey, Record, AtomicI64)>);

impl Versions {
    pub fn new(records: &[(RecordKey, Record)]) -> Self {
        let version = |record: &Record| AtomicI64::new(record.version.cast_signed());
        Self(
            records
                .iter()
                .map(|(key, record)| (*key, record.clone(), version(record)))
                .collect(),
        )
    }

    /// Its key, its current version, and the next record to write.
    pub fn next(&self, session: usize) -> (RecordKey, u64, Record) {
        let (key, record, version) = &self.0[session];
        let old = version.fetch_add(1, Ordering::Relaxed);
        (
            *key,
            old.cast_unsigned(),
            Record {
                version: old.wrapping_add(1).cast_unsigned(),
                ..record.clone()
            },
        )
    }
}

struct Load {
    store: Arc<dyn Store>,
    keys: Vec<RecordKey>,
    now: u64,
}

impl Operation for Load {
    async fn once(&self, session: usize) {
        let loaded = self.store.load(self.keys[session], self.now).await.unwrap();
        assert!(matches!(black_box(loaded), Loaded::Live(_)));
    }
}

struct Update {
    store: Arc<dyn Store>,
    records: Versions,
    now: u64,
}

impl Operation for Update {
    async fn once(&self, session: usize) {
        let (key, version, record) = self.records.next(session);
        assert_eq!(
            self.store
                .update(key, version, &record, self.now)
                .await
                .unwrap(),
            Updated::Done
        );
    }
}

struct Read {
    source: SessionBackend,
    requests: Vec<HeaderMap>,
}

impl Operation for Read {
    async fn once(&self, session: usize) {
        let exchange = self.source.exchange(&self.requests[session]);
        let session = self.source.open(&exchange).await.unwrap();
        assert!(session.get::<i64>(KEY).unwrap().is_some());
        let mut response = HeaderMap::new();
        self.source
            .close(exchange)
            .await
            .apply(&mut response)
            .unwrap();
        assert!(!response.contains_key(http::header::SET_COOKIE));
    }
}

struct Write {
    source: SessionBackend,
    requests: Vec<HeaderMap>,
    /// The last cookie of each session.
    counts: Vec<AtomicI64>,
}

impl Operation for Write {
    async fn once(&self, session: usize) {
        let exchange = self.source.exchange(&self.requests[session]);
        let count = self
            .source
            .open(&exchange)
            .await
            .unwrap()
            .increment(KEY, 1)
            .unwrap();
        self.source
            .close(exchange)
            .await
            .apply(&mut HeaderMap::new())
            .unwrap();
        let last = self.counts[session].swap(count, Ordering::Relaxed);
        assert!(last == 0 || count == last + 1);
    }
}
