//! The user of a stored session: what a login, its end and the next login leave of content and
//! record.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crate::error::Rejected;
use crate::event::EventKind;
use crate::record::store::{StoreReply, StoreRequest, TrimResult};
use crate::session::handle::Session;
use crate::stored::step::Step;
use crate::stored::tests::{START, Server, login, server, visit};

fn as_admin(session: &Session) {
    session.log_in("admin").unwrap();
    session.set_label("Root's laptop").unwrap();
    session.set_epoch(7).unwrap();
    session.set_permanent(true).unwrap();
    session.insert("is_admin", true).unwrap();
    session.flash("Welcome, root", "info").unwrap();
}

/// Returns the number of a user's sessions in a list.
fn listed(server: &Server, user: &str) -> usize {
    server
        .store
        .lock()
        .unwrap()
        .of_user(user, server.sessions.now())
        .len()
}

#[test]
fn another_user_finds_nothing_of_the_former_one() {
    let server = server(|builder| builder);
    let admins = server.begin(as_admin);
    let (slow, held) = server.open(&admins);
    let closed = server.request(&admins, |session| {
        session.insert("last_page", "/admin").unwrap();
        session.log_in("mallory").unwrap();
        session.insert("theme", "dark").unwrap();
    });
    assert_eq!(closed.events, [EventKind::Cleared, EventKind::Created]);
    let cookie = closed.pair();
    let (_exchange, session) = server.open(&cookie);
    assert_eq!(
        (session.to_json(), session.user().as_deref()),
        (r#"{"theme":"dark"}"#.into(), Some("mallory"))
    );
    assert!(session.take_flashes().unwrap().is_empty() && !session.is_permanent());
    assert_eq!(server.record(&cookie).label, None);
    assert!(!session.require_epoch(1).unwrap());
    // The former record has ended, for a request that is under way as well.
    assert_eq!(
        (listed(&server, "admin"), listed(&server, "mallory")),
        (0, 1)
    );
    assert_eq!(server.open(&admins).1.rejected(), Some(Rejected::Gone));
    visit(&held);
    assert_eq!(server.close(slow).events, [EventKind::Gone]);
    assert_eq!(server.json(&cookie), r#"{"theme":"dark"}"#);
}

/// A key that another request has written meanwhile belonged to the former user, too.
#[test]
fn what_another_request_wrote_meanwhile_goes_as_well() {
    let server = server(|builder| builder);
    let admins = server.begin(as_admin);
    let (exchange, session) = server.open(&admins);
    server.request(&admins, |session| session.insert("iban", "DE89").unwrap());
    session.log_in("mallory").unwrap();
    let cookie = server.close(exchange).pair();
    assert_eq!(server.json(&cookie), "{}");
}

#[test]
fn the_same_user_and_a_stranger_keep_their_content() {
    let server = server(|builder| builder);
    let cookie = server.begin(as_admin);
    let again = server
        .request(&cookie, |session| session.log_in("admin").unwrap())
        .pair();
    let (_exchange, session) = server.open(&again);
    assert!(
        session.contains_key("is_admin")
            && session.is_permanent()
            && session.require_epoch(7).unwrap()
    );
    assert_eq!(
        server.record(&again).label.as_deref(),
        Some("Root's laptop")
    );
    let stranger = server.begin(visit);
    let cookie = server.request(&stranger, login).pair();
    assert_eq!(server.json(&cookie), r#"{"visits":1}"#);
}

/// Changes that are made again on a newer record affect keys that the request has never seen, too.
#[test]
fn what_is_named_stays_alone_on_a_newer_record_as_well() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| session.push("cart", "mug").unwrap());
    let (exchange, session) = server.open(&cookie);
    server.request(&cookie, |session| {
        session.push("cart", "beans").unwrap();
        session.insert("csrf", "planted").unwrap();
        session.flash("Added", "info").unwrap();
    });
    session.keep_only(&["cart"]).unwrap();
    login(&session);
    session.insert("theme", "dark").unwrap();
    let closed = server.close(exchange);
    assert!(closed.events.contains(&EventKind::Merged));
    let (_exchange, session) = server.open(&closed.pair());
    assert_eq!(
        session.payload(),
        r#"{"cart":["mug","beans"],"theme":"dark"}"#
    );
}

/// The record leaves its user. Its content stays, and the new id opens it.
#[test]
fn a_session_without_its_user_goes_on() {
    let server = server(|builder| builder);
    let cookie = server.begin(as_admin);
    server.advance(10);
    let closed = server.request(&cookie, |session| session.clear_user().unwrap());
    assert_eq!(closed.events, [EventKind::Renewed]);
    let left = closed.pair();
    assert_eq!(
        server.open(&cookie).1.rejected(),
        Some(Rejected::Gone),
        "the old id opens nothing"
    );
    let (_exchange, session) = server.open(&left);
    assert_eq!(
        (session.user(), session.to_json()),
        (None, r#"{"is_admin":true}"#.into())
    );
    assert!(!session.authenticated_within(Duration::MAX) && session.is_permanent());
    assert!(!session.require_epoch(1).unwrap());
    let record = server.record(&left);
    assert_eq!(
        (record.user, record.label, record.created),
        (None, None, START)
    );
    // It is in no user's list, and survives the end of all of the former user's sessions.
    let key = session.record_key().unwrap();
    assert_eq!(listed(&server, "admin"), 0);
    assert!(
        !server
            .store
            .lock()
            .unwrap()
            .end_of("admin", key, server.sessions.now())
    );
    assert_eq!(server.open(&left).1.rejected(), None);
    // Without a user, no request is sent to the store.
    server.verbs();
    assert_eq!(
        server
            .request(&left, |session| session.clear_user().unwrap())
            .cookie,
        None
    );
    assert_eq!(server.verbs(), ["load"]);
    let next = server
        .request(&left, |session| session.log_in("bob").unwrap())
        .pair();
    assert_eq!(
        (listed(&server, "bob"), server.json(&next)),
        (1, r#"{"is_admin":true}"#.into())
    );
}

/// A login was faster and has given the session another id: the request to leave the user fails.
#[test]
fn a_user_that_could_not_leave_is_an_error() {
    let server = server(|builder| builder);
    let cookie = server.begin(as_admin);
    let (exchange, session) = server.open(&cookie);
    session.clear_user().unwrap();
    let faster = server
        .request(&cookie, |session| session.log_in("admin").unwrap())
        .pair();
    let closed = server.close(exchange);
    assert_eq!(
        (closed.result, closed.events),
        (Err(crate::Error::Gone), vec![EventKind::Gone])
    );
    assert_eq!(server.open(&faster).1.user().as_deref(), Some("admin"));
    // Where the session has ended, there is no user left.
    let (exchange, session) = server.open(&faster);
    session.clear_user().unwrap();
    server.request(&faster, |session| session.clear().unwrap());
    assert_eq!(server.close(exchange).result, Ok(()));
}

/// The way in which Flask applications log out.
#[test]
fn to_remove_a_key_is_no_logout() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| (login(session), session.insert("user", "ada").unwrap()).1);
    server.request(&cookie, |session| assert!(session.remove("user").unwrap()));
    assert_eq!(server.open(&cookie).1.user().as_deref(), Some("ada"));
}

/// The user is a column of the record. A user in the content is a forgery, or from another version.
#[test]
fn a_user_in_the_content_of_a_record_is_unreadable() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    for (text, rejected) in [
        (r#"{"a":1}"#, None),
        (r#"[{"a":1},[],"eve"]"#, Some(Rejected::Unreadable)),
    ] {
        super::set_content(&server, text);
        assert_eq!(server.open(&cookie).1.rejected(), rejected);
    }
}

/// A user logs in again in a session that ends meanwhile: the new session has nothing of the old
/// one, not even its epoch.
#[test]
fn a_login_on_what_ended_meanwhile_inherits_no_epoch() {
    let server = server(|builder| builder);
    for (own, has) in [(None, 0), (Some(3), 3)] {
        let cookie = server.begin(|session| (login(session), session.set_epoch(7).unwrap()).1);
        let (exchange, session) = server.open(&cookie);
        server.request(&cookie, |session| session.clear().unwrap());
        login(&session);
        if let Some(own) = own {
            session.set_epoch(own).unwrap();
        }
        let (_exchange, session) = server.open(&server.close(exchange).pair());
        assert_eq!(session.user().as_deref(), Some("ada"));
        assert!(
            session.require_epoch(has).unwrap() && !session.require_epoch(has + 1).unwrap(),
            "{own:?}"
        );
    }
}

/// The index is written once, however often the update is attempted again.
#[test]
fn a_login_is_noted_once() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (exchange, session) = server.open(&cookie);
    server.request(&cookie, visit);
    server.verbs();
    login(&session);
    assert!(server.close(exchange).cookie.is_some());
    assert_eq!(server.verbs(), ["index", "update", "update"]);
}

/// A login that the limit ends immediately, as in a burst of logins: it is reported, and no cookie
/// is sent.
#[test]
fn a_login_that_is_ended_by_the_number_is_gone() {
    let server = server(|builder| builder.max_sessions_per_user(1));
    for alive in [true, false] {
        let (exchange, session) = server.open("");
        login(&session);
        let mut step = exchange.close();
        let outgoing = loop {
            match step {
                Step::Done(outgoing) => break outgoing,
                Step::Pending(pending) => {
                    let reply = match pending.request() {
                        StoreRequest::Trim { .. } => {
                            StoreReply::Trimmed(TrimResult { ended: 1, alive })
                        }
                        request => server.store.lock().unwrap().execute(request),
                    };
                    step = pending.reply(reply);
                }
            }
        };
        let kinds: Vec<_> = outgoing.events().iter().map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            [if alive {
                EventKind::Created
            } else {
                EventKind::Gone
            }]
        );
        assert_eq!(outgoing.set_cookie.is_some(), alive);
    }
}
