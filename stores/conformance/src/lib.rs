//! The store contract as tests, for authors of stores.
//!
//! The speed of a store, and the faults that it survives (a crash, a failover, a full disk), are not tested here: each back
//! end tests them itself, and reports them by [`Store::durability`].
//!
//! Call the macro at the top level of a test file, with the path of a function that returns an empty store:
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
//! # session_store_conformance::run("load_returns_what_is_stored", empty);
//! ```
//!
//! It creates a `#[test]` for each [rule](RULES), with the rule's name. Each test calls the function once, in a
//! tokio runtime of its own, so the function may open connections. Return `None` to skip the test if a server is
//! missing, and print why.
//!
//! - *Empty* means that no key and no user is stored: give each test a table or a prefix of its own. Tests run
//!   in parallel.
//! - Times are invented, so the store's own clock is far from them, and they stand still while a rule runs. A record that was
//!   written with a few seconds to live is still read later: a store's own expiry is relative, and later than needed by a
//!   minute or more, as the contract says.
//! - A failure names the verb, the record before, the expected reply and the actual one; [`Store`] has the tables.
//! - A store that does not reply fails its test after [two minutes](PATIENCE).

#![allow(clippy::unwrap_used, clippy::panic, reason = "how a test fails")]

mod clock;
mod concurrent;
mod concurrent_users;
mod deletion;
mod deletion_by_user;
mod describe;
mod expiry;
mod hostile;
mod insert;
mod interleavings;
mod model;
mod race_outcome;
mod races;

mod random_histories;
mod repeats;
mod request;
mod rng;
mod store_under_test;
mod through_driver;
mod trim;
mod update;
mod users;

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use session_store::Store;

use store_under_test::StoreUnderTest;

/// How long a rule may take.
///
/// ```
/// assert_eq!(session_store_conformance::PATIENCE.as_secs(), 120);
/// ```
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The number of threads on which tasks run, also with fewer processors: a rule about races needs several.
const THREADS: usize = 4;

/// Creates a `#[test]` for each rule of the store contract. See [the crate](crate).
///
/// The argument is an async function without arguments that returns `Option<Arc<dyn Store>>`, or a closure
/// that captures nothing and returns such a future. Put the tests of several stores, or of several configurations, into modules:
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

/// The table of the rules, from which the names and the tests are made: `$callback!{ $make; topic: rule..; ..}`.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_rules {
    ($callback:ident $($make:expr)?) => {
        $crate::$callback! {
            $($make)?;
            insert:
                load_returns_what_is_stored
                insert_creates_only_where_nothing_is
                insert_repeated;
            update:
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
                a_tombstone_blocks_late_writes
                a_tombstone_ends;
            users:
                users_are_distinct
                list_is_in_the_order_of_logins
                the_index_is_a_hint
                the_latest_index_entry_holds;
            deletion_by_user:
                delete_all_but_one
                delete_one
                deletion_respects_a_change_of_user;
            trim:
                trim_keeps_the_newest
                trim_counts_live_records;
            expiry:
                delete_expired_by_batches
                durability_is_reported;
            clock:
                the_clock_may_step_back
                times_near_zero
                times_near_the_end
                times_beyond_the_end;
            hostile:
                stored_values_come_back_unchanged
                hostile_keys;
            repeats:
                repeated_requests_change_nothing
                repeated_deletions_change_nothing;
            random_histories:
                random_histories_match_the_model
                other_random_histories_match_the_model;
            races:
                races_of_changes
                races_with_a_logout
                races_with_a_login
                races_with_delete_all
                races_with_a_cap;
            concurrent:
                one_insert_wins
                concurrent_updates_lose_nothing
                one_write_of_a_version_wins
                a_thousand_concurrent_sessions
                a_delete_among_updates_is_final;
            concurrent_users:
                concurrent_trims_leave_the_newest
                concurrent_logins_leave_three
                a_trim_spares_a_session_that_logs_in_again
                delete_all_among_logins;
            through_driver:
                concurrent_requests_on_one_session
                concurrent_requests_on_a_thousand_sessions;
        }
    };
}

type Run = fn(StoreUnderTest) -> Pin<Box<dyn Future<Output = ()>>>;

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_table {
    (; $($topic:ident: $($rule:ident)*;)*) => {
        /// The names of all rules, in the order in which to implement them.
        ///
        /// ```
        /// assert!(session_store_conformance::RULES.contains(&"delete_leaves_a_tombstone"));
        /// ```
        pub const RULES: &[&str] = &[$($(stringify!($rule)),*),*];

        const RUNS: &[Run] = &[$($(|store| Box::pin($topic::$rule(store))),*),*];
    };
}

__conformance_rules! { __conformance_table }

/// Runs one rule with an empty store, as [`conformance_tests!`](crate::conformance_tests) does
/// for each. Call it outside of any runtime. Returns immediately if there is no store.
///
/// # Panics
/// If the store breaks the rule, or does not reply within [`PATIENCE`]; if there is no rule of this name.
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
    // In a thread of its own, so that a store that blocks all threads of the runtime fails, too. The sender is dropped when
    // a rule panics, which ends the wait as well.
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            if let Some(store) = make().await {
                run(StoreUnderTest(store)).await;
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
        let _ = done.send(());
    });
    match waits.recv_timeout(patience) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!(
            "the store breaks its contract: every verb must end, with a reply or a StoreError; `{rule}` has waited for \
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

    /// Both a store that waits and a store that blocks a thread fail.
    #[test]
    fn a_store_that_does_not_reply_fails() {
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
                message.ends_with("`load_returns_what_is_stored` has waited for 50ms"),
                "{message}"
            );
        }
    }
}

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
