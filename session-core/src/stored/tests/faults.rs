//! Failures of the store, changes that do not fit, requests that come too late.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::record::policy::GonePolicy;
use crate::record::store::{StoreReply, Updated};
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::stored::model::Slot;
use crate::stored::step::{Pending, Step};
use crate::stored::tests::{Server, login, server, visit};

#[test]
fn touched_only_when_due() {
    let server = server(|builder| builder.idle_lifetime(Duration::from_secs(1000)));
    let cookie = server.begin(visit);
    let read = |session: &Session| assert!(session.contains_key("visits"));
    for (seconds, verbs) in [
        (99, vec!["load"]),
        (1, vec!["load", "touch"]),
        (99, vec!["load"]),
        (900, vec!["load", "touch"]),
    ] {
        server.advance(seconds);
        let closed = server.request(&cookie, read);
        assert_eq!((server.verbs(), closed.cookie), (verbs, None), "{seconds}");
    }
    server.advance(1000);
    let (_, session) = server.open(&cookie);
    assert_eq!(
        (session.rejected(), session.is_empty()),
        (Some(Rejected::Idle), true)
    );
}

#[test]
fn gone_is_409_if_the_application_wants_it() {
    let server = server(|builder| builder.on_gone(GonePolicy::Conflict));
    let cookie = server.begin(visit);
    let (reader, _) = server.open(&cookie);
    let (writer, session) = server.open(&cookie);
    visit(&session);
    server.request(&cookie, |session| session.clear().unwrap());
    assert_eq!(server.close(writer).result, Err(Error::Gone));
    assert_eq!(server.close(reader).result, Ok(()));
    // A second logout is no conflict.
    assert_eq!(
        server
            .request(&cookie, |session| session.clear().unwrap())
            .result,
        Ok(())
    );
}

#[test]
fn a_change_that_no_longer_fits_is_a_conflict_and_stores_nothing() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (exchange, session) = server.open(&cookie);
    session.insert("other", 1).unwrap();
    visit(&session);
    server.request(&cookie, |session| session.insert("visits", "many").unwrap());
    let closed = server.close(exchange);
    let Err(error @ Error::Conflict { .. }) = closed.result else {
        panic!("{closed:?}")
    };
    assert_eq!(error.status(), 409);
    assert!(error.to_string().contains("\"visits\"") && !error.to_string().contains("many"));
    assert_eq!(server.json(&cookie), r#"{"visits":"many"}"#);
}

/// A record that cannot be read may be a newer release's. It is left as it is, and a login begins a
/// session beside it.
#[test]
fn an_unreadable_record_is_left_alone() {
    for body in [&b""[..], b"\x02", b"\x01\x00"] {
        let server = server(|builder| builder);
        let cookie = server.begin(visit);
        let spoil = |server: &Server| {
            for slot in server.store.lock().unwrap().slots.values_mut() {
                let Slot::Live { record, .. } = slot else {
                    unreachable!("nothing was ended")
                };
                record.body = body.into();
                record.version ^= 1;
            }
        };
        let (under_way, session) = server.open(&cookie);
        visit(&session);
        spoil(&server);
        assert_eq!(server.close(under_way).result, Err(Error::Unavailable));
        let closed = server.request(&cookie, visit);
        assert_eq!(
            closed.events,
            [EventKind::Rejected(Rejected::Unreadable), EventKind::Gone]
        );
        assert!(closed.cookie.is_none() && server.record(&cookie).body == body.into());
        assert!(server.request(&cookie, login).cookie.is_some());
    }
}

