//! S4, S5, S11: times under the signature.

use std::time::{Duration, UNIX_EPOCH};

use ::http::HeaderMap;
use session_core::testing::{self, CookieJar};
use session_core::{Rejected, Session, Sessions};

use crate::common::{ManualClock, cookie_with, request, visit};
use crate::cookie_value::helpers::DAY;
use crate::{NOW, ours};

/// A copy can outlive the `Max-Age` of its cookie; the server does not accept it any longer than
/// the original.
#[test]
fn s4_a_copied_cookie_ends_in_time() {
    let seconds = Duration::from_secs;
    let time = ManualClock::at(NOW);
    for (builder, life, refused) in [
        (ours(&time).permanent(true), 31 * DAY, Rejected::Idle),
        (
            ours(&time).permanent(true).idle_lifetime(seconds(600)),
            600,
            Rejected::Idle,
        ),
        (
            ours(&time).permanent(true).absolute_lifetime(seconds(900)),
            900,
            Rejected::TooOld,
        ),
        (
            Sessions::flask_builder("dev").clock(time.clone()),
            31 * DAY,
            Rejected::Idle,
        ),
    ] {
        time.set(NOW);
        let sessions = builder.build().unwrap();
        let mut jar = CookieJar::new("https://example.com", time.clone());
        jar.receive(
            &testing::respond(&sessions, &HeaderMap::new(), |session| {
                session.set_permanent(true).and(session.insert("a", 1))
            })
            .unwrap(),
        );
        let copy = jar.request();
        time.advance(seconds(life));
        assert_eq!(sessions.open(&copy).rejected(), None, "{refused}");
        time.advance(seconds(1));
        assert!(
            jar.request().is_empty(),
            "the browser drops it at the same time"
        );
        assert_eq!(sessions.open(&copy).rejected(), Some(refused));
        // The server also ends sessions without `Max-Age`, which a browser drops when it is closed.
        time.set(NOW);
        let closed = visit(&sessions, &[], |session| {
            session.set_permanent(false).and(session.insert("a", 1))
        });
        let closed = closed.unwrap();
        let header = closed.set_cookie().unwrap();
        assert!(!header.contains("Max-Age") && !header.contains("Expires"));
        time.advance(seconds(life + 1));
        assert_eq!(
            sessions
                .open(&request(&[closed.cookie().unwrap()]))
                .rejected(),
            Some(refused)
        );
    }
}

/// The clock is set back by ten minutes, and by the skew that is allowed.
#[test]
fn s5_a_cookie_of_the_future_is_refused() {
    let time = ManualClock::at(NOW);
    let flask = Sessions::flask_builder("dev")
        .clock(time.clone())
        .build()
        .unwrap();
    for (sessions, skew) in [(ours(&time).build().unwrap(), 60), (flask, 0)] {
        time.set(NOW);
        let cookie = cookie_with(&sessions, "a", 1);
        for (back, refused) in [
            (0, None),
            (skew, None),
            (skew + 1, Some(Rejected::Future)),
            (600, Some(Rejected::Future)),
        ] {
            time.set(NOW - back);
            let session = sessions.open(&request(&[&cookie]));
            assert_eq!(
                (session.rejected(), session.is_empty()),
                (refused, refused.is_some()),
                "{back}"
            );
        }
    }
    // An id from the future does not reach a store.
    time.set(NOW);
    let stored = ours(&time).build_stored().unwrap();
    let id = testing::stored_request(&stored);
    time.set(NOW - 600);
    let session = stored.exchange(&id).open().done().unwrap().unwrap();
    assert_eq!(session.rejected(), Some(Rejected::Future));
}

/// A single cookie session cannot be revoked. This test documents the limit, and the switch that
/// revokes all sessions.
#[test]
fn s11_a_cookie_session_is_revoked_by_time_alone() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let cookie = cookie_with(&sessions, "user", "ada");
    time.advance(Duration::from_secs(10));
    assert!(
        visit(&sessions, &[&cookie], Session::clear)
            .unwrap()
            .removes()
    );
    assert_eq!(
        sessions.open(&request(&[&cookie])).rejected(),
        None,
        "a copy is still valid after the logout"
    );
    let since = UNIX_EPOCH + Duration::from_secs(NOW + 1);
    let after = ours(&time).not_created_before(since).build().unwrap();
    assert_eq!(
        after.open(&request(&[&cookie])).rejected(),
        Some(Rejected::Revoked)
    );
    // A session that is written again keeps its beginning; a login begins a new one.
    let written = visit(&sessions, &[&cookie], |session| {
        session.insert("seen", true)
    })
    .unwrap();
    assert_eq!(
        after
            .open(&request(&[written.cookie().unwrap()]))
            .rejected(),
        Some(Rejected::Revoked)
    );
    let login = visit(&sessions, &[&cookie], |session| session.log_in("ada")).unwrap();
    assert_eq!(
        after.open(&request(&[login.cookie().unwrap()])).rejected(),
        None
    );
}
