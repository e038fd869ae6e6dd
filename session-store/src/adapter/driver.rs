//! Carries the core's requests to a store, and the store's replies back to the core.
//!
//! It decides only how often a request is sent, and which writer of this process is first.

use std::sync::Arc;
use std::time::Duration;

use session_core::{
    RecordKey,
    protocol::{Inserted, Step, StoreReply, StoreRequest, Updated},
};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep, timeout_at};

use crate::contract::error::StoreError;
use crate::contract::retry::{FIRST_PAUSE, jitter, retry};
use crate::contract::store::Store;

/// The number of write locks. Two sessions that share one wait for each other, which is harmless.
const WRITE_LOCKS: usize = 1024;

/// A store, and the write locks of this process.
pub(crate) struct Driver {
    store: Arc<dyn Store>,
    write_locks: Box<[Mutex<()>]>,
}

impl Driver {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            write_locks: (0..WRITE_LOCKS).map(|_| Mutex::new(())).collect(),
        }
    }

    pub(crate) fn store_warnings(&self) -> Vec<String> {
        self.store.warnings()
    }

    /// Completes a step: sends its requests to the store, one after another. After the step's deadline each request gets the
    /// reply `Unavailable`.
    ///
    /// A step holds its record's write lock from its first update or delete to its end. So within one process a write meets at most
    /// one newer record. Against other processes the version decides, and the core writes again after a conflict.
    pub(crate) async fn drive<T>(&self, mut step: Step<T>) -> T {
        let begun = Instant::now();
        // Local, so that it is released when the step ends, and also when this future is dropped.
        let mut write_lock = None;
        let mut conflicts = 0;
        loop {
            let mut pending = match step {
                Step::Done(result) => return result,
                Step::Pending(pending) => pending,
            };
            let (request, time) = (pending.request(), pending.timeout());
            if write_lock.is_none()
                && let StoreRequest::Update { key, .. } | StoreRequest::Delete { key, .. } = request
            {
                // Without the lock in time there is no time left to ask either.
                write_lock = timeout_at(begun + time, self.write_lock(key)).await.ok();
            }
            // Another process wins each time. A pause of random length ends that.
            if conflicts > 1 {
                sleep(jitter(FIRST_PAUSE)).await;
            }
            let (reply, retried) = self.reply(request, begun, time).await;
            if retried {
                pending.mark_retried();
            }
            if is_conflict(&reply) {
                conflicts += 1;
            }
            step = pending.reply(reply);
        }
    }

    /// Returns the reply, and whether the request was sent more than once.
    ///
    /// A request is repeated as it is, with its version and its time. The contract of [`Store`] makes that safe: if an attempt took
    /// effect and its answer was lost, the next one changes nothing more and reports the state that it finds. That state may be
    /// visible before it is durable, so the store confirms it before the core relies on it.
    async fn reply(
        &self,
        request: &StoreRequest,
        begun: Instant,
        time: Duration,
    ) -> (StoreReply, bool) {
        let mut attempts = 0;
        let attempt = || {
            attempts += 1;
            self.send(request)
        };
        let replied = retry(request.verb(), begun, time, attempt).await;
        let retried = attempts > 1;
        let Some(reply) = replied else {
            return (StoreReply::Unavailable, retried);
        };
        if needs_confirmation(&reply, retried) {
            let confirm = || self.store.confirm();
            if retry("confirm", begun, time, confirm).await.is_none() {
                return (StoreReply::Unavailable, retried);
            }
        }
        (reply, retried)
    }

    async fn write_lock(&self, key: &RecordKey) -> MutexGuard<'_, ()> {
        // A key is a hash, so any two of its bytes spread the records evenly.
        let [.., high, low] = *key.as_bytes();
        let index = usize::from(u16::from_be_bytes([high, low])) % WRITE_LOCKS;
        self.write_locks[index].lock().await
    }

    async fn send(&self, request: &StoreRequest) -> Result<StoreReply, StoreError> {
        let store = &*self.store;
        Ok(match request {
            StoreRequest::Load { key, now } => StoreReply::Loaded(store.load(*key, *now).await?),
            StoreRequest::Insert { key, record, now } => {
                StoreReply::Inserted(store.insert(*key, record, *now).await?)
            }
            StoreRequest::Update {
                key,
                version,
                record,
                now,
            } => StoreReply::Updated(store.update(*key, *version, record, *now).await?),
            StoreRequest::Touch { key, expires, now } => {
                StoreReply::Touched(store.touch(*key, *expires, *now).await?)
            }
            StoreRequest::Delete { key, version, now } => {
                StoreReply::Deleted(store.delete_version(*key, *version, *now).await?)
            }
            StoreRequest::Index {
                user,
                key,
                until,
                now,
            } => {
                store.index(user, *key, *until, *now).await?;
                StoreReply::Noted
            }
            StoreRequest::Unindex { user, key } => {
                store.unindex(user, *key).await?;
                StoreReply::Noted
            }
            StoreRequest::Trim {
                user,
                keep,
                this,
                now,
            } => StoreReply::Trimmed(store.trim(user, *keep, *this, *now).await?),
            // `StoreRequest` is non-exhaustive, but core and driver are released together: a new request gets its arm here.
            _ => StoreReply::Unavailable,
        })
    }
}

fn is_conflict(reply: &StoreReply) -> bool {
    matches!(
        reply,
        StoreReply::Updated(Updated::Conflict(_)) | StoreReply::Deleted(Updated::Conflict(_))
    )
}

/// Whether a reply may report the effect of another write: of another request, or of an attempt whose answer was lost.
fn needs_confirmation(reply: &StoreReply, retried: bool) -> bool {
    match reply {
        StoreReply::Deleted(Updated::Gone) => true,
        StoreReply::Inserted(Inserted::Done)
        | StoreReply::Updated(Updated::Done)
        | StoreReply::Deleted(Updated::Done) => false,
        StoreReply::Inserted(_)
        | StoreReply::Updated(_)
        | StoreReply::Deleted(_)
        | StoreReply::Touched(_)
        | StoreReply::Trimmed(_) => retried,
        _ => false,
    }
}
