//! The requests to the store and the cookies of a close, rule by rule.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};

use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::session::handle::Session;
use crate::stored::model::Slot;
use crate::stored::tests::{START, login, server, visit};

#[test]
fn a_session_goes_round() {
    let server = server(|builder| builder);
    let first = server.request("", visit);
    assert_eq!(server.verbs(), ["insert"]);
    assert_eq!(first.events, [EventKind::Created]);
    let cookie = first.cookie.clone().unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"),
        "{cookie}"
    );
    assert_eq!(first.pair().len(), "__Host-session=".len() + 133);
    let second = server.request(&first.pair(), visit);
    assert_eq!(
        (second.cookie, server.verbs()),
        (None, vec!["load", "update"])
    );
    assert_eq!(server.json(&first.pair()), r#"{"visits":2}"#);
}

/// L9, T4 and the table of what a request costs at the store.
#[test]
fn what_is_asked() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let verbs = |cookie: &str, handler: &dyn Fn(&Session)| {
        server.request(cookie, handler);
        server.verbs()
    };
    assert!(verbs("", &|_| {}).is_empty());
    assert!(verbs("", &|session| session.clear().unwrap()).is_empty());
    assert!(verbs("__Host-session=../../etc/passwd", &|_| {}).is_empty());
    assert!(verbs(&cookie.replace(".", "A."), &|_| {}).is_empty());
    assert_eq!(
        verbs(&cookie, &|session| assert!(!session.is_empty())),
        ["load"]
    );
    assert_eq!(verbs(&cookie, &visit), ["load", "update"]);
    assert_eq!(verbs(&cookie, &login), ["load", "index", "update"]);
    drop(
        server
            .sessions
            .exchange(&HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]))
            .close(),
    );
    assert!(server.verbs().is_empty());
}

#[test]
fn l5_what_was_cleared_stays_dead() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (slow, session) = server.open(&cookie);
    let out = server.request(&cookie, |session| session.clear().unwrap());
    assert!(out.cookie.unwrap().contains("=; ") && out.events == [EventKind::Cleared]);
    visit(&session);
    let slow = server.close(slow);
    assert_eq!(
        (slow.result, slow.cookie, slow.events),
        (Ok(()), None, vec![EventKind::Gone])
    );
    let again = server.request(&cookie, visit);
    assert_eq!(
        (again.cookie, again.events),
        (
            None,
            vec![EventKind::Rejected(Rejected::Gone), EventKind::Gone]
        )
    );
    assert!(matches!(
        server.store.lock().unwrap().slots.values().next(),
        Some(Slot::Dead { .. })
    ));
}

#[test]
fn h5_a_logout_clears_site_data_if_asked() {
    for enabled in [true, false] {
        let server = server(|builder| builder.clear_site_data(enabled));
        let clears =
            |cookie: &str, handler: &dyn Fn(&Session)| server.request(cookie, handler).clears;
        let out = |session: &Session| session.clear().unwrap();
        let cookie = server.begin(visit);
        assert!(!clears(&cookie, &visit) && !clears("", &out) && !clears("__Host-session=x", &out));
        // The store has not confirmed it, so it is no logout yet.
        *server.broken.lock().unwrap() = Some("delete");
        assert!(!clears(&cookie, &out));
        *server.broken.lock().unwrap() = None;
        assert_eq!(clears(&cookie, &out), enabled);
        // Another request ended it: this one sets and removes no cookie.
        assert!(!clears(&cookie, &out));
        // Clear-Site-Data would also delete the cookie of the new session.
        let cookie = server.begin(visit);
        assert!(!clears(&cookie, &|session| (out(session), visit(session)).1));
    }
}

#[test]
fn two_writers_lose_nothing() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| {
        visit(session);
        session.push("cart", "mug").unwrap();
        session.insert("both", 0).unwrap();
        session.flash("old", "info").unwrap();
    });
    let (one, a) = server.open(&cookie);
    let (two, b) = server.open(&cookie);
    a.increment("visits", 10).unwrap();
    b.increment("visits", 100).unwrap();
    a.push("cart", "beans").unwrap();
    b.push("cart", "filter").unwrap();
    a.insert("a", true).unwrap();
    b.insert("b", true).unwrap();
    a.insert("both", 1).unwrap();
    b.insert("both", 2).unwrap();
    assert_eq!(a.take_flashes().unwrap().len(), 1);
    b.flash("new", "info").unwrap();
    assert!(server.close(one).events.is_empty());
    assert_eq!(server.close(two).events, [EventKind::Merged]);
    let (_exchange, session) = server.open(&cookie);
    let json = r#"{"a":true,"b":true,"both":2,"cart":["mug","beans","filter"],"visits":111}"#;
    assert_eq!(session.to_json(), json);
    assert_eq!(session.take_flashes().unwrap()[0].message(), "new");
}

