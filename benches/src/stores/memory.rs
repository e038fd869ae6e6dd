//! Sessions in this process. *Raw* is a map behind a lock.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, Mutex};

use session_core::{RecordKey, protocol::Record};
use session_store::MemoryStore;

use super::flight::{Field, Operation};
use super::laid::{Laid, now};
use super::{ours, peers};
use crate::Job;

const READ: &str = "memory: read";
const WRITE: &str = "memory: write";

peers::tower_sessions!(tower_sessions, "");

pub fn jobs() -> Vec<Job> {
    let field = Field::new(256, ());
    let lay = || field.wait(Laid::new(Arc::new(MemoryStore::new())));
    let laid = lay();
    let map = || Mutex::new(laid.records.iter().cloned().collect());
    let keys = laid.records.iter().map(|(key, _)| *key).collect();
    let read = RawRead {
        map: map(),
        keys,
        now: now(),
    };
    let write = RawWrite {
        map: map(),
        records: ours::Versions::new(&laid.records),
        now: now(),
    };
    let peer = || Arc::new(tower_sessions::MemoryStore::default());
    [
        field.row(READ, "raw", read),
        ours::reads(&field, READ, &laid),
        tower::reads(&field, READ, peer()),
        field.row(WRITE, "raw", write),
        ours::writes(&field, WRITE, &lay(), &lay()),
        tower::writes(&field, WRITE, peer()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct RawRead {
    map: Mutex<HashMap<RecordKey, Record>>,
    keys: Vec<RecordKey>,
    now: u64,
}

impl Operation for RawRead {
    async fn once(&self, session: usize) {
        let found = self.map.lock().unwrap().get(&self.keys[session]).cloned();
        assert!(black_box(found).is_some_and(|record| record.expires > self.now));
    }
}

struct RawWrite {
    map: Mutex<HashMap<RecordKey, Record>>,
    records: ours::Versions,
    now: u64,
}

impl Operation for RawWrite {
    async fn once(&self, session: usize) {
        let (key, version, next) = self.records.next(session);
        let mut map = self.map.lock().unwrap();
        let found = map.get_mut(&key).unwrap();
        assert!(found.version == version && found.expires > self.now);
        *found = next;
    }
}
