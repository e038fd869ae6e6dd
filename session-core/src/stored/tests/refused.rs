//! An id that opens nothing when its request begins: its browser gets a session again, and no other
//! browser loses one.

#![allow(clippy::unwrap_used)]

use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::keys::secret_key::SecretKey;
use crate::record::policy::GonePolicy;
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::model::Slot;
use crate::stored::tests::{KEY, START, Server, login, server, visit};

fn out(session: &Session) {
    session.clear().unwrap();
}

/// Ends the session from outside of the request, as an `end_all` or the limit of sessions does.
fn end_elsewhere(server: &Server) {
    let mut store = server.store.lock().unwrap();
    for key in store.of_user("ada", server.sessions.now()) {
        assert!(store.end_of("ada", key, server.sessions.now()));
    }
}

/// Makes all records unreadable, like records of a newer release.
fn damage(server: &Server) {
    for slot in server.store.lock().unwrap().slots.values_mut() {
        if let Slot::Live { record, .. } = slot {
            record.body = [0xff].into();
        }
    }
}

/// Logs in as OAuth does: a session has the state first. Returns whether the login succeeds in the
/// browser with this cookie.
fn logs_in(server: &Server, cookie: &str) -> bool {
    let started = server.request(cookie, |session| session.insert("state", "xyz").unwrap());
    let cookie = if started.cookie.is_some() {
        started.pair()
    } else {
        cookie.to_owned()
    };
    let (exchange, session) = server.open(&cookie);
    let known = session.take::<String>("state").unwrap().as_deref() == Some("xyz");
    if known {
        login(&session);
    }
    known && server.close(exchange).cookie.is_some()
}

/// Each way in which an id may stop to open anything, and how long its browser then waits: never
/// more than 10 s.
#[test]
fn no_browser_is_locked_out() {
    type Prepare = fn(&Server) -> (String, Rejected);
    let ways: [(&str, Prepare); 4] = [
        ("ended elsewhere", |server| {
            let cookie = server.begin(login);
            end_elsewhere(server);
            (cookie, Rejected::Gone)
        }),
        ("cleared by another request", |server| {
            let cookie = server.begin(visit);
            server.request(&cookie, out);
            (cookie, Rejected::Gone)
        }),
        ("the reply to a login was lost", |server| {
            let cookie = server.begin(visit);
            server.request(&cookie, login);
            (cookie, Rejected::Gone)
        }),
        ("unreadable", |server| {
            let cookie = server.begin(visit);
            damage(server);
            (cookie, Rejected::Unreadable)
        }),
    ];
    const DAY: u64 = 24 * 60 * 60;
    for (way, prepare) in ways {
        for (seconds, works) in [
            (0, false),
            (9, false),
            (10, true),
            (61, true),
            (3600, true),
            (DAY, true),
            (30 * DAY, true),
        ] {
            let server = server(|builder| builder);
            let (cookie, why) = prepare(&server);
            server.advance(seconds);
            let rejected = server.open(&cookie).1.rejected();
            // Its tombstone has ended, so the id is unknown.
            let why = if rejected == Some(Rejected::Unknown) && seconds >= 60 {
                Rejected::Unknown
            } else {
                why
            };
            assert_eq!(rejected, Some(why), "{way}, {seconds} s");
            assert_eq!(logs_in(&server, &cookie), works, "{way}, {seconds} s");
        }
    }
}

