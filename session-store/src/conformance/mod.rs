//! The store contract as tests, for whoever writes a store (feature `conformance`).
//!
//! What is not here: how fast a store is, and what it survives (a crash, a failover, a full disk): that is each back end's
//! own to test, and to tell by [`Store::durability`].
//!
//! In a test file of its own, at the top level, with a path to a function that gives an empty store:
//!
//! ```
//! use std::sync::Arc;
//! use session_store::{MemoryStore, Store};
//!
//! async fn empty() -> Option<Arc<dyn Store>> {
//!     Some(Arc::new(MemoryStore::new()))
//! }
//!
//! session_store::conformance_tests!(empty);
//! # session_store::conformance::run("load_says_what_lies_there", empty);
//! ```
//!
//! That makes a `#[test]` of each [rule](RULES), with the rule's name. The function is called once for each of them, in a
//! tokio runtime of the test's own, so connections may be made there. `None` leaves the test out, for a server that is not
//! there; the function has said why.
//!
//! - *Empty* means that no key and no owner is known: a database's tables of this test alone, a prefix of its own. Tests run
//!   at once.
//! - Times are made up, so the store's own clock is far from them. What has a lifetime left by the times it was told must
//!   stay for as long as a test takes, seconds: a store's own expiry is relative and has slack, as the contract says.
//! - A failure names the verb, what was there, what the contract wants and what was answered; [`Store`] has the tables.
//! - A store that does not answer fails its test after [two minutes](PATIENCE).

#![allow(clippy::unwrap_used, clippy::panic, reason = "how a test fails")]

mod at_once;
mod at_once_owners;
mod owners;
mod shown;
mod tested;
mod verbs;

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::store::Store;
use tested::Tested;

/// How long a rule may take.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Tasks run on so many threads, also where there are fewer processors: a rule about races needs some.
const THREADS: usize = 4;

/// Makes a `#[test]` of each rule of the store contract. See [the module](crate::conformance).
///
/// What is given is called without arguments and gives a future of `Option<Arc<dyn Store>>`: an async function, or a closure
/// that captures nothing.
#[macro_export]
macro_rules! conformance_tests {
    ($make:expr) => {
        $crate::__conformance_rules! { __conformance_tests $make }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($make:expr; $($topic:ident: $($rule:ident)*;)*) => {
        $($(
            #[test]
            fn $rule() {
                $crate::conformance::run(stringify!($rule), $make);
            }
        )*)*
    };
}

/// The table of the rules, for the names and for the tests: `$callback!{ $make; topic: rule..; ..}`.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_rules {
    ($callback:ident $($make:expr)?) => {
        $crate::$callback! {
            $($make)?;
            verbs:
                load_says_what_lies_there
                insert_creates_where_nothing_is
                insert_repeated
                update_replaces_its_version
                update_repeated
                update_replaces_all_but_the_later_end
                touch_extends_and_never_shortens
                delete_leaves_a_tombstone
                a_tombstone_blocks_what_is_late
                expired_is_never_live_again
                live_while_expires_is_later_than_now
                what_is_stored_comes_back
                delete_expired_by_batches;
            owners:
                owners_are_told_apart
                list_is_in_the_order_of_logins
                the_index_is_a_hint
                the_latest_note_counts
                delete_all_but_one
                trim_keeps_the_newest
                trim_counts_live_records;
            at_once:
                one_insert_wins
                updates_at_once_all_count
                a_thousand_sessions_at_once
                a_delete_among_updates_is_final;
            at_once_owners:
                trims_at_once_leave_the_newest
                logins_at_once_leave_three
                a_trim_spares_who_comes_back
                delete_all_among_logins;
        }
    };
}

type Run = fn(Tested) -> Pin<Box<dyn Future<Output = ()>>>;

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_table {
    (; $($topic:ident: $($rule:ident)*;)*) => {
        /// The names of all rules, in the order in which it is best to obey them.
        ///
        /// ```
        /// assert!(session_store::conformance::RULES.contains(&"delete_leaves_a_tombstone"));
        /// ```
        pub const RULES: &[&str] = &[$($(stringify!($rule)),*),*];

        const RUNS: &[Run] = &[$($(|tested| Box::pin($topic::$rule(tested))),*),*];
    };
}

__conformance_rules! { __conformance_table }

/// Runs one rule with an empty store, outside of any runtime: what [`conformance_tests!`](crate::conformance_tests) does
/// for each. Returns at once if there is no store.
///
/// # Panics
/// If the store breaks the rule, or does not answer within [`PATIENCE`]; if there is no rule of this name.
///
/// ```
/// use std::sync::Arc;
/// use session_store::conformance::{RULES, run};
/// use session_store::{MemoryStore, Store};
///
/// async fn empty() -> Option<Arc<dyn Store>> {
///     Some(Arc::new(MemoryStore::new()))
/// }
/// async fn none() -> Option<Arc<dyn Store>> {
///     None
/// }
/// run("delete_leaves_a_tombstone", empty);
/// for rule in RULES {
///     run(rule, none);
/// }
/// assert!(std::panic::catch_unwind(|| run("delete_leaves_no_tombstone", empty)).is_err());
/// ```
pub fn run<F, S>(rule: &str, make: F)
where
    F: FnOnce() -> S + Send + 'static,
    S: Future<Output = Option<Arc<dyn Store>>>,
{
    let Some(number) = RULES.iter().position(|name| *name == rule) else {
        panic!("the store contract has no rule `{rule}`");
    };
    let run = RUNS[number];
    let (done, waits) = channel();
    // A thread, so that a store that blocks all of the runtime's threads is found out, too.
    let thread = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().unwrap();
        runtime.block_on(async {
            if let Some(store) = make().await {
                run(Tested(store)).await;
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
        let _ = done.send(());
    });
    match waits.recv_timeout(PATIENCE) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!(
            "`{rule}`: the store gave no answer within {PATIENCE:?}; every verb must end, in an answer or in a StoreError"
        ),
        Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    }
}
