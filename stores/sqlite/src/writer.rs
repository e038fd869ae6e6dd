//! Group commit: what is asked while a transaction is written goes into the next one together. Each task is whole or nothing,
//! and nobody gets an answer before the commit.

use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, ErrorCode};

use crate::files::Place;
use crate::thread::Task;

/// A transaction takes in what is asked until then, so that nobody waits long for the others.
const LONGEST: Duration = Duration::from_millis(10);
const MOST: usize = 256;

type Tasks = Vec<Box<dyn Task>>;

/// After so many changed rows the log is written back. Each changes a few pages, as its indexes do; with more of them at once
/// the disk keeps writes waiting for longer, which the example `cleaning` shows.
const ROWS: u64 = 50;

/// Serves until all senders are gone and nothing is left to do. Tells `log` when there is something to be written back.
pub(crate) fn write(
    connection: &Connection,
    place: &Place,
    queue: &Receiver<Box<dyn Task>>,
    log: &SyncSender<()>,
) {
    let mut group = Tasks::new();
    let mut written_back = 0;
    while let Ok(first) = queue.recv() {
        if !first.is_awaited() {
            continue;
        }
        if let Err(gone) = place.check() {
            first.refuse(gone);
            continue;
        }
        if let Err(error) = begin(connection) {
            // Those who came meanwhile have waited as well; another wait for the same lock would outlast their patience.
            first.fail(&error);
            queue.try_iter().for_each(|task| task.fail(&error));
            continue;
        }
        let begun = Instant::now();
        let mut next = Some(first);
        let mut intact = true;
        while let Some(mut task) = next {
            if task.is_awaited() {
                match task.run(connection) {
                    Ok(()) => group.push(task),
                    // The statement had no effect; the others' stay.
                    Err(error) if !connection.is_autocommit() && !is_full(&error) => {
                        task.fail(&error)
                    }
                    // The whole transaction is gone, or has no room.
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
            group.drain(..).for_each(Task::answer);
            let changes = connection.total_changes();
            if changes - written_back >= ROWS {
                written_back = changes;
                // If it is busy, it has been told already.
                let _ = log.try_send(());
            }
        } else {
            one_by_one(connection, &mut group);
        }
    }
}

/// Writes the log back into the database whenever it is told to, while others write: they wait neither for the pages nor
/// for the disk. Until the sender is gone.
pub(crate) fn write_back(connection: &Connection, told: &Receiver<()>) {
    for () in told {
        check_point(connection);
    }
}

/// Where it fails, the log grows, and the next one does more.
fn check_point(connection: &Connection) {
    let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
}

/// Nothing of these was done together. What fails now fails alone.
fn one_by_one(connection: &Connection, group: &mut Tasks) {
    roll_back(connection);
    // Pages of the log whose content is in the database by now can be written over.
    check_point(connection);
    let mut tasks = group.drain(..);
    while let Some(mut task) = tasks.next() {
        if let Err(error) = begin(connection) {
            task.fail(&error);
            tasks.for_each(|task| task.fail(&error));
            return;
        }
        match task.run(connection).and_then(|()| commit(connection)) {
            Ok(()) => task.answer(),
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

/// Takes the lock of the writer at once: a transaction that reads first and then finds somebody writing cannot wait.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("BEGIN IMMEDIATE")?
        .execute([])
        .map(drop)
}

fn commit(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("COMMIT")?.execute([]).map(drop)
}

fn roll_back(connection: &Connection) {
    // SQLite may have done it already. Where it fails, the next BEGIN does as well.
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
}
