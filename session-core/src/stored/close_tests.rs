#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;

use super::super::harness::{Closed, KEY, START, Server, login, server, visit};
use super::super::model::Slot;
use crate::testing::{self, Time};
use crate::{Answer, Builder, ConfigError, Error, EventKind, NoRandom, OnGone, Outcome, Refresh, Rejected};
use crate::{SecretKey, Session, Sessions, Step};

#[test]
fn a_session_goes_round() {
    let server = server(|builder| builder);
    let first = server.request("", visit);
    assert_eq!(server.asked(), ["insert"]);
    assert_eq!(first.events, [EventKind::Created]);
    let cookie = first.cookie.clone().unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
    assert_eq!(first.pair().len(), "__Host-session=".len() + 133);
    let second = server.request(&first.pair(), visit);
    assert_eq!((second.cookie, server.asked()), (None, vec!["load", "update"]));
    assert_eq!(server.json(&first.pair()), r#"{"visits":2}"#);
}

/// L9, T4 and the table of what a request costs.
#[test]
fn what_is_asked() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let asked = |cookie: &str, handler: &dyn Fn(&Session)| {
        server.request(cookie, handler);
        server.asked()
    };
    assert!(asked("", &|_| {}).is_empty());
    assert!(asked("", &|session| session.clear().unwrap()).is_empty());
    assert!(asked("__Host-session=../../etc/passwd", &|_| {}).is_empty());
    assert!(asked(&cookie.replace(".", "A."), &|_| {}).is_empty());
    assert_eq!(asked(&cookie, &|session| assert!(!session.is_empty())), ["load"]);
    assert_eq!(asked(&cookie, &visit), ["load", "update"]);
    assert_eq!(asked(&cookie, &login), ["load", "index", "update"]);
    drop(server.sessions.exchange(&HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())])).close());
    assert!(server.asked().is_empty());
}

#[test]
fn touched_only_when_due() {
    let server = server(|builder| builder.idle_lifetime(Duration::from_secs(1000)));
    let cookie = server.begin(visit);
    let read = |session: &Session| assert!(session.contains_key("visits"));
    for (seconds, asked) in
        [(99, vec!["load"]), (1, vec!["load", "touch"]), (99, vec!["load"]), (900, vec!["load", "touch"])]
    {
        server.advance(seconds);
        let closed = server.request(&cookie, read);
        assert_eq!((server.asked(), closed.cookie), (asked, None), "{seconds}");
    }
    server.advance(1000);
    let (_, session) = server.open(&cookie);
    assert_eq!((session.rejected(), session.is_empty()), (Some(Rejected::Idle), true));
}

