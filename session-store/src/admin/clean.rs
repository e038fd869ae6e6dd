//! Removes what has expired, where a store does not do it by itself.

use std::sync::Arc;
use std::time::Duration;

use session_core::StoredSessions;
use tokio::time::{Instant, sleep};
use tracing::debug;

use crate::contract::retry::{jitter, retry};
use crate::contract::store::Store;

/// So many records are removed in one step: a request that writes at that moment waits for no more.
const BATCH: usize = 200;
/// What has expired stays for so many seconds more: the clocks of several machines differ, and an INSERT that was held on its
/// way for minutes must find the tombstone of what was ended meanwhile.
const SLACK: u64 = 60 * 60;
/// After each step the store is left alone for so many times as long as it took, and at least for the shortest pause.
const PAUSES: u32 = 9;
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// A step that takes longer is given up, and the round with it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Removes records and tombstones an hour after their end, now and after every so much time, for ever: a task for the
/// application to spawn, once in each process or in one of them.
///
/// It works in batches with pauses, so that it takes at most a tenth of the store's time, and begins each round a little
/// earlier or later, so that processes that were started together don't clean together. Nobody's request cleans, and none
/// waits for more than one batch. A store that is down is left alone until the next round; a warning says so.
///
/// SQLite and PostgreSQL need it. The memory store and Redis remove by themselves what has expired: there it does no harm.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// # use session_core::{protocol::Record, RecordKey, SecretKey, Sessions};
/// # use session_store::{MemoryStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// # let store = Arc::new(MemoryStore::new());
/// # let record = Record { version: 1, expires: 9, created: 1, seen: 1, user: None, label: None, body: [].into() };
/// # store.insert(RecordKey::from_bytes([7; 32]), &record, 1).await.unwrap();
/// let cleaning = tokio::spawn(session_store::clean(sessions, store.clone(), Duration::from_secs(600)));
/// # while !store.is_empty() {
/// #     tokio::task::yield_now().await;
/// # }
/// assert!(!cleaning.is_finished()); // it goes on until the runtime ends, or is aborted
/// # }
/// ```
pub async fn clean(sessions: StoredSessions, store: Arc<dyn Store>, every: Duration) {
    loop {
        let before = sessions.now().saturating_sub(SLACK);
        let begun = Instant::now();
        let mut removed: u64 = 0;
        loop {
            let step = Instant::now();
            let delete = || store.delete_expired(before, BATCH);
            let Some(count) = retry("delete_expired", step, PATIENCE, delete).await else {
                break;
            };
            removed = removed.saturating_add(count);
            if usize::try_from(count).is_ok_and(|count| count < BATCH) {
                break;
            }
            sleep((step.elapsed() * PAUSES).max(SHORTEST_PAUSE)).await;
        }
        cleaned(removed, begun.elapsed());
        sleep(jitter(every)).await;
    }
}

/// Expired records and ended tombstones were removed.
fn cleaned(removed: u64, time: Duration) {
    debug!(target: "session", removed, ?time, "expired sessions were removed");
}
