//! The store contract as tests, for whoever writes a store.
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
//! session_store_conformance::conformance_tests!(empty);
//! # session_store_conformance::run("load_says_what_lies_there", empty);
//! ```
//!
//! That makes a `#[test]` of each [rule](RULES), with the rule's name. The function is called once for each of them, in a
//! tokio runtime of the test's own, so connections may be made there. `None` leaves the test out, for a server that is not
//! there; the function has said why.
//!
//! - *Empty* means that no key and no user is known: a database's tables of this test alone, a prefix of its own. Tests run
//!   at once.
//! - Times are made up, so the store's own clock is far from them, and they stand still while a rule runs. What was live for
//!   some more seconds when it was written is still asked for later: a store's own expiry is relative and has slack, as the
//!   contract says, of a minute or more.
//! - A failure names the verb, what was there, what the contract wants and what was answered; [`Store`] has the tables.
//! - A store that does not answer fails its test after [two minutes](PATIENCE).

#![allow(clippy::unwrap_used, clippy::panic, reason = "how a test fails")]

mod clock;
mod concurrent;
mod concurrent_users;
mod deletion;
mod deletion_by_user;
mod describe;
mod hostile;
mod interleavings;
mod model;
mod races;
mod random_histories;
mod repeats;
mod request;
mod rng;
mod store_under_test;
mod through_driver;
mod users;
mod verbs;

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use session_store::Store;

use store_under_test::Tested;

/// How long a rule may take.
///
/// ```
/// assert_eq!(session_store_conformance::PATIENCE.as_secs(), 120);
/// ```
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Tasks run on so many threads, also where there are fewer processors: a rule about races needs some.
const THREADS: usize = 4;

/// Makes a `#[test]` of each rule of the store contract. See [the crate](crate).
///
/// What is given is called without arguments and gives a future of `Option<Arc<dyn Store>>`: an async function, or a closure
/// that captures nothing. Tests of several stores, or of one that is set up in several ways, go into modules:
///
/// ```
/// # use std::sync::Arc;
/// # use session_store::{MemoryStore, Store};
/// async fn with(bytes: usize) -> Option<Arc<dyn Store>> {
///     Some(Arc::new(MemoryStore::with_limit(bytes)))
/// }
///
/// mod small {
///     session_store_conformance::conformance_tests!(|| super::with(64 << 20));
/// }
///
/// mod large {
///     session_store_conformance::conformance_tests!(|| super::with(1 << 30));
/// }
/// # fn main() {
/// #     session_store_conformance::run("insert_repeated", || with(64 << 20));
/// # }
/// ```
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
                $crate::run(stringify!($rule), $make);
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
                expired_is_never_live_again
                live_while_expires_is_later_than_now;
            deletion:
                delete_leaves_a_tombstone
                delete_version_ends_its_version
                delete_version_repeated
                a_tombstone_blocks_what_is_late
                a_tombstone_ends;
            users:
                users_are_told_apart
                list_is_in_the_order_of_logins
                the_index_is_a_hint
                the_latest_note_counts;
            deletion_by_user:
                delete_all_but_one
                delete_one
                trim_keeps_the_newest
                trim_counts_live_records
                endings_respect_a_change_of_user
                delete_expired_by_batches
                durability_is_told;
            clock:
                the_clock_may_step_back
                times_near_zero
                times_near_the_end
                times_beyond_the_end;
            hostile:
                what_is_stored_comes_back
                hostile_keys;
            repeats:
                what_is_repeated_changes_nothing
                endings_repeated;
            random_histories:
                as_the_model
                as_the_model_on_other_paths;
            races:
                races_of_changes
                races_with_a_logout
                races_with_a_login
                races_with_the_end_of_all
                races_with_a_cap;
            concurrent:
                one_insert_wins
                updates_at_once_all_count
                one_write_of_a_version_wins
                a_thousand_sessions_at_once
                a_delete_among_updates_is_final;
            concurrent_users:
                trims_at_once_leave_the_newest
                logins_at_once_leave_three
                a_trim_spares_who_comes_back
                delete_all_among_logins;
            through_driver:
                requests_at_once_on_one_session
                requests_at_once_on_a_thousand_sessions;
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
        /// assert!(session_store_conformance::RULES.contains(&"delete_leaves_a_tombstone"));
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
/// use session_store_conformance::{RULES, run};
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
    run_within(PATIENCE, rule, make);
}

fn run_within<F, S>(patience: Duration, rule: &str, make: F)
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
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            if let Some(store) = make().await {
                run(Tested(store)).await;
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
        let _ = done.send(());
    });
    match waits.recv_timeout(patience) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!(
            "the store breaks its contract: every verb ends, in an answer or in a StoreError; `{rule}` has waited for \
             {patience:?}"
        ),
        Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    /// Whether it waits or blocks.
    #[test]
    fn a_store_that_does_not_answer_fails() {
        let within = Duration::from_millis(50);
        let waits = || run_within(within, RULES[0], std::future::pending);
        let blocks = || {
            run_within(within, RULES[0], || async {
                std::thread::sleep(Duration::from_secs(1));
                None
            });
        };
        for panic in [catch_unwind(waits), catch_unwind(blocks)] {
            let panic = panic.unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(
                message.ends_with("`load_says_what_lies_there` has waited for 50ms"),
                "{message}"
            );
        }
    }
}
