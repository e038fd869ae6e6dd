//! An id that is used after a renewal replaced it.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::record::policy::ReusePolicy;
use crate::session::handle::Session;
use crate::stored::tests::{Server, login, server, visit};

/// A session whose id was copied, then renewed, and the new id has come back; and another session
/// of the same user. Returns the stolen cookie, the current one, and that of the other session.
fn stolen(on_reuse: ReusePolicy, begin: impl Fn(&Session)) -> (Server, [String; 3]) {
    let server = server(|builder| {
        builder
            .cycle_id_every(Duration::from_secs(3600))
            .on_reuse(on_reuse)
    });
    let begin = |session: &Session| {
        begin(session);
        visit(session);
    };
    let stolen = server.begin(begin);
    server.advance(3601);
    let current = server.request(&stolen, visit).pair();
    server.request(&current, visit);
    let other = server.begin(begin);
    server.advance(61);
    server.verbs();
    (server, [stolen, current, other])
}

fn alive(server: &Server, cookie: &str) -> bool {
    let rejected = server.open(cookie).1.rejected();
    assert!(matches!(rejected, None | Some(Rejected::Gone)));
    rejected.is_none()
}

#[test]
fn it_ends_what_is_configured() {
    type Row = (
        ReusePolicy,
        fn(&Session),
        &'static [&'static str],
        u64,
        [bool; 2],
    );
    let no_login: fn(&Session) = |_| ();
    let rows: [Row; 5] = [
        (ReusePolicy::Report, login, &["load"], 0, [true, true]),
        (
            ReusePolicy::EndSession,
            login,
            &["load", "delete", "unindex"],
            1,
            [false, true],
        ),
        (
            ReusePolicy::EndUser,
            login,
            &["load", "load", "trim"],
            2,
            [false, false],
        ),
        (
            ReusePolicy::EndSession,
            no_login,
            &["load", "delete"],
            1,
            [false, true],
        ),
        (
            ReusePolicy::EndUser,
            no_login,
            &["load", "delete"],
            1,
            [false, true],
        ),
    ];
    for (on_reuse, begin, verbs, sessions, expected) in rows {
        let (server, [stolen, current, other]) = stolen(on_reuse, begin);
        // A handler that only reads.
        let closed = server.request(&stolen, |session| assert!(session.is_empty()));
        assert_eq!(
            (closed.result, closed.cookie, server.verbs()),
            (Ok(()), None, verbs.to_vec())
        );
        let mut events = vec![EventKind::Rejected(Rejected::Gone), EventKind::Reuse];
        events.extend((sessions > 0).then_some(EventKind::EndedForReuse { sessions }));
        assert_eq!(closed.events, events, "{on_reuse:?}");
        assert_eq!(
            [alive(&server, &current), alive(&server, &other)],
            expected,
            "{on_reuse:?}"
        );
    }
}

/// A handler that writes begins a session of its own, as before.
#[test]
fn who_sent_it_may_begin_anew() {
    let (server, [stolen, current, _]) = stolen(ReusePolicy::EndSession, login);
    let new = server.request(&stolen, visit).pair();
    assert_eq!(server.json(&new), r#"{"visits":1}"#);
    assert!(!alive(&server, &current));
}

/// An end that did not happen does not look like one. Sent again, the request ends all.
#[test]
fn what_was_not_ended_is_an_error() {
    for (on_reuse, verb) in [
        (ReusePolicy::EndSession, "delete"),
        (ReusePolicy::EndUser, "trim"),
    ] {
        let (server, [stolen, current, other]) = stolen(on_reuse, login);
        *server.broken.lock().unwrap() = Some(verb);
        let closed = server.request(&stolen, |_| ());
        assert_eq!(closed.result, Err(Error::Unavailable));
        assert!(matches!(
            closed.events[..],
            [_, EventKind::Reuse, EventKind::StoreFailed(_)]
        ));
        *server.broken.lock().unwrap() = None;
        server.request(&stolen, |_| ());
        assert_eq!(
            [alive(&server, &current), alive(&server, &other)],
            [false, verb == "delete"]
        );
    }
}

/// The write of another request does not hide the reuse. A login that was faster has dropped the
/// old id, so its session does not end.
#[test]
fn what_was_written_meanwhile_is_looked_at() {
    for on_reuse in [ReusePolicy::EndSession, ReusePolicy::EndUser] {
        let (server, [stolen_id, current, _]) = stolen(on_reuse, login);
        let (exchange, _session) = server.open(&stolen_id);
        server.request(&current, visit);
        let closed = server.close(exchange);
        assert!(
            matches!(closed.events.last(), Some(EventKind::EndedForReuse { .. })),
            "{closed:?}"
        );
        assert!(!alive(&server, &current));

        let (server, [stolen_id, current, _]) = stolen(on_reuse, login);
        let (exchange, _session) = server.open(&stolen_id);
        let new = server.request(&current, login).pair();
        assert_eq!(
            server.close(exchange).events.last(),
            Some(&EventKind::Reuse)
        );
        assert!(alive(&server, &new));
    }
}

#[test]
fn it_is_for_stored_sessions() {
    let key = crate::SecretKey::new(super::KEY).unwrap();
    let error = crate::Sessions::builder(key)
        .on_reuse(ReusePolicy::EndUser)
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("on_reuse"));
}
