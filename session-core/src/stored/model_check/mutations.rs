//! The model checker finds each of ten mistakes (see [`faulty`](super::faulty)).

use crate::stored::model_check::bounds::{ANONYMOUS, PLAIN};
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::explore;
use crate::stored::model_check::families::groups;
use crate::stored::model_check::faulty::Mutation;
use crate::stored::model_check::scenario::{ALL, Scenario};

/// Explores pairs of all plans, with at most one fault, until the first violation. Returns the
/// number of the invariant.
fn caught(mutation: Mutation) -> &'static str {
    let mut schedules = 0;
    for plans in groups(&ALL, 2) {
        let scenario = Scenario::new(PLAIN, ANONYMOUS, &plans).faults(1);
        match explore(&scenario, Some(mutation), Chooser::exhaustive(), u64::MAX) {
            Ok(explored) => schedules += explored,
            Err(counterexample) => {
                schedules += counterexample.schedules;
                let counterexample = counterexample.simplest(Some(mutation));
                println!("{mutation:?} is caught after {schedules} schedules.\n{counterexample}");
                return counterexample.violation.id;
            }
        }
    }
    panic!("{mutation:?} is not caught in {schedules} schedules");
}

/// A slow response overwrites the cookie of a login or a renewal in the browser.
#[test]
fn a_cookie_that_is_sent_again_on_touch_is_caught() {
    assert_eq!(caught(Mutation::ResendOnTouch), "I9");
}

/// Two writers take each other's write for their own.
#[test]
fn a_counter_as_version_is_caught() {
    assert_eq!(caught(Mutation::CounterVersion), "I1");
}

/// After one other write it is unknown whether a write whose reply was lost was executed: the
/// request fails though the store replies.
#[test]
fn a_record_that_knows_its_newest_write_only_is_caught() {
    assert_eq!(caught(Mutation::NewestWriteOnly), "I15");
}

/// A write whose reply was lost is made again.
#[test]
fn a_repetition_that_nobody_is_told_of_is_caught() {
    assert_eq!(caught(Mutation::UnmarkedRetry), "I1");
}

/// A session that was cleared begins again, or an old cookie is not recognised as ended.
#[test]
fn a_clear_without_tombstone_is_caught() {
    assert_eq!(caught(Mutation::NoTombstone), "I9");
}

/// A session survives its own logout.
#[test]
fn a_delete_that_needs_the_verifier_is_caught() {
    assert_eq!(caught(Mutation::DeleteNeedsVerifier), "I10");
}

/// A cookie from before a login ends the session that the login began.
#[test]
fn a_delete_by_the_key_alone_is_caught() {
    assert_eq!(caught(Mutation::DeleteByKeyAlone), "I18");
}

/// A browser whose session was ended elsewhere never gets one again.
#[test]
fn a_tombstone_that_keeps_its_browser_mute_is_caught() {
    assert_eq!(caught(Mutation::EndlessTombstone), "I17");
}

/// A browser that lost the response to a login never gets a session again.
#[test]
fn a_new_id_that_keeps_the_browser_with_the_old_one_mute_is_caught() {
    assert_eq!(caught(Mutation::AlwaysJustMinted), "I17");
}

/// A request right after a logout overtakes the login that follows.
#[test]
fn a_browser_that_may_write_at_once_is_caught() {
    assert_eq!(caught(Mutation::ShortTombstone), "I9");
}
