//! Tests of the conformance kit: a plain store passes, and with any one bug it fails.

#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some bugs are casts"
)]

mod bug;
mod plain;
mod plain_by_user;
mod plain_store;
mod plain_writes;

use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use session_store::Store;
use session_store_conformance::{RULES, run};

use bug::{BUGS, Bug};
use plain::Plain;

/// Races do not show in every run.
const TRIES: usize = 10;

/// Returns the failure of a store with this bug in this rule; `None` if it passes.
fn broken(rule: &str, bug: Option<Bug>) -> Option<String> {
    let make = move || async move { Some(Arc::new(Plain::new(bug)) as Arc<dyn Store>) };
    let panic = catch_unwind(|| run(rule, make)).err()?;
    Some(panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

/// Runs without printing the messages of the expected failures.
fn quietly<T>(run: impl FnOnce() -> T) -> T {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = run();
    std::panic::set_hook(hook);
    result
}

#[test]
fn a_sound_store_passes() {
    let failed: Vec<_> = quietly(|| {
        RULES
            .iter()
            .filter_map(|rule| Some((rule, broken(rule, None)?)))
            .collect()
    });
    assert_eq!(failed, []);
}

#[test]
fn each_bug_is_caught_and_named() {
    let once = |bug| {
        RULES
            .iter()
            .find_map(|rule| Some((*rule, broken(rule, Some(bug))?)))
    };
    let first = |bug| (0..TRIES).find_map(|_| once(bug));
    let caught: Vec<_> = quietly(|| BUGS.iter().map(|bug| (bug, first(*bug))).collect());
    for (bug, broken) in caught {
        let Some((rule, message)) = broken else {
            panic!("no rule catches {bug:?}");
        };
        println!("{bug:?}: {rule}: {message}");
        assert!(
            message.starts_with("the store breaks its contract: "),
            "{bug:?}, {rule}: {message}"
        );
    }
}

/// The first rules catch most bugs, so this checks that later rules catch some by themselves.
#[test]
fn later_rules_catch_bugs_alone() {
    let rows: &[(&str, &[Bug])] = &[
        (
            "repeated_requests_change_nothing",
            &[
                Bug::NoTombstone,
                Bug::InsertOverwrites,
                Bug::InsertRevives,
                Bug::UpdateCreates,
                Bug::UpdateIgnoresVersion,
                Bug::TouchShortens,
                Bug::DeleteCreates,
                Bug::UnindexRemovesRecord,
            ],
        ),
        (
            "random_histories_match_the_model",
            &[
                Bug::TombstoneShort,
                Bug::DeleteVersionIgnoresVersion,
                Bug::UpdateShortens,
                Bug::UpdateRevives,
                Bug::TouchRevives,
                Bug::ListTrustsNotes,
                Bug::DeleteOneOfAnybody,
                Bug::TrimCountsExpired,
                Bug::DeleteExpiredTombstones,
            ],
        ),
        (
            "races_of_changes",
            &[
                Bug::UpdateIgnoresVersion,
                Bug::ConflictIsOlder,
                Bug::TouchChangesVersion,
            ],
        ),
        (
            "races_with_a_logout",
            &[Bug::NoTombstone, Bug::InsertRevives, Bug::UpdateCreates],
        ),
        (
            "races_with_a_login",
            &[Bug::UpdateIgnoresVersion, Bug::InsertOverwrites],
        ),
        (
            "one_write_of_a_version_wins",
            &[Bug::DeleteVersionInTwoSteps, Bug::UpdateInTwoSteps],
        ),
        (
            "races_with_delete_all",
            &[Bug::NoTombstone, Bug::DeleteAllRemoves, Bug::UpdateCreates],
        ),
        (
            "races_with_a_cap",
            &[Bug::TrimKeepsOldest, Bug::OrderByKey, Bug::TouchDrawsOrder],
        ),
        ("one_insert_wins", &[Bug::InsertInTwoSteps]),
        ("concurrent_updates_lose_nothing", &[Bug::UpdateInTwoSteps]),
        (
            "a_delete_among_updates_is_final",
            &[Bug::NoTombstone, Bug::UpdateInTwoSteps],
        ),
        (
            "a_trim_spares_a_session_that_logs_in_again",
            &[Bug::TrimInTwoSteps],
        ),
        (
            "deletion_respects_a_change_of_user",
            &[Bug::DeleteAllInTwoSteps, Bug::TrimInTwoSteps],
        ),
        (
            "concurrent_requests_on_one_session",
            &[Bug::UpdateIgnoresVersion, Bug::UpdateInTwoSteps],
        ),
    ];
    let missed: Vec<_> = quietly(|| {
        let all = rows
            .iter()
            .flat_map(|(rule, bugs)| bugs.iter().map(move |bug| (*rule, *bug)));
        all.filter(|(rule, bug)| (0..TRIES).all(|_| broken(rule, Some(*bug)).is_none()))
            .collect()
    });
    assert_eq!(missed, []);
}
