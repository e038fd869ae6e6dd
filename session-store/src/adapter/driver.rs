//! Carries the core's questions to a store, and the answers back. It decides nothing but how often to ask.

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

/// So many writers can wait apart. Two sessions that share a place wait for each other, which is harmless.
const TURNS: usize = 1024;

/// A store, and the turns of those who write to it from this process.
pub(crate) struct Driver {
    store: Arc<dyn Store>,
    turns: Box<[Mutex<()>]>,
}

impl Driver {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            turns: (0..TURNS).map(|_| Mutex::new(())).collect(),
        }
    }

    pub(crate) fn store_warnings(&self) -> Vec<String> {
        self.store.warnings()
    }

    /// Asks what a step asks, until it is done. Past its deadline every question is answered `Unavailable`.
    ///
    /// Writers of one record take turns from their first update or delete on, so that in one process a write meets at most one
    /// newer record; against other processes it is tried again.
    pub(crate) async fn drive<T>(&self, mut step: Step<T>) -> T {
        let begun = Instant::now();
        let mut turn = None;
        let mut conflicts = 0;
        loop {
            let mut ask = match step {
                Step::Done(result) => return result,
                Step::Pending(ask) => ask,
            };
            let (question, within) = (ask.question(), ask.within());
            if let (StoreRequest::Update { key, .. } | StoreRequest::Delete { key, .. }, None) =
                (question, &turn)
            {
                // Who gets none in time asks no more.
                turn = timeout_at(begun + within, self.turn(key)).await.ok();
            }
            if conflicts > 1 {
                sleep(jitter(FIRST_PAUSE)).await;
            }
            let (answer, again) = self.answer(question, begun, within).await;
            if again {
                ask.mark_retried();
            }
            let conflict = matches!(
                &answer,
                StoreReply::Updated(Updated::Conflict(_))
                    | StoreReply::Deleted(Updated::Conflict(_))
            );
            conflicts += usize::from(conflict);
            step = ask.answer(answer);
        }
    }

    /// The answer, and whether the question was asked more than once. What a write found done by then is confirmed first.
    async fn answer(
        &self,
        question: &StoreRequest,
        begun: Instant,
        within: Duration,
    ) -> (StoreReply, bool) {
        let mut times = 0;
        let again = || {
            times += 1;
            self.ask(question)
        };
        let answer = retry(question.verb(), begun, within, again).await;
        let confirmed = match answer {
            Some(answer) if found_done(&answer, times > 1) => {
                retry("confirm", begun, within, || self.store.confirm())
                    .await
                    .map(|()| answer)
            }
            answer => answer,
        };
        (confirmed.unwrap_or(StoreReply::Unavailable), times > 1)
    }

    async fn turn(&self, key: &RecordKey) -> MutexGuard<'_, ()> {
        let [.., high, low] = *key.as_bytes();
        self.turns[usize::from(u16::from_be_bytes([high, low])) % TURNS]
            .lock()
            .await
    }

    async fn ask(&self, question: &StoreRequest) -> Result<StoreReply, StoreError> {
        let store = &*self.store;
        Ok(match question {
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
            // The core is of the same release; a question that is new there has its arm here.
            _ => StoreReply::Unavailable,
        })
    }
}

/// Whether an answer may rest on what somebody else did, or an attempt whose answer was lost.
fn found_done(answer: &StoreReply, again: bool) -> bool {
    match answer {
        StoreReply::Deleted(Updated::Gone) => true,
        StoreReply::Inserted(Inserted::Done)
        | StoreReply::Updated(Updated::Done)
        | StoreReply::Deleted(Updated::Done) => false,
        StoreReply::Inserted(_)
        | StoreReply::Updated(_)
        | StoreReply::Deleted(_)
        | StoreReply::Touched(_)
        | StoreReply::Trimmed(_) => again,
        _ => false,
    }
}
