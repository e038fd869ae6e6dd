//! Idle lifetimes of permanent, anonymous and other sessions. The record says which applies.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crate::builder::Builder;
use crate::error::Rejected;
use crate::session::handle::Session;
use crate::stored::tests::{START, Server, login, server, visit};
use crate::token::lifetime::Refresh;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// Half an hour; a month for permanent sessions; two hours for anonymous ones.
fn lifetimes(builder: Builder) -> Builder {
    builder
        .idle_lifetime(Duration::from_secs(30 * MINUTE))
        .permanent_lifetime(Duration::from_secs(30 * DAY))
        .anonymous_lifetime(Duration::from_secs(120 * MINUTE))
}

fn remembered(session: &Session) {
    login(session);
    session.set_permanent(true).unwrap();
}

/// Returns the last second at which an unused session is found, counted from now.
fn lives(server: &Server, cookie: &str) -> u64 {
    let start = server.sessions.now();
    let mut range = (0, 100 * DAY);
    while range.1 - range.0 > 1 {
        let middle = u64::midpoint(range.0, range.1);
        server.time.set(start + middle);
        match server.open(cookie).1.rejected() {
            None => range.0 = middle,
            Some(rejected) => {
                assert_eq!(rejected, Rejected::Idle);
                range.1 = middle;
            }
        }
    }
    server.time.set(start);
    range.0
}

#[test]
fn l1_each_kind_of_session_has_its_own() {
    let server = server(lifetimes);
    type Handler = fn(&Session);
    let kinds: [(Handler, u64); 4] = [
        (login, 30 * MINUTE),
        (remembered, 30 * DAY),
        (visit, 120 * MINUTE),
        (
            |session: &Session| (visit(session), session.set_permanent(true).unwrap()).1,
            120 * MINUTE,
        ),
    ];
    for (handler, expected) in kinds {
        let cookie = server.begin(handler);
        assert_eq!(server.record(&cookie).expires - START, expected);
        assert_eq!(lives(&server, &cookie), expected - 1);
    }
}

/// A record's `expires` never decreases. A session that is no longer permanent or logged in ends
/// earlier nevertheless.
#[test]
fn l1_a_session_that_becomes_a_shorter_one_ends_with_it() {
    let server = server(lifetimes);
    let cookie = server.begin(remembered);
    let cookie = server
        .request(&cookie, |session| session.set_permanent(false).unwrap())
        .pair();
    assert_eq!(lives(&server, &cookie), 30 * MINUTE - 1);
    let cookie = server.begin(remembered);
    let cookie = server
        .request(&cookie, |session| {
            (visit(session), session.clear_user().unwrap()).1
        })
        .pair();
    assert_eq!(lives(&server, &cookie), 120 * MINUTE - 1);
    assert_eq!(server.record(&cookie).expires, START + 30 * DAY);
    // And later: an anonymous session logs in and becomes permanent.
    let cookie = server.request(&cookie, remembered).pair();
    assert_eq!(lives(&server, &cookie), 30 * DAY - 1);
    // A configuration with a shorter lifetime applies immediately, as it does to cookies.
    let shorter = super::server(|builder| builder.idle_lifetime(Duration::from_secs(MINUTE)));
    let shorter = Server {
        store: server.store,
        time: server.time,
        ..shorter
    };
    let builder = crate::Sessions::builder(crate::SecretKey::new(super::KEY).unwrap())
        .clock(shorter.time.clone());
    let sessions = builder
        .idle_lifetime(Duration::from_secs(MINUTE))
        .build_stored()
        .unwrap();
    assert_eq!(
        lives(
            &Server {
                sessions,
                ..shorter
            },
            &cookie
        ),
        MINUTE - 1
    );
}

/// Returns a tenth of the lifetime that applies.
#[test]
fn extended_in_time() {
    let server = server(lifetimes);
    for (handler, tenth) in [
        (login as fn(&Session), 3 * MINUTE),
        (remembered, 3 * DAY),
        (visit, 12 * MINUTE),
    ] {
        let cookie = server.begin(handler);
        for (after, touched) in [(tenth - 1, false), (1, true)] {
            server.advance(after);
            server.request(&cookie, |session| assert_eq!(session.rejected(), None));
            assert_eq!(
                server.verbs().last() == Some(&"touch"),
                touched,
                "after {after}"
            );
        }
    }
    // A session that is used goes on.
    let cookie = server.begin(login);
    for _ in 0..5 {
        server.advance(29 * MINUTE);
        server.request(&cookie, |session| assert_eq!(session.rejected(), None));
    }
}

/// The note in the user's index outlives the record, whichever lifetime the record gets.
#[test]
fn a_remembered_session_stays_in_its_users_list() {
    let server = server(lifetimes);
    let cookie = server.begin(login);
    server.advance(MINUTE);
    let cookie = server
        .request(&cookie, |session| session.set_permanent(true).unwrap())
        .pair();
    for _ in 0..3 {
        let noted = server.store.lock().unwrap().index["ada"]
            .values()
            .copied()
            .max()
            .unwrap();
        assert!(noted > server.record(&cookie).expires);
        server.advance(25 * DAY);
        server.request(&cookie, visit);
        assert_eq!(
            server
                .store
                .lock()
                .unwrap()
                .of_user("ada", server.sessions.now())
                .len(),
            1
        );
    }
}

#[test]
fn a_clock_that_steps_back_ends_nothing_earlier() {
    let server = server(|builder| lifetimes(builder).refresh(Refresh::EachRequest));
    for handler in [visit as fn(&Session), |_| ()] {
        let cookie = server.begin(login);
        server.time.set(START - 10 * MINUTE);
        server.request(&cookie, handler);
        server.time.set(START);
        assert_eq!(lives(&server, &cookie), 30 * MINUTE - 1);
    }
}

/// The browser stores the id of a permanent session as long as the server could accept it, and no
/// longer.
#[test]
fn a_permanent_id_goes_with_the_absolute_lifetime() {
    let server = server(|builder| builder.absolute_lifetime(Duration::from_secs(1000)));
    let mut sent = server.request("", |session| {
        (visit(session), session.set_permanent(true).unwrap()).0
    });
    for left in [1000, 600, 200] {
        let header = sent.cookie.as_deref().unwrap();
        assert!(header.ends_with(&format!("; Max-Age={left}")), "{header}");
        let cookie = sent.pair();
        server.advance(400);
        sent = server.request(&cookie, |session| session.cycle_id().unwrap());
    }
}
