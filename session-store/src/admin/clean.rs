//! Removes expired records from a store that does not remove them itself.

use std::sync::Arc;
use std::time::Duration;

use session_core::StoredSessions;
use tokio::time::{Instant, sleep};
use tracing::debug;

use crate::contract::retry::{jitter, retry};
use crate::contract::store::Store;

/// The number of records that one step removes. A request that writes meanwhile waits for one step at most.
const BATCH: usize = 200;
/// A record stays for this many seconds after its end: the clocks of several machines differ, and an INSERT that was delayed
/// on its way for minutes must find the tombstone of a session that was ended meanwhile.
const SLACK: u64 = 60 * 60;
/// The pause after each step is this many times as long as the step, and at least the shortest pause.
const PAUSES: u32 = 9;
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// The time limit of a step. A step that takes longer ends the round.
const PATIENCE: Duration = Duration::from_secs(30);

/// Removes records and tombstones an hour after their end: now, and again after each interval `every`, without end. The
/// application spawns it as a task, in each of its processes or in one of them.
///
/// It works in batches with pauses, so it uses at most a tenth of the store's time. Each round begins a little earlier or
/// later, so that processes that were started together do not clean together. No request cleans, and none waits for more
/// than one batch. If the store is down, a warning is logged, and the next round tries again.
///
/// SQLite and PostgreSQL need it. The memory store and Redis remove expired records themselves; there it does no harm.
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
/// assert!(!cleaning.is_finished()); // it runs until the runtime ends, or until it is aborted
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
            // Fewer than a whole batch: nothing is left.
            if count < BATCH as u64 {
                break;
            }
            sleep((step.elapsed() * PAUSES).max(SHORTEST_PAUSE)).await;
        }
        log_cleaned(removed, begun.elapsed());
        sleep(jitter(every)).await;
    }
}

fn log_cleaned(removed: u64, time: Duration) {
    debug!(target: "session", removed, ?time, "expired sessions were removed");
}