#[test]
fn a_record_has_a_limit() {
    let server = server(|builder| builder.max_record_size(1000));
    let cookie = server.begin(visit);
    let closed = server.request(&cookie, |session| {
        session.insert("note", "x".repeat(1000)).unwrap()
    });
    assert!(
        matches!(closed.result, Err(Error::RecordTooLarge { limit: 1000, size }) if size > 1000)
    );
    assert_eq!(server.json(&cookie), r#"{"visits":1}"#);
    let closed = server.request("", |session| {
        session.insert("note", "x".repeat(1000)).unwrap()
    });
    assert!(matches!(closed.result, Err(Error::RecordTooLarge { .. })) && closed.cookie.is_none());
}

/// H6, I14: without a reply, no effect is claimed. If the response can do without it, the failure
/// is an event.
#[test]
fn h6_a_store_that_does_not_answer() {
    let server = server(|builder| {
        builder
            .max_sessions_per_user(3)
            .idle_lifetime(Duration::from_secs(1000))
    });
    for (broken, handler) in [
        ("update", visit as fn(&Session)),
        ("index", login),
        ("update", login),
        ("trim", login),
        ("delete", |session| session.clear().unwrap()),
    ] {
        *server.broken.lock().unwrap() = None;
        let cookie = server.begin(|session| (login(session), visit(session)).1);
        *server.broken.lock().unwrap() = Some(broken);
        let closed = server.request(&cookie, handler);
        assert_eq!(
            (closed.result, closed.cookie),
            (Err(Error::Unavailable), None),
            "{broken}"
        );
    }
    for (broken, verb) in [
        ("touch", "touch"),
        ("index", "touch"),
        ("unindex", "unindex"),
    ] {
        *server.broken.lock().unwrap() = None;
        let cookie = server.begin(login);
        server.advance(500);
        *server.broken.lock().unwrap() = Some(broken);
        let clears = verb == "unindex";
        let closed = server.request(&cookie, |session| {
            if clears {
                session.clear().unwrap()
            }
        });
        assert_eq!(
            (closed.result, closed.cookie.is_some()),
            (Ok(()), clears),
            "{broken}"
        );
        assert!(
            matches!(closed.events.last(), Some(EventKind::StoreFailed(_))),
            "{broken}"
        );
    }
}

/// I2: whichever replies were lost, and however many others wrote meanwhile, a change is made at
/// most once, and exactly once if it was acknowledged.
#[test]
fn a_repeated_write_counts_once() {
    for had_effect in [false, true] {
        for others in 0..12 {
            let server = server(|builder| builder);
            let cookie = server.begin(visit);
            let (exchange, session) = server.open(&cookie);
            visit(&session);
            let Step::Pending(mut pending) = exchange.close() else {
                unreachable!("a change is stored")
            };
            let send = |pending: &Pending<Outgoing>| {
                server.store.lock().unwrap().execute(pending.request())
            };
            if had_effect {
                assert_eq!(send(&pending), StoreReply::Updated(Updated::Done));
            }
            for _ in 0..others {
                assert_eq!(server.request(&cookie, visit).result, Ok(()));
            }
            pending.mark_retried();
            let reply = send(&pending);
            let result = server
                .drive(pending.reply(reply))
                .apply(&mut HeaderMap::new());
            // The record lists its last eight writes. While it lists this one, or the version
            // before it, the outcome is known.
            let is_known = others < 8;
            assert_eq!(
                result,
                if is_known {
                    Ok(())
                } else {
                    Err(Error::Unavailable)
                },
                "{had_effect} {others}"
            );
            let changed = usize::from(is_known || had_effect);
            assert_eq!(
                server.json(&cookie),
                format!(r#"{{"visits":{}}}"#, 1 + others + changed)
            );
        }
    }
}

/// A slow request is not a repeated one.
#[test]
fn a_late_write_is_merged_with_any_number_of_others() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (exchange, session) = server.open(&cookie);
    visit(&session);
    for _ in 0..20 {
        server.request(&cookie, visit);
    }
    let closed = server.close(exchange);
    assert_eq!(
        (closed.result, closed.events),
        (Ok(()), vec![EventKind::Merged])
    );
    assert_eq!(server.json(&cookie), r#"{"visits":22}"#);
}

/// I16: a value that `update` made from the old session's value is not carried over either.
#[test]
fn a_login_on_a_gone_session_takes_nothing_along() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| {
        session.insert("secret", "old").unwrap();
        session.insert("list", ["old"]).unwrap();
        session.increment("count", 7).unwrap();
        session.flash("old", "info").unwrap();
    });
    let (exchange, session) = server.open(&cookie);
    server.request(&cookie, |session| session.clear().unwrap());
    session
        .update("secret", |secret: &mut String| secret.push('!'))
        .unwrap();
    session
        .update("mine", |mine: &mut String| mine.push('!'))
        .unwrap();
    session.push("list", "new").unwrap();
    session.increment("count", 1).unwrap();
    session.flash("new", "info").unwrap();
    session.set_permanent(true).unwrap();
    login(&session);
    let closed = server.close(exchange);
    assert!(
        closed
            .cookie
            .as_ref()
            .unwrap()
            .contains("; Max-Age=34560000")
    );
    let (_exchange, fresh) = server.open(&closed.pair());
    assert_eq!(fresh.to_json(), r#"{"count":1,"list":["new"],"mine":"!"}"#);
    assert_eq!(fresh.take_flashes().unwrap().len(), 1);
}

/// A page works without its session: that is empty and takes no change, and its close sends nothing
/// to the store and reports why.
#[test]
fn a_degraded_session_takes_no_change() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    *server.broken.lock().unwrap() = Some("load");
    let request = HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(&cookie).unwrap())]);
    let exchange = server.sessions.exchange(&request);
    let session = server.drive(exchange.opener().open_best_effort()).unwrap();
    assert!(session.is_unavailable() && session.is_empty());
    for refused in [
        session.insert("visits", 2),
        session.remove("visits").map(drop),
        session.flash("Saved", "info"),
        session.log_in("ada"),
        session.set_permanent(true),
        session.cycle_id(),
        session.mark_modified(),
        session.clear(),
    ] {
        assert_eq!(refused, Err(Error::Unavailable));
    }
    server.verbs();
    let closed = server.close(exchange);
    assert_eq!(
        (closed.result, closed.cookie, server.verbs()),
        (Ok(()), None, vec![])
    );
    assert_eq!(
        closed.events,
        [EventKind::StoreFailed("the session was not loaded")]
    );
    *server.broken.lock().unwrap() = None;
    assert_eq!(server.json(&cookie), r#"{"visits":1}"#);
}
