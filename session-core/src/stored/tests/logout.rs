//! A logout whose cookie was refused: the browser forgets it, its record ends if that can be, and nobody is told that it
//! worked where it did not (L4).

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::keys::secret_key::SecretKey;
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::model::Slot;
use crate::stored::tests::rotation::again;
use crate::stored::tests::{START, Server, login, server, visit};

const REMOVED: &str = "__Host-session=";

fn out(session: &Session) {
    session.clear().unwrap();
}

/// Whether the record of this session lives.
fn lives(server: &Server) -> bool {
    server
        .store
        .lock()
        .unwrap()
        .slots
        .values()
        .any(|slot| matches!(slot, Slot::Live { .. }))
}

/// What times alone speak against, a logout ends: with another clock, past a lifetime, revoked.
#[test]
fn an_id_that_is_untimely_can_log_out() {
    type Prepare = fn(Server) -> Server;
    let ways: [(Rejected, Prepare); 5] = [
        (Rejected::Idle, |server| {
            server.advance(61);
            again(server, |builder| {
                builder.idle_lifetime(Duration::from_secs(60))
            })
        }),
        (Rejected::Future, |server| {
            server.time.set(START - 90);
            server
        }),
        (Rejected::TooOld, |server| {
            server.advance(61);
            again(server, |builder| {
                builder.absolute_lifetime(Duration::from_secs(60))
            })
        }),
        (Rejected::Revoked, |server| {
            again(server, |builder| builder.epoch(1))
        }),
        (Rejected::Revoked, |server| {
            server.advance(1);
            let now = std::time::UNIX_EPOCH + Duration::from_secs(server.sessions.now());
            again(server, |builder| builder.not_created_before(now))
        }),
    ];
    for (why, prepare) in ways {
        let server = server(|builder| builder);
        let cookie = server.begin(login);
        let server = prepare(server);
        let (exchange, session) = server.open(&cookie);
        assert_eq!((session.rejected(), session.is_empty()), (Some(why), true));
        server.asked();
        server.close(exchange);
        assert_eq!(
            server.asked(),
            [] as [&str; 0],
            "{why:?}: who only reads asks nothing"
        );
        assert!(lives(&server));

        let closed = server.request(&cookie, out);
        assert_eq!(
            (&closed.result, closed.pair().as_str()),
            (&Ok(()), REMOVED),
            "{why:?}"
        );
        // What only the record tells was loaded before.
        let first = if why == Rejected::Idle {
            &["load"][..]
        } else {
            &[]
        };
        assert_eq!(
            server.asked(),
            [first, &["load", "delete", "unindex"]].concat(),
            "{why:?}"
        );
        assert_eq!(
            closed.events,
            [EventKind::Rejected(why), EventKind::Cleared]
        );
        assert!(!lives(&server), "{why:?}");
        // Once more: there is nothing to end, which the store confirms; and after a while the cookie goes.
        for (seconds, goes) in [(0, false), (9, false), (1, true)] {
            server.advance(seconds);
            let again = server.request(&cookie, out);
            assert_eq!(
                (again.result, again.cookie.is_some()),
                (Ok(()), goes),
                "{why:?}"
            );
            assert_eq!(server.asked(), ["load", "delete"], "{why:?}");
        }
    }
}

/// After the end another session may begin in the same request.
#[test]
fn an_untimely_id_ends_before_another_session_begins() {
    let server = server(|builder| builder);
    let cookie = server.begin(login);
    server.time.set(START - 90);
    let closed = server.request(&cookie, |session| (out(session), visit(session)).1);
    assert_eq!(server.asked(), ["load", "delete", "unindex", "insert"]);
    assert_eq!(server.json(&closed.pair()), r#"{"visits":1}"#);
}

#[test]
fn an_untimely_logout_that_ends_nothing_fails() {
    for broken in ["load", "delete"] {
        let server = server(|builder| builder);
        let cookie = server.begin(login);
        server.time.set(START - 90);
        *server.broken.lock().unwrap() = Some(broken);
        let closed = server.request(&cookie, out);
        assert_eq!(
            (closed.result, closed.cookie),
            (Err(Error::Unavailable), None),
            "{broken}"
        );
        assert!(lives(&server));
    }
}

/// An id that the record no longer knows ends nothing, untimely or not.
#[test]
fn an_untimely_id_that_was_replaced_ends_nothing() {
    let server = server(|builder| builder);
    let before = server.begin(visit);
    let user = server.request(&before, login).pair();
    server.asked();
    server.time.set(START - 90);
    let closed = server.request(&before, out);
    assert_eq!(
        (&closed.result, closed.pair().as_str(), server.asked()),
        (&Ok(()), REMOVED, vec!["load"])
    );
    server.time.set(START);
    assert_eq!(server.open(&user).1.user().as_deref(), Some("ada"));
}

/// What another server wrote with another key, or nobody: the browser forgets it. Nothing is asked.
#[test]
fn what_is_no_id_of_ours_goes() {
    let server = server(|builder| builder);
    let cookie = server.begin(login);
    let other = || Sessions::builder(SecretKey::generate().unwrap());
    let server = Server {
        sessions: other().build_stored().unwrap(),
        ..server
    };
    for cookie in [cookie.as_str(), "__Host-session=", "__Host-session=forged"] {
        let closed = server.request(cookie, out);
        assert_eq!(
            (&closed.result, closed.pair().as_str()),
            (&Ok(()), REMOVED),
            "{cookie}"
        );
        assert!(!closed.clears);
        assert_eq!(server.asked(), [] as [&str; 0], "{cookie}");
    }
    assert_eq!(server.request("", out).cookie, None);
}

/// While a newer id may be on its way, no removal goes out that could meet it: so a logout fails where the session lives on.
#[test]
fn a_mute_logout_fails_while_the_session_lives() {
    let server = server(|builder| builder);
    let before = server.begin(visit);
    let user = server.request(&before, login).pair();
    for (seconds, expected) in [
        (0, Err(Error::Gone)),
        (9, Err(Error::Gone)),
        (10, Ok(())),
        (1000, Ok(())),
    ] {
        server.time.set(START + seconds);
        let closed = server.request(&before, out);
        assert_eq!(closed.cookie.is_some(), expected.is_ok(), "{seconds} s");
        assert_eq!(closed.result, expected, "{seconds} s");
    }
    assert_eq!(server.open(&user).1.user().as_deref(), Some("ada"));
    // Of an ended one nothing is left to be ended.
    let ended = server.request(&user, out);
    assert_eq!(ended.pair(), REMOVED);
    let again = server.request(&user, out);
    assert_eq!((again.result, again.cookie), (Ok(()), None));
}
