//! The runbooks of `docs/rotation.md`, each in every mode, step by step, under load over real HTTP: each user stays logged in
//! unless the runbook means to log them out, and no change is lost.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod fleet;
mod runbooks;

use fleet::{BROWSERS, Fleet};
use runbooks::{Ends, Mode, Plan, Runbook, Step, plans};
use session_axum::session_core::ConfigError;

/// How often each browser lost its session, and the cookies of the end.
struct Rolled {
    lost: [usize; BROWSERS],
    cookies: [String; BROWSERS],
}

/// Runs the steps under load. Where nobody is logged out, an idle lifetime passes before the last.
async fn roll(mode: Mode, steps: &[Step], ends: Ends) -> Rolled {
    let [first, steps @ ..] = steps else {
        panic!("no steps")
    };
    let fleet = Fleet::start(mode, first).await;
    let copies = fleet.cookies();
    for (number, step) in steps.iter().enumerate() {
        if ends == Ends::Nobody && number + 1 == steps.len() {
            fleet.an_idle_lifetime().await;
        }
        fleet.step(step).await;
    }
    let lost = fleet.lost();
    for (number, copy) in copies
        .iter()
        .enumerate()
        .filter(|(number, _)| ends.whose(*number))
    {
        let found = fleet.with_a_copy(number, copy).await;
        assert!(
            found.iter().all(|body| body == "0"),
            "{mode:?}: the copy of a cookie opens {found:?}"
        );
    }
    // A user who had to log in again has a session that stays.
    fleet.a_few_rounds().await;
    assert_eq!(fleet.lost(), lost, "{mode:?}");
    fleet.stop();
    Rolled {
        lost,
        cookies: fleet.cookies(),
    }
}

async fn follow(runbook: Runbook, mode: Mode, plan: Plan) {
    match plan {
        Plan::Steps {
            way,
            steps,
            ends,
            cookies,
        } => {
            let rolled = roll(mode, &steps, ends).await;
            let case = format!("{runbook:?}, {way}, {mode:?}");
            for (number, lost) in rolled.lost.iter().enumerate() {
                assert_eq!(
                    *lost > 0,
                    ends.whose(number),
                    "{case}: browser {number} lost its session {lost} times"
                );
            }
            assert!(
                rolled.cookies.iter().all(|cookie| cookies(cookie)),
                "{case}: {:?}",
                rolled.cookies
            );
        }
        Plan::Refused { configure, setting } => match configure(mode).build() {
            Err(ConfigError::Format { setting: found, .. }) => {
                assert_eq!(found, setting, "{mode:?}")
            }
            other => panic!("{runbook:?} in {mode:?}: {other:?}"),
        },
    }
}

async fn in_every_mode(runbook: Runbook) {
    for mode in Mode::ALL {
        for plan in plans(runbook, mode) {
            follow(runbook, mode, plan).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ages_and_nobody_is_logged_out() {
    in_every_mode(Runbook::AKeyThatAges).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_leaks_and_nothing_of_it_counts() {
    in_every_mode(Runbook::AKeyThatLeaked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_is_logged_out_and_nobody_else() {
    in_every_mode(Runbook::OneUser).await;
}

/// O3.
#[tokio::test(flavor = "multi_thread")]
async fn from_signed_to_encrypted_and_back_nobody_is_logged_out() {
    in_every_mode(Runbook::FromSignedToEncrypted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_renamed_and_nobody_is_logged_out() {
    in_every_mode(Runbook::ANewName).await;
}

/// The tests above can fail: without the first step a server does not know what another signs.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_first_step_sessions_are_lost() {
    let rolled = roll(Mode::Signed, &runbooks::a_key_ages_in_haste(), Ends::Nobody).await;
    assert!(rolled.lost.iter().sum::<usize>() > 0);
}

/// Each section of the document is a runbook here, or is said not to be one.
#[test]
fn no_runbook_is_left_out() {
    let document = include_str!("../../../docs/rotation.md");
    let mut headings: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    headings.retain(|heading| *heading != "What a cookie session can never promise");
    assert_eq!(headings, Runbook::ALL.map(Runbook::heading));
}
