//! Sessions in a file. *Raw* is the same version of SQLite in the calling thread, with the same
//! settings; for writes also in a thread of its own, with nothing but the statement and the way
//! there and back.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use servers::Folder;
use session_core::{RecordKey, protocol::Record};
use session_store_sqlite::SqliteStore;
use tokio::sync::oneshot;

use super::flight::{Field, Operation};
use super::laid::{Laid, now};
use super::ours::{self, Versions};
use crate::Job;

const READ: &str = "sqlite: read";
const WRITE: &str = "sqlite: write";

/// The settings of the store's writer.
const SETTINGS: &str = "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; \
                        PRAGMA journal_size_limit = 17825792; PRAGMA wal_autocheckpoint = 4000;";
/// The settings of the store's reader.
const LOAD: &str =
    "SELECT dead, version, expires, created, seen, owner, label, body FROM sessions WHERE key = ?1";
/// Does in one statement the work of the store's writer in two statements and a transaction.
const UPDATE: &str = "UPDATE sessions SET version = ?2, created = ?3, seen = ?4, label = ?5, body = ?6 \
                      WHERE key = ?1 AND version = ?7 AND NOT dead AND expires > ?8";

pub fn jobs() -> Vec<Job> {
    let folder = Rc::new(Folder::new("sqlite"));
    let path = |name: &str| folder.path().join(name);
    let open = |name: &str| Arc::new(SqliteStore::open(path(name)).unwrap());
    let connect = |name: &str| Mutex::new(Connection::open(path(name)).unwrap());
    let field = Field::new(16, folder.clone());
    let laid = |name: &str| field.wait(Laid::new(open(name)));

    let reads = laid("reads");
    let keys = |laid: &Laid| laid.records.iter().map(|(key, _)| *key).collect();
    let raw_read = |name: &str, keys| RawRead {
        connections: [connect(name), connect(name)],
        keys,
        now: time(now()),
    };
    let read = raw_read("reads", keys(&reads));

    // The stores that wrote these are closed.
    let raw = |name: &str| {
        let laid = laid(name);
        let connection = connect(name);
        connection.lock().unwrap().execute_batch(SETTINGS).unwrap();
        let write = RawWrite {
            connection,
            records: Versions::new(&laid.records),
            now: time(now()),
        };
        (write, keys(&laid))
    };
    let (write, _) = raw("raw");
    let in_thread = InThread::new(raw("thread").0, None);
    let (written, read_first) = raw("read and thread");
    let read_and_in_thread = InThread::new(written, Some(raw_read("read and thread", read_first)));
    let (direct, requests) = (laid("direct"), laid("requests"));

    [
        field.row(READ, "raw", read),
        ours::reads(&field, READ, &reads),
        field.row(WRITE, "raw", write),
        field.row(WRITE, "raw, in a thread", in_thread),
        field.row(WRITE, "raw, read and in a thread", read_and_in_thread),
        ours::writes(&field, WRITE, &direct, &requests),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct RawRead {
    /// As many connections as threads.
    connections: [Mutex<Connection>; 2],
    keys: Vec<RecordKey>,
    now: i64,
}

type Row = (
    bool,
    i64,
    i64,
    i64,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<u8>,
);

impl Operation for RawRead {
    async fn once(&self, session: usize) {
        let [one, other] = &self.connections;
        let connection = one
            .try_lock()
            .or_else(|_| other.lock().map_err(drop))
            .unwrap();
        let mut load = connection.prepare_cached(LOAD).unwrap();
        let row: Row = load
            .query_row([self.keys[session].as_bytes()], |row| row.try_into())
            .unwrap();
        assert!(!row.0 && black_box(row).2 > self.now);
    }
}

/// One connection, which all tasks use in turn: SQLite has one writer at a time, and with a
/// connection for each they would only wait for its lock, with pauses.
struct RawWrite {
    connection: Mutex<Connection>,
    records: Versions,
    now: i64,
}

impl Operation for RawWrite {
    async fn once(&self, session: usize) {
        self.write(self.records.next(session));
    }
}

impl RawWrite {
    fn write(&self, (key, version, next): (RecordKey, u64, Record)) {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let values = (
            key.as_bytes(),
            next.version.cast_signed(),
            time(next.created),
            time(next.seen),
            next.label.as_deref().map(str::as_bytes),
            &*next.body,
            version.cast_signed(),
            self.now,
        );
        assert_eq!(
            connection
                .prepare_cached(UPDATE)
                .unwrap()
                .execute(values)
                .unwrap(),
            1
        );
    }
}

/// The same connection in a thread, as in servers whose threads must not wait for a disk: the least
/// cost of a store's write and, with a raw read before it, of a request's.
struct InThread {
    sessions: Sender<(usize, oneshot::Sender<()>)>,
    read: Option<RawRead>,
}

impl InThread {
    fn new(write: RawWrite, read: Option<RawRead>) -> Self {
        let (sessions, queue) = channel::<(usize, oneshot::Sender<()>)>();
        thread::spawn(move || {
            for (session, done) in queue {
                write.write(write.records.next(session));
                done.send(()).unwrap();
            }
        });
        Self { sessions, read }
    }
}

impl Operation for InThread {
    async fn once(&self, session: usize) {
        if let Some(read) = &self.read {
            read.once(session).await;
        }
        let (done, written) = oneshot::channel();
        self.sessions.send((session, done)).unwrap();
        written.await.unwrap();
    }
}

fn time(second: u64) -> i64 {
    second.try_into().unwrap()
}
