//! What breaks, what does not fit, what comes too late; and what is due.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::builder::Builder;
use crate::error::config::ConfigError;
use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::keys::secret_key::SecretKey;
use crate::record::policy::GonePolicy;
use crate::record::store::{Outcome, StoreReply, Updated};
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::model::Slot;
use crate::stored::step::{Pending, Step};
use crate::stored::tests::{KEY, START, Server, login, server, visit};
use crate::testing::ManualClock;
use crate::token::lifetime::Refresh;

#[test]
fn touched_only_when_due() {
    let server = server(|builder| builder.idle_lifetime(Duration::from_secs(1000)));
    let cookie = server.begin(visit);
    let read = |session: &Session| assert!(session.contains_key("visits"));
    for (seconds, asked) in [
        (99, vec!["load"]),
        (1, vec!["load", "touch"]),
        (99, vec!["load"]),
        (900, vec!["load", "touch"]),
    ] {
        server.advance(seconds);
        let closed = server.request(&cookie, read);
        assert_eq!((server.asked(), closed.cookie), (asked, None), "{seconds}");
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
    // Logging out twice is no conflict.
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

/// A record that cannot be read may be a newer release's: it is left alone, and a login goes on beside it.
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

/// H6, I14: no answer, no effect that is claimed; what the response can do without is an event.
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

/// I2: whatever was lost and however many others wrote meanwhile, a change counts at most once, and once if it is
/// acknowledged.
#[test]
fn a_repeated_write_counts_once() {
    for had_effect in [false, true] {
        for others in 0..12 {
            let server = server(|builder| builder);
            let cookie = server.begin(visit);
            let (exchange, session) = server.open(&cookie);
            visit(&session);
            let Step::Pending(mut ask) = exchange.close() else {
                unreachable!("a change is stored")
            };
            let send = |ask: &Pending<Outgoing>| server.store.lock().unwrap().ask(ask.question());
            if had_effect {
                assert_eq!(send(&ask), StoreReply::Updated(Updated::Done));
            }
            for _ in 0..others {
                assert_eq!(server.request(&cookie, visit).result, Ok(()));
            }
            ask.mark_retried();
            let answer = send(&ask);
            let result = server
                .drive(ask.answer(answer))
                .apply(&mut HeaderMap::new());
            // The record names its last eight writes: as long as it names ours or the one before, that tells.
            let told = others < 8;
            assert_eq!(
                result,
                if told {
                    Ok(())
                } else {
                    Err(Error::Unavailable)
                },
                "{had_effect} {others}"
            );
            let counted = usize::from(told || had_effect);
            assert_eq!(
                server.json(&cookie),
                format!(r#"{{"visits":{}}}"#, 1 + others + counted)
            );
        }
    }
}

/// A request that takes its time is no repeated one.
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

/// I16: also what `update` made of the old session's values stays behind.
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

#[test]
fn each_request_refreshes_also_unasked() {
    let server = server(|builder| builder.refresh(Refresh::EachRequest));
    let cookie = server.begin(visit);
    let unasked = |cookie: &str| {
        let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
        let outgoing = server.drive(server.sessions.exchange(&headers).close());
        (server.asked(), outgoing)
    };
    let (asked, mut outgoing) = unasked(&cookie);
    let mut response = HeaderMap::new();
    outgoing.apply(&mut response).unwrap();
    assert_eq!((asked, response.len()), (vec!["load", "touch"], 0));
    assert!(unasked("__Host-session=forged").0.is_empty());
    // Nobody asked for it, so nobody is refused.
    *server.broken.lock().unwrap() = Some("load");
    let (asked, mut outgoing) = unasked(&cookie);
    assert_eq!(
        (asked, outgoing.apply(&mut response)),
        (vec!["load"], Ok(()))
    );
    let never = super::server(|builder| builder.refresh(Refresh::Never));
    let cookie = never.begin(visit);
    never.advance(30 * 24 * 3600);
    never.request(&cookie, |_| {});
    assert_eq!(never.asked(), ["load"]);
}

#[test]
fn what_does_not_build() {
    let builder = || Sessions::builder(SecretKey::new(KEY).unwrap());
    let refused = |result: Result<(), ConfigError>| result.unwrap_err().to_string();
    let build = |builder: Builder| refused(builder.build().map(drop));
    for builder in [
        builder().on_gone(GonePolicy::Conflict),
        builder().max_sessions_per_user(1),
        builder().cycle_id_every(Duration::from_secs(1)),
        builder().max_record_size(1),
        builder().deadlines(Duration::ZERO, Duration::ZERO),
    ] {
        assert!(build(builder).contains("use build_stored"));
    }
    let flask = refused(Sessions::flask_builder("dev").build_stored().map(drop));
    assert!(
        flask.contains("does not work in Flask's format: its cookie is the session"),
        "{flask}"
    );
    let small = refused(builder().max_cookie_size(200).build_stored().map(drop));
    assert!(
        small.starts_with("MAX_COOKIE_SIZE: the cookie of a stored session takes "),
        "{small}"
    );
    assert!(builder().max_cookie_size(300).build_stored().is_ok());
}

#[test]
fn the_wrong_door_and_the_wrong_answer() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (_exchange, session) = server.open(&cookie);
    let cookies = Sessions::builder(SecretKey::new(KEY).unwrap())
        .clock(ManualClock::at(START))
        .build()
        .unwrap();
    assert_eq!(
        cookies.close(&session, &mut HeaderMap::new()),
        Err(Error::NotACookie)
    );
    let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
    let exchange = server.sessions.exchange(&headers);
    let Step::Pending(ask) = exchange.open() else {
        unreachable!("an id is looked up")
    };
    let opened = ask
        .answer(StoreReply::Touched(Outcome::Done))
        .done()
        .unwrap();
    assert_eq!(opened.unwrap_err(), Error::Unavailable);
}

/// A page that does without its session: it is empty, takes no change, and its close asks nothing and tells why.
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
    server.asked();
    let closed = server.close(exchange);
    assert_eq!(
        (closed.result, closed.cookie, server.asked()),
        (Ok(()), None, vec![])
    );
    assert_eq!(
        closed.events,
        [EventKind::StoreFailed("the session was not loaded")]
    );
    *server.broken.lock().unwrap() = None;
    assert_eq!(server.json(&cookie), r#"{"visits":1}"#);
}