#[test]
fn l2_a_login_kills_the_old_id_at_once() {
    let server = server(|builder| builder);
    let before = server.begin(visit);
    let (slow, slow_session) = server.open(&before);
    let after = server.request(&before, |session| {
        login(session);
        session.insert("user", "ada").unwrap();
    });
    assert_eq!(after.events, [EventKind::Renewed]);
    visit(&slow_session);
    let slow = server.close(slow);
    assert_eq!((slow.cookie, slow.events), (None, vec![EventKind::Gone]));
    let (_, stale) = server.open(&before);
    assert_eq!((stale.rejected(), stale.is_empty()), (Some(Rejected::Gone), true));
    assert_eq!(server.json(&after.pair()), r#"{"user":"ada","visits":1}"#);
    assert_eq!(before.len(), after.pair().len());
    assert_eq!(server.store.lock().unwrap().slots.len(), 1);
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
    assert_eq!((slow.result, slow.cookie, slow.events), (Ok(()), None, vec![EventKind::Gone]));
    let again = server.request(&cookie, visit);
    assert_eq!(
        (again.cookie, again.events),
        (None, vec![EventKind::Rejected(Rejected::Gone), EventKind::Gone])
    );
    assert!(matches!(server.store.lock().unwrap().slots.values().next(), Some(Slot::Dead { .. })));
}

#[test]
fn gone_is_409_if_the_application_wants_it() {
    let server = server(|builder| builder.on_gone(OnGone::Conflict));
    let cookie = server.begin(visit);
    let (reader, _) = server.open(&cookie);
    let (writer, session) = server.open(&cookie);
    visit(&session);
    server.request(&cookie, |session| session.clear().unwrap());
    assert_eq!(server.close(writer).result, Err(Error::Gone));
    assert_eq!(server.close(reader).result, Ok(()));
    // Logging out twice is no conflict.
    assert_eq!(server.request(&cookie, |session| session.clear().unwrap()).result, Ok(()));
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

#[test]
fn a_change_that_no_longer_fits_is_a_conflict_and_stores_nothing() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (exchange, session) = server.open(&cookie);
    session.insert("other", 1).unwrap();
    visit(&session);
    server.request(&cookie, |session| session.insert("visits", "many").unwrap());
    let closed = server.close(exchange);
    let Err(error @ Error::Conflict { .. }) = closed.result else { panic!("{closed:?}") };
    assert_eq!(error.status(), 409);
    assert!(error.to_string().contains("\"visits\"") && !error.to_string().contains("many"));
    assert_eq!(server.json(&cookie), r#"{"visits":"many"}"#);
}

/// The table of closing, row by row: what is asked, and whether a cookie goes out.
#[test]
fn the_table() {
    type Handler = fn(&Session);
    let clear = |session: &Session| session.clear().unwrap();
    let rows: &[(&str, &str, Handler, &[&str], &str)] = &[
        ("", "content", visit, &["insert"], "new"),
        ("", "login", login, &["index", "insert"], "new"),
        ("", "nothing", |_| {}, &[], ""),
        ("", "renewed", |session| session.renew().unwrap(), &[], ""),
        ("", "permanent", |session| session.set_permanent(true).unwrap(), &[], ""),
        ("", "cleared", |session| session.clear().unwrap(), &[], ""),
        ("plain", "cleared", |session| session.clear().unwrap(), &["load", "delete"], "removal"),
        (
            "plain",
            "new",
            |session| (session.clear().unwrap(), visit(session)).1,
            &["load", "delete", "insert"],
            "new",
        ),
        (
            "plain",
            "login anew",
            |session| (session.clear().unwrap(), login(session)).1,
            &["load", "delete", "index", "insert"],
            "new",
        ),
        ("plain", "login", login, &["load", "index", "update"], "renewed"),
        ("plain", "renewed", |session| session.renew().unwrap(), &["load", "update"], "renewed"),
        (
            "plain",
            "permanent",
            |session| session.set_permanent(true).unwrap(),
            &["load", "update"],
            "renewed",
        ),
        ("plain", "as it was", |session| session.set_permanent(false).unwrap(), &["load", "touch"], ""),
        ("plain", "marked", |session| session.mark_modified().unwrap(), &["load", "touch"], ""),
        ("plain", "labelled", |session| session.set_label("Firefox").unwrap(), &["load", "update"], ""),
        ("plain", "changed", visit, &["load", "update"], ""),
        ("plain", "emptied", |session| assert!(session.remove("visits").unwrap()), &["load", "update"], ""),
        ("plain", "read", |session| drop(session.keys()), &["load"], ""),
        ("owned", "cleared", |session| session.clear().unwrap(), &["load", "delete", "unindex"], "removal"),
        ("owned", "changed", visit, &["load", "update"], ""),
        ("owned", "marked", |session| session.mark_modified().unwrap(), &["load", "index", "touch"], ""),
        (
            "owned",
            "another",
            |session| session.set_owner("bob").unwrap(),
            &["load", "index", "update"],
            "renewed",
        ),
        ("ended", "changed", visit, &["load"], ""),
        ("ended", "cleared", |session| session.clear().unwrap(), &["load"], ""),
        ("ended", "cleared, changed", |session| (session.clear().unwrap(), visit(session)).1, &["load"], ""),
        ("ended", "login", login, &["load", "index", "insert"], "new"),
    ];
    for (base, what, handler, asked, expected) in rows {
        let server = server(|builder| builder);
        let cookie = match *base {
            "" => String::new(),
            "owned" => server.begin(|session| (login(session), visit(session)).1),
            _ => server.begin(visit),
        };
        if *base == "ended" {
            server.request(&cookie, clear);
            server.asked();
        }
        let closed = server.request(&cookie, handler);
        assert_eq!((server.asked(), &closed.result), (asked.to_vec(), &Ok(())), "{base} {what}");
        let selector =
            |pair: &str| pair.get("__Host-session=".len()..).and_then(|id| id.get(..20)).map(str::to_owned);
        let sent = closed.cookie.as_ref().map(|_| closed.pair()).unwrap_or_default();
        let found = match sent.as_str() {
            "" => "",
            "__Host-session=" => "removal",
            pair if selector(pair) == selector(&cookie) => "renewed",
            _ => "new",
        };
        assert_eq!(found, *expected, "{base} {what}");
        if found == "new" || found == "renewed" {
            assert_eq!(server.open(&sent).1.rejected(), None, "{base} {what}");
        }
    }
}

#[test]
fn an_emptied_session_stays_and_an_owner_is_content() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    server.request(&cookie, |session| assert!(session.remove("visits").unwrap()));
    server.request(&cookie, |session| session.insert("back", true).unwrap());
    assert_eq!(server.json(&cookie), r#"{"back":true}"#);
    let cookie = server.begin(login);
    server.advance(100);
    assert!(server.open(&cookie).1.authenticated_within(Duration::from_secs(100)));
    let record = server.record(&cookie);
    assert_eq!((record.owner.as_deref(), record.label), (Some("ada"), None));
}

#[test]
fn owner_label_and_times_are_columns() {
    let server = server(|builder| builder.idle_lifetime(Duration::from_secs(1000)));
    let cookie = server.begin(visit);
    server.advance(50);
    let cookie = server.request(&cookie, |session| {
        login(session);
        session.set_label(&"é".repeat(200)).unwrap();
    });
    let cookie = cookie.pair();
    let record = server.record(&cookie);
    assert_eq!((record.created, record.seen, record.expires), (START + 50, START + 50, START + 1050));
    assert_eq!(record.label.as_deref(), Some("é".repeat(128).as_str()));
    server.advance(50);
    server.request(&cookie, visit);
    let record = server.record(&cookie);
    assert_eq!((record.created, record.seen, record.expires), (START + 50, START + 100, START + 1100));
    assert_eq!((record.owner.as_deref(), record.label.is_some()), (Some("ada"), true));
    // A clock that steps back shortens nothing.
    server.time.set(START);
    server.request(&cookie, visit);
    assert_eq!(server.record(&cookie).expires, START + 1100);
}

/// L3: at the boundary exactly one new id, and nobody is logged out, also if the response that carried it is lost.
#[test]
fn l3_a_periodic_renewal_logs_nobody_out() {
    let server = server(|builder| builder.renew_id_every(Duration::from_secs(100)));
    let old = server.begin(visit);
    server.advance(100);
    let together: Vec<_> = (0..5).map(|_| server.open(&old)).collect();
    let closed: Vec<Closed> = together
        .into_iter()
        .map(|(exchange, session)| {
            visit(&session);
            server.close(exchange)
        })
        .collect();
    let new: Vec<String> = closed.iter().filter(|closed| closed.cookie.is_some()).map(Closed::pair).collect();
    assert_eq!((new.len(), closed[0].events.as_slice()), (1, &[EventKind::Renewed][..]));
    // The response is lost: the old id goes on, until it is renewed itself.
    server.advance(99);
    assert_eq!(server.json(&old), r#"{"visits":6}"#);
    server.advance(1);
    let again = server.request(&old, |_| {}).pair();
    assert_eq!(server.open(&new[0]).1.rejected(), Some(Rejected::Gone));
    // The new one arrives: a minute is left for what was under way.
    assert!(server.request(&again, |_| {}).cookie.is_none());
    server.advance(59);
    assert_eq!(server.json(&old), r#"{"visits":6}"#);
    server.advance(1);
    let late = server.request(&old, visit);
    assert!(late.events.contains(&EventKind::Reuse) && late.cookie.is_none(), "{late:?}");
    assert_eq!(server.json(&again), r#"{"visits":6}"#);
}

/// L2: an alias is no way around a login.
#[test]
fn a_login_ends_both_ids_of_a_renewal() {
    let server = server(|builder| builder.renew_id_every(Duration::from_secs(100)));
    let old = server.begin(visit);
    server.advance(100);
    let new = server.request(&old, |_| {}).pair();
    let user = server.request(&old, login).pair();
    assert!(server.open(&old).1.is_empty() && server.open(&new).1.is_empty());
    assert_eq!(server.json(&user), r#"{"visits":1}"#);
}

#[test]
fn l7_the_oldest_session_of_an_owner_gives_way() {
    let server = server(|builder| builder.max_sessions_per_owner(2));
    let cookies: Vec<String> = (0..4).map(|_| server.begin(login)).collect();
    server.request("", login);
    assert_eq!(server.asked(), ["index", "insert", "trim"]);
    let alive = cookies.iter().filter(|cookie| server.open(cookie).1.rejected().is_none()).count();
    assert_eq!(alive, 1);
    assert!(server.open(&cookies[3]).1.rejected().is_none());
}

/// T2: without random bytes no id, no write, no cookie; a logout needs none.
#[test]
fn t2_without_random_bytes_nothing_is_written() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let broken = Server {
        sessions: Sessions::builder(SecretKey::new(KEY).unwrap())
            .clock(server.time.clone())
            .random(|_: &mut [u8]| Err(NoRandom))
            .build_stored()
            .unwrap(),
        ..server
    };
    for (cookie, handler) in [("", visit as fn(&Session)), (&cookie, visit), (&cookie, login)] {
        let closed = broken.request(cookie, handler);
        assert_eq!((closed.result, closed.cookie), (Err(Error::Random(NoRandom)), None));
        assert!(broken.asked().iter().all(|asked| *asked == "load"));
    }
    let closed = broken.request(&cookie, |session| (session.clear().unwrap(), visit(session)).1);
    assert_eq!((closed.result, broken.asked()), (Err(Error::Random(NoRandom)), vec!["load"]));
    assert_eq!(broken.request(&cookie, |session| session.clear().unwrap()).pair(), "__Host-session=");
}

/// T4, S1: any flipped bit, and nothing is asked. T5: a record's key is no cookie.
#[test]
fn t4_a_forged_id_reaches_no_store() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let start = "__Host-session=".len();
    for byte in start..cookie.len() {
        for bit in 0..8 {
            let mut forged = cookie.clone().into_bytes();
            forged[byte] ^= 1 << bit;
            let Some(forged) =
                String::from_utf8(forged).ok().filter(|text| http::HeaderValue::try_from(text).is_ok())
            else {
                continue;
            };
            assert!(server.open(&forged).1.is_empty(), "{forged}");
        }
    }
    let key = *server.store.lock().unwrap().slots.keys().next().unwrap();
    let mut text = String::new();
    crate::wire::base64::encode_to(&mut text, &[&key.as_bytes()[..], &[0; 16]].concat());
    let replayed = format!("__Host-session={text}{}", &cookie[start + 64..]);
    for hostile in
        [replayed.as_str(), "__Host-session=../../x", "__Host-session=\u{1f600}", "__Host-session="]
    {
        assert!(server.open(hostile).1.is_empty());
    }
    // Signed by us, for another purpose, name or audience.
    let key = || SecretKey::new(KEY).unwrap();
    let plain = Sessions::builder(key()).clock(server.time.clone()).build().unwrap();
    let signed = testing::request(&plain, |session| session.insert("a", 1)).unwrap();
    assert!(server.open(signed[COOKIE].to_str().unwrap()).1.rejected().is_some());
    for other in [Builder::new(key()).cookie_name("other"), Builder::new(key()).audience("other")] {
        let other = other.clock(server.time.clone()).build_stored().unwrap();
        let id = testing::stored_request(&other);
        let pair = format!("__Host-session={}", id[COOKIE].to_str().unwrap().split_once('=').unwrap().1);
        assert_eq!(server.open(&pair).1.rejected(), Some(Rejected::BadSignature));
    }
    assert!(server.asked().is_empty());
    assert_eq!(server.json(&cookie), r#"{"visits":1}"#);
}

/// T1: all bytes of an id are the random source's, and none is drawn twice.
#[test]
fn t1_ids_are_random_bytes() {
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
    let draws = AtomicU8::new(0);
    let random = move |bytes: &mut [u8]| {
        bytes.fill(draws.fetch_add(1, Relaxed) + 1);
        Ok(())
    };
    let server = server(|builder| builder.random(random));
    let cookie = server.begin(visit);
    let id = cookie.split(['=', '.']).nth(1).unwrap();
    let bytes = crate::wire::base64::decode(id.as_bytes()).unwrap();
    let (write, selector, verifier) = (1, 2, 3);
    assert_eq!(bytes, [vec![selector; 16], vec![verifier; 32]].concat());
    assert_eq!(server.record(&cookie).version, u64::from_be_bytes([write; 8]));
}

#[test]
fn keys_rotate_under_ids() {
    let old = server(|builder| builder);
    let cookie = old.begin(visit);
    let new = SecretKey::new(KEY.replace('u', "v")).unwrap();
    let rotated = Sessions::builder(new).verify_only(SecretKey::new(KEY).unwrap()).clock(old.time.clone());
    let rotated = Server { sessions: rotated.build_stored().unwrap(), ..old };
    assert!(rotated.request(&cookie, visit).cookie.is_none());
    let renewed = rotated.request(&cookie, |session| session.renew().unwrap()).pair();
    let alone = Sessions::builder(SecretKey::new(KEY.replace('u', "v")).unwrap()).clock(rotated.time.clone());
    let alone = Server { sessions: alone.build_stored().unwrap(), ..rotated };
    assert_eq!(alone.json(&renewed), r#"{"visits":2}"#);
    assert_eq!(alone.open(&cookie).1.rejected(), Some(Rejected::BadSignature));
}

#[test]
fn lifetimes_that_the_stamp_tells_ask_no_store() {
    let absolute = Duration::from_secs(5000);
    let server = server(|builder| builder.absolute_lifetime(absolute).permanent(true));
    let first = server.request("", visit);
    assert!(first.cookie.as_ref().unwrap().ends_with("; Max-Age=5000"));
    let cookie = first.pair();
    server.asked();
    server.advance(4999);
    server.request(&cookie, visit);
    assert_eq!(server.record(&cookie).expires, START + 5000);
    server.asked();
    server.advance(2);
    assert_eq!(server.open(&cookie).1.rejected(), Some(Rejected::TooOld));
    server.time.set(START - 61);
    assert_eq!(server.open(&cookie).1.rejected(), Some(Rejected::Future));
    assert!(server.asked().is_empty());
}

/// A record that cannot be read may be a newer release's: it is left alone, and a login goes on beside it.
#[test]
fn an_unreadable_record_is_left_alone() {
    for body in [&b""[..], b"\x02", b"\x01\x00"] {
        let server = server(|builder| builder);
        let cookie = server.begin(visit);
        let spoil = |server: &Server| {
            for slot in server.store.lock().unwrap().slots.values_mut() {
                let Slot::Live { record, .. } = slot else { unreachable!("nothing was ended") };
                record.body = body.into();
                record.version ^= 1;
            }
        };
        let (under_way, session) = server.open(&cookie);
        visit(&session);
        spoil(&server);
        assert_eq!(server.close(under_way).result, Err(Error::Unavailable));
        let closed = server.request(&cookie, visit);
        assert_eq!(closed.events, [EventKind::Rejected(Rejected::Unreadable), EventKind::Gone]);
        assert!(closed.cookie.is_none() && server.record(&cookie).body == body.into());
        assert!(server.request(&cookie, login).cookie.is_some());
    }
}

#[test]
fn a_record_has_a_limit() {
    let server = server(|builder| builder.max_record_size(1000));
    let cookie = server.begin(visit);
    let closed = server.request(&cookie, |session| session.insert("note", "x".repeat(1000)).unwrap());
    assert!(matches!(closed.result, Err(Error::RecordTooLarge { limit: 1000, size }) if size > 1000));
    assert_eq!(server.json(&cookie), r#"{"visits":1}"#);
    let closed = server.request("", |session| session.insert("note", "x".repeat(1000)).unwrap());
    assert!(matches!(closed.result, Err(Error::RecordTooLarge { .. })) && closed.cookie.is_none());
}

/// H6, I14: no answer, no effect that is claimed; what the response can do without is an event.
#[test]
fn a_store_that_does_not_answer() {
    let server = server(|builder| builder.max_sessions_per_owner(3).idle_lifetime(Duration::from_secs(1000)));
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
        assert_eq!((closed.result, closed.cookie), (Err(Error::Unavailable), None), "{broken}");
    }
    for (broken, verb) in [("touch", "touch"), ("index", "touch"), ("unindex", "unindex")] {
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
        assert_eq!((closed.result, closed.cookie.is_some()), (Ok(()), clears), "{broken}");
        assert!(matches!(closed.events.last(), Some(EventKind::StoreFailed(_))), "{broken}");
    }
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
    session.update("secret", |secret: &mut String| secret.push('!')).unwrap();
    session.update("mine", |mine: &mut String| mine.push('!')).unwrap();
    session.push("list", "new").unwrap();
    session.increment("count", 1).unwrap();
    session.flash("new", "info").unwrap();
    session.set_permanent(true).unwrap();
    login(&session);
    let closed = server.close(exchange);
    assert!(closed.cookie.as_ref().unwrap().contains("; Max-Age=34560000"));
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
    assert_eq!((asked, outgoing.apply(&mut response)), (vec!["load"], Ok(())));
    let never = super::super::harness::server(|builder| builder.refresh(Refresh::Never));
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
        builder().on_gone(OnGone::Conflict),
        builder().max_sessions_per_owner(1),
        builder().renew_id_every(Duration::from_secs(1)),
        builder().max_record_size(1),
        builder().deadlines(Duration::ZERO, Duration::ZERO),
    ] {
        assert!(build(builder).contains("use build_stored"));
    }
    let flask = refused(Sessions::flask_builder("dev").build_stored().map(drop));
    assert!(flask.contains("does not work in Flask's format: its cookie is the session"), "{flask}");
    let small = refused(builder().max_cookie_size(200).build_stored().map(drop));
    assert!(small.starts_with("MAX_COOKIE_SIZE: the cookie of a stored session takes "), "{small}");
    assert!(builder().max_cookie_size(300).build_stored().is_ok());
}

#[test]
fn the_wrong_door_and_the_wrong_answer() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (_exchange, session) = server.open(&cookie);
    let cookies = Sessions::builder(SecretKey::new(KEY).unwrap()).clock(Time::at(START)).build().unwrap();
    assert_eq!(cookies.close(&session, &mut HeaderMap::new()), Err(Error::NotACookie));
    let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
    let Step::Ask(ask) = server.sessions.exchange(&headers).open() else {
        unreachable!("an id is looked up")
    };
    let opened = ask.answer(Answer::Touched(Outcome::Done)).done().unwrap();
    assert_eq!(opened.unwrap_err(), Error::Unavailable);
}

/// T7: neither ids nor content, nor where it lies.
#[test]
fn t7_nothing_of_it_prints() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| session.insert("hunter-key", "hunter-value").unwrap());
    let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
    let exchange = server.sessions.exchange(&headers);
    let mut shown = format!("{:?} {exchange:?} {:?}", server.sessions, exchange.open());
    let (exchange, session) = server.open(&cookie);
    session.set_owner("hunter-owner").unwrap();
    shown += &format!("{session:?} {:?} {:?}", exchange.close(), server.record(&cookie));
    let id = cookie.split(['=', '.']).nth(1).unwrap();
    for secret in [id, "hunter", &id[..20]] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!shown.contains("[123, ") && shown.len() < 4000, "{shown}");
}
