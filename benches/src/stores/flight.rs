//! Concurrent operations, on a runtime as servers have it.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::Job;

/// The numbers of concurrent operations: the tables' columns.
const IN_FLIGHT: [usize; 2] = [1, MOST];
pub const MOST: usize = 32;

/// A measured operation. Each concurrent one has a session of its own, by number.
pub trait Operation: Send + Sync + 'static {
    /// Runs it, and panics if the result is wrong.
    fn once(&self, session: usize) -> impl Future<Output = ()> + Send;
}

/// A runtime, and values that must not be dropped before the jobs end.
pub struct Field {
    runtime: Rc<Runtime>,
    each: usize,
    server: Rc<dyn Any>,
}

impl Field {
    /// In one run each task does this many operations in turn, as the requests of a connection
    /// come: enough that spawning the tasks and waiting for them costs little in comparison.
    pub fn new(each: usize, server: impl Any) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Self {
            runtime: Rc::new(runtime),
            each,
            server: Rc::new(server),
        }
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Returns one row: a job for each column.
    pub fn row(&self, group: &'static str, who: &str, operation: impl Operation) -> Vec<Job> {
        let (each, operation) = (self.each, Arc::new(operation));
        let job = |in_flight: usize| {
            let (runtime, server, operation) =
                (self.runtime.clone(), self.server.clone(), operation.clone());
            let run = move || {
                let _lives = &server;
                let begin = |session| {
                    let operation = operation.clone();
                    runtime.spawn(async move {
                        for _ in 0..each {
                            operation.once(session).await;
                        }
                    })
                };
                let tasks: Vec<_> = (0..in_flight).map(begin).collect();
                runtime.block_on(async {
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            };
            Job::new(group, who, in_flight, run).times((in_flight * each) as u64)
        };
        IN_FLIGHT.map(job).into()
    }
}
