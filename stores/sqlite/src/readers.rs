//! Connections that read by key, in the thread that asks: a hop to another costs several times what the read does.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::available_parallelism;
use std::time::Duration;

use rusqlite::Connection;
use session_core::{RecordKey, protocol::Loaded};
use session_store::StoreError;

use crate::error::{self, Growth};
use crate::files::Place;
use crate::{schema, statements};

/// More read at once only if they wait for the disk.
const MOST: usize = 16;

pub(crate) struct Readers {
    /// As many as threads can run at once.
    connections: Box<[Mutex<Connection>]>,
    next: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(place: &Place) -> Result<Self, StoreError> {
        let count = available_parallelism()
            .map_or(4, NonZero::get)
            .clamp(2, MOST);
        let connections = (0..count).map(|_| {
            let connection = schema::reader(place.path())?;
            // A request's thread waits for nobody: in this mode a reader meets a lock only when another process recovers
            // from a crash, and asks again.
            connection
                .busy_timeout(Duration::ZERO)
                .map_err(|error| error::opening(place.path(), error))?;
            Ok(Mutex::new(connection))
        });
        Ok(Self {
            connections: connections.collect::<Result<_, _>>()?,
            next: AtomicUsize::new(0),
        })
    }

    pub(crate) fn load(&self, key: RecordKey) -> Result<Loaded, StoreError> {
        statements::load(&self.connection(), key)
            .map_err(|error| error::asking(&error, Growth::Shrinks))
    }

    /// One that nobody uses, else the next that is given back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let count = self.connections.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed) % count;
        for turn in 0..count {
            match self.connections[(first + turn) % count].try_lock() {
                Ok(connection) => return connection,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.connections[first]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
