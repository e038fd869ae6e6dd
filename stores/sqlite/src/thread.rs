//! A thread with a connection of its own, for work that would block a request's thread: writes, and reads of many rows.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use session_store::StoreError;
use tokio::sync::oneshot;

use crate::error::{self, SpaceNeed};

/// A request to a thread, together with the way back to the caller.
pub(crate) trait Task: Send {
    /// Returns whether the caller still waits.
    fn is_awaited(&self) -> bool;
    /// Carries it out, maybe not for the first time, and keeps the result until [`reply`](Self::reply).
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    /// Sends the result to the caller.
    fn reply(self: Box<Self>);
    /// Sends this error of SQLite's instead.
    fn fail(self: Box<Self>, error: &rusqlite::Error);
    /// Sends this error instead.
    fn refuse(self: Box<Self>, error: StoreError);
}

pub(crate) struct Thread {
    /// `None` when the thread is to end.
    tasks: Option<Sender<Box<dyn Task>>>,
    _handle: JoinOnDrop,
}

/// A thread whose end is awaited when this is dropped.
pub(crate) struct JoinOnDrop(Option<JoinHandle<()>>);

impl JoinOnDrop {
    pub(crate) fn start(
        name: &str,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<Self, StoreError> {
        match Builder::new().name(name.into()).spawn(run) {
            Ok(handle) => Ok(Self(Some(handle))),
            Err(error) => Err(StoreError::new(
                "no thread could be started for the database of the sessions",
            )
            .with_source(error)),
        }
    }
}

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            let _ = handle.join();
        }
    }
}

impl Thread {
    pub(crate) fn start(
        name: &str,
        serve: impl FnOnce(&Receiver<Box<dyn Task>>) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (tasks, queue) = channel();
        let handle = JoinOnDrop::start(name, move || serve(&queue))?;
        Ok(Self {
            tasks: Some(tasks),
            _handle: handle,
        })
    }

    /// Runs this on the thread, and returns its result. If the caller stops waiting before the thread has begun it, it is
    /// not run at all.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        space: SpaceNeed,
        run: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, reply) = oneshot::channel();
        let call = Call {
            run,
            space,
            result: None,
            sender,
        };
        let Some(tasks) = &self.tasks else {
            return Err(ended());
        };
        if tasks.send(Box::new(call)).is_err() {
            return Err(ended());
        }
        match reply.await {
            Ok(result) => result,
            Err(_) => Err(ended()),
        }
    }
}

fn ended() -> StoreError {
    StoreError::new("the thread that works on the database of the sessions has ended").refused()
}

impl Drop for Thread {
    /// Lets the thread end after the tasks under way. Then its handle waits for it, and its connection is closed.
    fn drop(&mut self) {
        self.tasks = None;
    }
}

struct Call<F, T> {
    run: F,
    space: SpaceNeed,
    result: Option<T>,
    sender: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Task for Call<F, T>
where
    F: FnMut(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn is_awaited(&self) -> bool {
        !self.sender.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // The result of an earlier run was rolled back with its transaction.
        self.result = None;
        self.result = Some((self.run)(connection)?);
        Ok(())
    }

    fn reply(self: Box<Self>) {
        if let Some(result) = self.result {
            let _ = self.sender.send(Ok(result));
        }
    }

    fn fail(self: Box<Self>, error: &rusqlite::Error) {
        let error = error::verb(error, self.space);
        let _ = self.sender.send(Err(error));
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.sender.send(Err(error));
    }
}

/// Carries out reads, one after the other, until all senders are gone.
pub(crate) fn read(connection: &Connection, queue: &Receiver<Box<dyn Task>>) {
    for mut task in queue {
        if task.is_awaited() {
            match task.run(connection) {
                Ok(()) => task.reply(),
                Err(error) => task.fail(&error),
            }
        }
    }
}
