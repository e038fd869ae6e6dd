//! Group commit: the tasks that arrive while one transaction is written share the next one, so that many writers wait for the
//! disk once.
//!
//! Each task takes effect as a whole or not at all, and no caller gets a reply before the commit.

use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, ErrorCode};

use crate::files::Files;
use crate::thread::Task;

/// How long a transaction takes tasks in, and how many at most: the first of them waits for the others.
const LONGEST: Duration = Duration::from_millis(10);
const MOST: usize = 256;

type Tasks = Vec<Box<dyn Task>>;

/// The number of changed rows after which the log is written back. A row is several pages, with those of its indexes; the
/// more pages go to the disk together, the longer writes wait for it, as the example `cleaning` of session-store shows.
const ROWS: u64 = 50;

/// Carries out tasks until all senders are gone and the queue is empty. Signals `log` when there are rows to write back.
pub(crate) fn write(
    connection: &Connection,
    files: &Files,
    queue: &Receiver<Box<dyn Task>>,
    log: &SyncSender<()>,
) {
    let mut group = Tasks::new();
    let mut written_back = 0;
    while let Ok(first) = queue.recv() {
        if !first.is_awaited() {
            continue;
        }
        if let Err(gone) = files.check() {
            first.refuse(gone);
            continue;
        }
        if let Err(error) = begin(connection) {
            // The queued tasks have waited for this lock as well. A second wait for it would pass their deadlines.
            first.fail(&error);
            for task in queue.try_iter() {
                task.fail(&error);
            }
            continue;
        }
        let begun = Instant::now();
        let mut next = Some(first);
        // False once the transaction cannot be committed as it is; then each of its tasks gets one of its own.
        let mut intact = true;
        while let Some(mut task) = next {
            if task.is_awaited() {
                match task.run(connection) {
                    Ok(()) => group.push(task),
                    // SQLite undid the statement alone; those of the other tasks stay.
                    Err(error) if !connection.is_autocommit() && !is_full(&error) => {
                        task.fail(&error);
                    }
                    // SQLite rolled back the whole transaction, or it does not fit on the disk.
                    Err(_) => {
                        group.push(task);
                        intact = false;
                    }
                }
            }
            let more = intact && group.len() < MOST && begun.elapsed() < LONGEST;
            next = if more { queue.try_recv().ok() } else { None };
        }
        if intact && commit(connection).is_ok() {
            for task in group.drain(..) {
                task.reply();
            }
            let changes = connection.total_changes();
            if changes - written_back >= ROWS {
                written_back = changes;
                // If the channel is full, a signal is already waiting.
                let _ = log.try_send(());
            }
        } else {
            one_by_one(connection, &mut group);
        }
    }
}

/// Writes the log back into the database at each signal, until the sender is gone. Writers go on meanwhile: they wait
/// neither for the pages nor for the disk.
pub(crate) fn write_back(connection: &Connection, signals: &Receiver<()>) {
    for () in signals {
        checkpoint(connection);
    }
}

/// Copies pages of the log into the database. If that fails, the log grows, and the next checkpoint copies more.
fn checkpoint(connection: &Connection) {
    let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
}

/// Gives each task a transaction of its own, so that a task that fails fails alone.
fn one_by_one(connection: &Connection, group: &mut Tasks) {
    roll_back(connection);
    // Frees the pages of the log that are in the database: on a full disk they are the space that is left.
    checkpoint(connection);
    let mut tasks = group.drain(..);
    while let Some(mut task) = tasks.next() {
        if let Err(error) = begin(connection) {
            task.fail(&error);
            for task in tasks {
                task.fail(&error);
            }
            return;
        }
        let mut result = task.run(connection);
        if result.is_ok() {
            result = commit(connection);
        }
        match result {
            Ok(()) => task.reply(),
            Err(error) => {
                roll_back(connection);
                task.fail(&error);
            }
        }
    }
}

fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Begins a transaction, and takes the lock of the writer immediately: a transaction that has read before it writes cannot
/// wait for that lock, since the rows that it has read may be outdated when it gets the lock.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    Ok(())
}

fn commit(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

fn roll_back(connection: &Connection) {
    // SQLite may have rolled back by itself. If this fails, the next BEGIN fails as well, and reports it.
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
}
