//! Connections that read by key, in the calling thread: handing the read to another thread costs several times as much as the
//! read itself.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::available_parallelism;
use std::time::Duration;

use rusqlite::Connection;
use session_core::{RecordKey, protocol::Loaded};
use session_store::StoreError;

use crate::error::{self, SpaceNeed};
use crate::files::Files;
use crate::{schema, statements};

/// The limit on connections. More reads than this are concurrent only while they wait for the disk.
const MOST: usize = 16;

// A connection is used by one thread at a time, which its mutex ensures. A reader holds no lock of the database between two
// reads, so it never delays the writer or a checkpoint for longer than one statement.
pub(crate) struct Readers {
    /// One for each thread that can run at the same time.
    connections: Box<[Mutex<Connection>]>,
    next: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(files: &Files) -> Result<Self, StoreError> {
        let threads = available_parallelism().map_or(4, NonZero::get);
        let mut connections = Vec::new();
        for _ in 0..threads.clamp(2, MOST) {
            let connection = schema::reader(files.path())?;
            // A request's thread never sleeps for a lock. With a write-ahead log a reader meets one only while another
            // process recovers from a crash; then the read fails, and is tried again.
            if let Err(error) = connection.busy_timeout(Duration::ZERO) {
                return Err(error::OpenError::from(error).at(files.path()));
            }
            connections.push(Mutex::new(connection));
        }
        Ok(Self {
            connections: connections.into(),
            next: AtomicUsize::new(0),
        })
    }

    pub(crate) fn load(&self, key: RecordKey) -> Result<Loaded, StoreError> {
        match statements::load(&self.connection(), key) {
            Ok(loaded) => Ok(loaded),
            Err(error) => Err(error::verb(&error, SpaceNeed::Shrinks)),
        }
    }

    /// Returns a free connection. If all are in use, waits for one of them.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let count = self.connections.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed) % count;
        for turn in 0..count {
            match self.connections[(first + turn) % count].try_lock() {
                Ok(connection) => return connection,
                // A panic between two statements leaves the connection as good as before.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.connections[first]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