/// An increment that is made again on a newer record adds to the value there: a float stays a
/// float, and a text does not fit.
#[test]
fn increments_that_are_merged_add_to_a_float() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (one, a) = server.open(&cookie);
    let (two, b) = server.open(&cookie);
    a.insert("visits", 41.0).unwrap();
    assert_eq!(b.increment("visits", 100).unwrap(), 101);
    assert!(server.close(one).events.is_empty());
    assert_eq!(server.close(two).events, [EventKind::Merged]);
    assert_eq!(server.json(&cookie), r#"{"visits":141.0}"#);

    let (one, a) = server.open(&cookie);
    let (two, b) = server.open(&cookie);
    a.insert("visits", 0.5).unwrap();
    b.increment("visits", 1).unwrap();
    assert!(server.close(one).events.is_empty());
    assert!(
        matches!(server.close(two).result, Err(Error::Conflict { key, .. }) if key == "visits")
    );
    assert_eq!(server.json(&cookie), r#"{"visits":0.5}"#);
}

#[test]
fn an_emptied_session_stays_and_a_user_is_content() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    server.request(&cookie, |session| {
        assert!(session.remove("visits").unwrap())
    });
    server.request(&cookie, |session| session.insert("back", true).unwrap());
    assert_eq!(server.json(&cookie), r#"{"back":true}"#);
    let cookie = server.begin(login);
    server.advance(100);
    assert!(
        server
            .open(&cookie)
            .1
            .authenticated_within(Duration::from_secs(100))
    );
    let record = server.record(&cookie);
    assert_eq!((record.user.as_deref(), record.label), (Some("ada"), None));
}

#[test]
fn user_label_and_times_are_columns() {
    let server = server(|builder| builder.idle_lifetime(Duration::from_secs(1000)));
    let cookie = server.begin(visit);
    server.advance(50);
    let cookie = server.request(&cookie, |session| {
        login(session);
        session.set_label(&"é".repeat(200)).unwrap();
    });
    let cookie = cookie.pair();
    let record = server.record(&cookie);
    assert_eq!(
        (record.created, record.seen, record.expires),
        (START + 50, START + 50, START + 1050)
    );
    assert_eq!(record.label.as_deref(), Some("é".repeat(128).as_str()));
    server.advance(50);
    server.request(&cookie, visit);
    let record = server.record(&cookie);
    assert_eq!(
        (record.created, record.seen, record.expires),
        (START + 50, START + 100, START + 1100)
    );
    assert_eq!(
        (record.user.as_deref(), record.label.is_some()),
        (Some("ada"), true)
    );
    // A clock that steps back shortens nothing.
    server.time.set(START);
    server.request(&cookie, visit);
    assert_eq!(server.record(&cookie).expires, START + 1100);
}

#[test]
fn l7_the_oldest_session_of_a_user_gives_way() {
    let server = server(|builder| builder.max_sessions_per_user(2));
    let cookies: Vec<String> = (0..4).map(|_| server.begin(login)).collect();
    server.request("", login);
    assert_eq!(server.verbs(), ["index", "insert", "trim"]);
    let alive = cookies
        .iter()
        .filter(|cookie| server.open(cookie).1.rejected().is_none())
        .count();
    assert_eq!(alive, 1);
    assert!(server.open(&cookies[3]).1.rejected().is_none());
}

/// A change is saved if it was made before the close reads the session. A later change of another
/// thread would be lost.
#[test]
fn a_close_freezes_the_session_first() {
    let server = server(|builder| builder);
    let (_exchange, session) = server.open("");
    visit(&session);
    let step = super::super::close::close(&session, true);
    assert_eq!(session.insert("late", true), Err(Error::TooLate));
    drop(step);
}

/// If the clock is set back during the request, an id is not older than its session.
#[test]
fn a_clock_that_is_set_back() {
    let server = server(|builder| builder);
    let closed = server.request("", |session| {
        server.time.set(START - 10);
        visit(session);
    });
    server.time.set(START);
    let written = server.open(&closed.pair()).1.written().unwrap();
    assert_eq!(
        written.duration_since(std::time::UNIX_EPOCH).unwrap(),
        Duration::from_secs(START)
    );
}

/// The events of a session's beginning and of its end name its own cookie.
#[test]
fn one_id_has_one_digest() {
    let server = server(|builder| builder);
    let events = |cookie: &str, handler: fn(&Session)| {
        let (exchange, session) = server.open(cookie);
        handler(&session);
        let mut outgoing = server.drive(exchange.close());
        let mut headers = HeaderMap::new();
        outgoing.apply(&mut headers).unwrap();
        let pair = headers[SET_COOKIE]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        (pair, outgoing.events()[0])
    };
    let [one, other] = [(); 2].map(|()| events("", visit));
    assert_eq!(
        (one.1.kind, other.1.kind),
        (EventKind::Created, EventKind::Created)
    );
    assert_ne!(one.1.digest, other.1.digest);
    let (_, ended) = events(&one.0, |session| session.clear().unwrap());
    assert_eq!(
        (ended.kind, ended.digest),
        (EventKind::Cleared, one.1.digest)
    );
}