/// The wait begins when the newer id is generated, not when the request is answered.
#[test]
fn a_request_that_began_mute_stays_so() {
    let server = server(|builder| builder);
    let before = server.begin(visit);
    let user = server.request(&before, login).pair();
    let (slow, session) = server.open(&before);
    visit(&session);
    server.advance(3600);
    let slow = server.close(slow);
    assert_eq!((slow.result, slow.cookie), (Ok(()), None));
    assert_eq!(
        slow.events,
        [EventKind::Rejected(Rejected::Gone), EventKind::Gone]
    );
    assert_eq!(server.json(&user), r#"{"visits":1}"#);
}

/// The clocks of two servers may differ. A clock that is ahead makes no browser wait longer.
#[test]
fn a_clock_that_was_ahead_locks_nobody_out() {
    for ahead in [9, 10, 60, 3600] {
        let server = server(|builder| builder);
        let cookie = server.begin(visit);
        server.time.set(START + ahead);
        server.request(&cookie, out);
        server.time.set(START);
        assert_eq!(logs_in(&server, &cookie), ahead >= 10, "{ahead} s ahead");
        server.time.set(START + ahead + 10);
        assert!(logs_in(&server, &cookie), "{ahead} s ahead");
    }
}

/// [`GonePolicy`] is about requests under way. A request that finds its session gone is anonymous.
#[test]
fn on_gone_is_for_requests_under_way() {
    let server = server(|builder| builder.on_gone(GonePolicy::Conflict));
    let cookie = server.begin(visit);
    let (slow, session) = server.open(&cookie);
    server.request(&cookie, out);
    visit(&session);
    assert_eq!(server.close(slow).result, Err(Error::Gone));
    for seconds in [0, 10, 60] {
        server.time.set(START + seconds);
        let closed = server.request(&cookie, visit);
        assert_eq!(
            (closed.result, closed.cookie.is_some()),
            (Ok(()), seconds >= 10),
            "{seconds} s"
        );
    }
}

/// A request with an id from before a login ends no session, and fails: an attacker who planted the
/// id cannot log out the user.
#[test]
fn a_stale_id_ends_nothing() {
    for on_gone in [GonePolicy::Forget, GonePolicy::Conflict] {
        let server = server(|builder| builder.on_gone(on_gone));
        let planted = server.begin(visit);
        let (slow, session) = server.open(&planted);
        let user = server.request(&planted, login).pair();
        out(&session);
        let slow = server.close(slow);
        assert_eq!(
            (slow.result, slow.cookie, slow.events),
            (Err(Error::Gone), None, vec![EventKind::Gone])
        );
        assert_eq!(server.request(&planted, out).cookie, None);
        assert_eq!(server.open(&user).1.user().as_deref(), Some("ada"));
    }
}

/// Its own login begins a session beside the one that it may not end.
#[test]
fn a_stale_id_that_clears_and_logs_in_begins_anew() {
    let server = server(|builder| builder);
    let planted = server.begin(visit);
    let (slow, session) = server.open(&planted);
    let user = server.request(&planted, login).pair();
    out(&session);
    session.log_in("bob").unwrap();
    let other = server.close(slow).pair();
    assert_eq!(server.open(&other).1.user().as_deref(), Some("bob"));
    assert_eq!(server.open(&user).1.user().as_deref(), Some("ada"));
}

/// A logout still ends the session if another request writes first, with each id that opens it:
/// also with one that a periodic renewal has just replaced.
#[test]
fn a_logout_meets_newer_versions() {
    let server = server(|builder| builder.cycle_id_every(std::time::Duration::from_secs(100)));
    let old = server.begin(visit);
    server.advance(100);
    let (slow, session) = server.open(&old);
    let new = server.request(&old, visit).pair();
    server.request(&new, visit);
    server.verbs();
    out(&session);
    let slow = server.close(slow);
    assert_eq!(
        (slow.result.as_ref(), slow.pair().as_str()),
        (Ok(&()), "__Host-session=")
    );
    assert_eq!(server.verbs(), ["delete", "delete"]);
    for cookie in [&old, &new] {
        assert_eq!(server.open(cookie).1.rejected(), Some(Rejected::Gone));
    }
}

/// A record that another release has written meanwhile cannot be judged: the logout fails.
#[test]
fn a_logout_that_meets_an_unreadable_record_fails() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (slow, session) = server.open(&cookie);
    server.request(&cookie, visit);
    damage(&server);
    out(&session);
    let slow = server.close(slow);
    assert_eq!((slow.result, slow.cookie), (Err(Error::Unavailable), None));
}

/// Records were encrypted, and are plain again, without a period in which both are accepted: each
/// browser begins a new session.
#[cfg(feature = "encryption")]
#[test]
fn an_encrypted_record_that_is_not_accepted_locks_nobody_out() {
    let before = server(|builder| builder.encrypted());
    let cookie = before.begin(visit);
    let key = SecretKey::new(KEY).unwrap();
    let sessions = Sessions::builder(key)
        .clock(before.time.clone())
        .build_stored()
        .unwrap();
    let after = Server { sessions, ..before };
    after.advance(10);
    assert_eq!(after.open(&cookie).1.rejected(), Some(Rejected::Unreadable));
    assert!(logs_in(&after, &cookie));
}
