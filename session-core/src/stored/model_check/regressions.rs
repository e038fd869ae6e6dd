//! Schedules that once broke an invariant, and what was changed.

use crate::stored::model_check::bounds::{OWNED, PLAIN};
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::explore;
use crate::stored::model_check::scenario::*;

fn holds(plans: &[Plan], faults: usize) {
    let scenario = Scenario::new(PLAIN, OWNED, plans).faults(faults);
    match explore(&scenario, None, Chooser::exhaustive(), u64::MAX) {
        Ok(schedules) => assert!(schedules > 1, "{schedules}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

/// A logs in as bob in ada's session: index bob, update, unindex ada. B logs in as ada there again:
/// index ada, update. A copy of A's unindex is executed late. Then ada's index lacked her session,
/// and a delete_all did not find it (I12). Since then a record that lives on still has its former
/// user's note, and the index is a superset. (Today bob gets a record of his own, and a record that
/// loses ada and lives on has no user.)
#[test]
fn a_late_unindex_does_not_hide_a_later_login() {
    holds(&[LOGIN_OTHER, LOGIN], 1);
    holds(&[LEAVE, LOGIN], 1);
}

/// A sets a key, updates that key, and logs in; meanwhile B renews the session, or ends it. A
/// begins a new session. Its update was missing there, as if it had been made from the old
/// session's value (I1). Since then an update of a key that the request itself has set stays.
#[test]
fn a_fresh_login_keeps_the_updates_of_its_own_keys() {
    holds(&[LOGIN_UPDATE, RENEW_ID], 0);
    holds(&[LOGIN_UPDATE, CLEAR], 0);
}
