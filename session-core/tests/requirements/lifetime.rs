//! L: lifetimes of sessions.

use std::time::Duration;

use session_core::{Rejected, Session, Sessions};

use crate::common::{ManualClock, cookie_with, request, visit};
use crate::{NOW, ours};

const IDLE: u64 = 600;
const ABSOLUTE: u64 = 1_800;

/// Each row: the absolute lifetime; requests at these seconds after the session began; the result
/// of the last request.
#[test]
fn l1_the_earlier_limit_wins() {
    let seconds = Duration::from_secs;
    let rows: [(Option<u64>, &[u64], Option<Rejected>); 11] = [
        (Some(ABSOLUTE), &[0], None),
        (Some(ABSOLUTE), &[600], None),
        (Some(ABSOLUTE), &[601], Some(Rejected::Idle)),
        // Each use extends the session by the idle lifetime,
        (Some(ABSOLUTE), &[600, 1_200], None),
        (Some(ABSOLUTE), &[600, 1_201], Some(Rejected::Idle)),
        // but never past the absolute one.
        (Some(ABSOLUTE), &[600, 1_200, 1_800], None),
        (
            Some(ABSOLUTE),
            &[600, 1_200, 1_800, 1_801],
            Some(Rejected::TooOld),
        ),
        (
            Some(ABSOLUTE),
            &[600, 1_200, 1_790, 1_799, 1_801],
            Some(Rejected::TooOld),
        ),
        (Some(100), &[101], Some(Rejected::TooOld)),
        (None, &[600, 1_200, 1_800, 2_400], None),
        (None, &[600, 1_200, 1_801], Some(Rejected::Idle)),
    ];
    // Requests change the session, or only read it so that it is refreshed.
    for changes in [true, false] {
        for (absolute, requests, expected) in &rows {
            let time = ManualClock::at(NOW);
            let builder = ours(&time).idle_lifetime(seconds(IDLE));
            let sessions = match absolute {
                Some(absolute) => builder.absolute_lifetime(seconds(*absolute)),
                None => builder,
            };
            let sessions = sessions.build().unwrap();
            let mut cookie = cookie_with(&sessions, "n", 1);
            let mut found = None;
            for at in *requests {
                time.set(NOW + at);
                let closed = visit(&sessions, &[&cookie], |session| {
                    found = session.rejected();
                    if changes && found.is_none() {
                        session.increment("n", 1)?;
                    }
                    Ok(())
                });
                cookie = closed.unwrap().cookie().map_or(cookie, str::to_owned);
            }
            assert_eq!(found, *expected, "{absolute:?} {requests:?} {changes}");
        }
    }
}

/// "Remember me" for permanent sessions, and a lifetime of their own for anonymous ones. The server
/// enforces both without trust in `Max-Age`, and the browser gets the same number of seconds.
#[test]
fn l1_the_lifetime_that_applies() {
    let seconds = Duration::from_secs;
    let rows: [(bool, bool, u64); 4] = [
        (false, true, IDLE),
        (true, true, 40_000),
        (false, false, 3_000),
        (true, false, 3_000),
    ];
    let time = ManualClock::at(NOW);
    let builder = || {
        ours(&time)
            .idle_lifetime(seconds(IDLE))
            .permanent_lifetime(seconds(40_000))
    };
    let builder = || builder().anonymous_lifetime(seconds(3_000));
    for sessions in [
        builder().build().unwrap(),
        builder().encrypted().build().unwrap(),
    ] {
        for (permanent, user, expected) in rows {
            time.set(NOW);
            let begun = visit(&sessions, &[], |session| {
                session.set_permanent(permanent)?;
                if user {
                    session.log_in("ada")
                } else {
                    session.insert("a", 1)
                }
            });
            let begun = begun.unwrap();
            let max_age = format!("; Max-Age={expected}");
            assert_eq!(begun.set_cookie().unwrap().ends_with(&max_age), permanent);
            let cookie = begun.cookie().unwrap();
            for (after, alive) in [(expected, true), (expected + 1, false)] {
                time.set(NOW + after);
                let rejected = sessions.open(&request(&[cookie])).rejected();
                assert_eq!(
                    rejected,
                    (!alive).then_some(Rejected::Idle),
                    "{permanent} {user} {after}"
                );
            }
            for (after, written) in [(expected / 10 - 1, false), (expected / 10, true)] {
                time.set(NOW + after);
                let read = visit(&sessions, &[cookie], |_| Ok(())).unwrap();
                assert_eq!(
                    read.set_cookie().is_some(),
                    written,
                    "{permanent} {user} {after}"
                );
            }
        }
        // The lifetime follows the session's state: after a login, and after `clear_user`.
        time.set(NOW);
        let cookie = cookie_with(&sessions, "a", 1);
        let login = visit(&sessions, &[&cookie], |session| session.log_in("ada")).unwrap();
        let left = visit(&sessions, &[login.cookie().unwrap()], Session::clear_user).unwrap();
        time.set(NOW + IDLE + 1);
        assert_eq!(
            sessions
                .open(&request(&[login.cookie().unwrap()]))
                .rejected(),
            Some(Rejected::Idle)
        );
        assert_eq!(
            sessions
                .open(&request(&[left.cookie().unwrap()]))
                .rejected(),
            None
        );
    }
    for builder in [
        Sessions::flask_builder("dev").permanent_lifetime(seconds(1)),
        Sessions::flask_builder("dev").anonymous_lifetime(seconds(1)),
    ] {
        let message = builder.build().unwrap_err().to_string();
        assert!(
            message.contains("one lifetime for all sessions"),
            "{message}"
        );
    }
}

/// `authenticated_within`, for pages that ask for the password again.
#[test]
fn l8_authenticated_within() {
    const FIVE: Duration = Duration::from_secs(300);
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let fresh = |cookie: &str| {
        sessions
            .open(&request(&[cookie]))
            .authenticated_within(FIVE)
    };
    let login = |session: &Session| session.log_in("ada").and(session.insert("user", "ada"));
    let anonymous = cookie_with(&sessions, "n", 1);
    assert!(!fresh(&anonymous), "no login yet");
    let mut cookie = visit(&sessions, &[&anonymous], login).unwrap().new_cookie();
    // Writing the session again does not make the login newer.
    for (after, expected) in [
        (0, true),
        (200, true),
        (300, true),
        (301, false),
        (3_000, false),
    ] {
        time.set(NOW + after);
        assert_eq!(fresh(&cookie), expected, "{after}");
        let closed = visit(&sessions, &[&cookie], |session| {
            session.increment("n", 1).map(drop)
        })
        .unwrap();
        cookie = closed.new_cookie();
    }
    // A new login is fresh, a logout ends it, and `cycle_id` proves nothing.
    let renewed = visit(&sessions, &[&cookie], Session::cycle_id).unwrap();
    assert!(!fresh(renewed.cookie().unwrap()));
    let again = visit(&sessions, &[&cookie], login).unwrap().new_cookie();
    assert!(fresh(&again));
    let out = visit(&sessions, &[&again], |session| {
        session.clear().and(session.insert("bye", 1))
    })
    .unwrap();
    assert!(!fresh(out.cookie().unwrap()));
    // Flask's format does not store when a user logged in.
    let flask = Sessions::flask("dev").unwrap();
    let session = flask.open(&::http::HeaderMap::new());
    session.log_in("ada").unwrap();
    assert!(!session.authenticated_within(FIVE));
}
