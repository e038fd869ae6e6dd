//! A thread with a connection of its own, for what would keep a request's thread: writes, and reads that may be long.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use session_store::StoreError;
use tokio::sync::oneshot;

use crate::error::{self, Growth};

/// What is asked of a thread, and who waits for the answer.
pub(crate) trait Task: Send {
    /// Whether anybody still waits.
    fn is_awaited(&self) -> bool;
    /// Carries it out, maybe not for the first time. The answer is kept until it may be given.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    /// Gives the answer.
    fn answer(self: Box<Self>);
    /// Gives this error instead.
    fn fail(self: Box<Self>, error: &rusqlite::Error);
    /// Gives this error instead.
    fn refuse(self: Box<Self>, error: StoreError);
}

pub(crate) struct Thread {
    /// `None` once it is to end.
    tasks: Option<Sender<Box<dyn Task>>>,
    _handle: Joined,
}

/// A thread that is waited for when it is dropped.
pub(crate) struct Joined(Option<JoinHandle<()>>);

impl Joined {
    pub(crate) fn start(
        name: &str,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<Self, StoreError> {
        let handle = Builder::new()
            .name(name.into())
            .spawn(run)
            .map_err(|error| {
                StoreError::new("no thread could be started for the database of the sessions")
                    .with_source(error)
            })?;
        Ok(Self(Some(handle)))
    }
}

impl Drop for Joined {
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
        let handle = Joined::start(name, move || serve(&queue))?;
        Ok(Self {
            tasks: Some(tasks),
            _handle: handle,
        })
    }

    /// Whoever stops waiting takes the task back, unless it is being carried out.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        growth: Growth,
        run: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answer) = oneshot::channel();
        let asked = Asked {
            run,
            growth,
            result: None,
            sender,
        };
        let ended = || {
            StoreError::new("the thread that asks the database of the sessions has ended").refused()
        };
        let tasks = self.tasks.as_ref().ok_or_else(ended)?;
        tasks.send(Box::new(asked)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

impl Drop for Thread {
    /// Lets it end when what is under way is done; then it is waited for, and its connection is closed.
    fn drop(&mut self) {
        self.tasks = None;
    }
}

struct Asked<F, T> {
    run: F,
    growth: Growth,
    result: Option<T>,
    sender: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Task for Asked<F, T>
where
    F: FnMut(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn is_awaited(&self) -> bool {
        !self.sender.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.result = None;
        self.result = Some((self.run)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            let _ = self.sender.send(Ok(result));
        }
    }

    fn fail(self: Box<Self>, error: &rusqlite::Error) {
        let error = error::asking(error, self.growth);
        let _ = self.sender.send(Err(error));
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.sender.send(Err(error));
    }
}

/// Reads, one after the other.
pub(crate) fn read(connection: &Connection, queue: &Receiver<Box<dyn Task>>) {
    for mut task in queue {
        if task.is_awaited() {
            match task.run(connection) {
                Ok(()) => task.answer(),
                Err(error) => task.fail(&error),
            }
        }
    }
}
