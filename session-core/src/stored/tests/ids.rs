//! Ids: generated, signed, renewed, refused; never printed.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;

use crate::env::EntropyError;
use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::keys::secret_key::SecretKey;
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::tests::{Closed, KEY, START, Server, login, server, visit};

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
    assert_eq!(
        (stale.rejected(), stale.is_empty()),
        (Some(Rejected::Gone), true)
    );
    assert_eq!(server.json(&after.pair()), r#"{"user":"ada","visits":1}"#);
    assert_eq!(before.len(), after.pair().len());
    assert_eq!(server.store.lock().unwrap().slots.len(), 1);
}

/// L3: at the boundary exactly one new id is sent, and no user is logged out, even if the response
/// with the new id is lost.
#[test]
fn l3_a_periodic_renewal_logs_nobody_out() {
    let server = server(|builder| builder.cycle_id_every(Duration::from_secs(100)));
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
    let new: Vec<String> = closed
        .iter()
        .filter(|closed| closed.cookie.is_some())
        .map(Closed::pair)
        .collect();
    assert_eq!(
        (new.len(), closed[0].events.as_slice()),
        (1, &[EventKind::Renewed][..])
    );
    // The response is lost. The old id stays valid until it is renewed itself.
    server.advance(99);
    assert_eq!(server.json(&old), r#"{"visits":6}"#);
    server.advance(1);
    let again = server.request(&old, |_| {}).pair();
    assert_eq!(server.open(&new[0]).1.rejected(), Some(Rejected::Gone));
    // The new id arrives. The old one stays valid for a minute, for requests that are under way.
    assert!(server.request(&again, |_| {}).cookie.is_none());
    server.advance(59);
    assert_eq!(server.json(&old), r#"{"visits":6}"#);
    server.advance(1);
    // After that, the old id opens nothing.
    let late = server.request(&old, visit);
    assert!(late.events.contains(&EventKind::Reuse), "{late:?}");
    assert_eq!(server.json(&late.pair()), r#"{"visits":1}"#);
    assert_eq!(server.json(&again), r#"{"visits":6}"#);
}

/// L2: a previous verifier does not survive a login.
#[test]
fn a_login_ends_both_ids_of_a_renewal() {
    let server = server(|builder| builder.cycle_id_every(Duration::from_secs(100)));
    let old = server.begin(visit);
    server.advance(100);
    let new = server.request(&old, |_| {}).pair();
    let user = server.request(&old, login).pair();
    assert!(server.open(&old).1.is_empty() && server.open(&new).1.is_empty());
    assert_eq!(server.json(&user), r#"{"visits":1}"#);
}

/// T2: without random bytes there is no id, no write and no cookie. A logout needs none.
#[test]
fn t2_without_random_bytes_nothing_is_written() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let broken = Server {
        sessions: Sessions::builder(SecretKey::new(KEY).unwrap())
            .clock(server.time.clone())
            .random(|_: &mut [u8]| Err(EntropyError))
            .build_stored()
            .unwrap(),
        ..server
    };
    for (cookie, handler) in [
        ("", visit as fn(&Session)),
        (&cookie, visit),
        (&cookie, login),
    ] {
        let closed = broken.request(cookie, handler);
        assert_eq!(
            (closed.result, closed.cookie),
            (Err(Error::Entropy(EntropyError)), None)
        );
        assert!(broken.verbs().iter().all(|verb| *verb == "load"));
    }
    let closed = broken.request(&cookie, |session| {
        (session.clear().unwrap(), visit(session)).1
    });
    assert_eq!(
        (closed.result, broken.verbs()),
        (Err(Error::Entropy(EntropyError)), vec!["load"])
    );
    assert_eq!(
        broken
            .request(&cookie, |session| session.clear().unwrap())
            .pair(),
        "__Host-session="
    );
}

/// S4: the times and flags of the stamp.
#[test]
fn s4_lifetimes_that_the_stamp_tells_ask_no_store() {
    let absolute = Duration::from_secs(5000);
    let server = server(|builder| builder.absolute_lifetime(absolute).permanent(true));
    let first = server.request("", visit);
    assert!(first.cookie.as_ref().unwrap().ends_with("; Max-Age=5000"));
    let cookie = first.pair();
    server.verbs();
    server.advance(4999);
    server.request(&cookie, visit);
    assert_eq!(server.record(&cookie).expires, START + 5000);
    server.verbs();
    server.advance(2);
    assert_eq!(server.open(&cookie).1.rejected(), Some(Rejected::TooOld));
    server.time.set(START - 61);
    assert_eq!(server.open(&cookie).1.rejected(), Some(Rejected::Future));
    assert!(server.verbs().is_empty());
}

/// O1: each id that is not accepted leads to one event, with its reason.
#[test]
fn o1_each_refusal_is_one_event() {
    const DAY: u64 = 24 * 60 * 60;
    let server = server(|builder| builder.absolute_lifetime(Duration::from_secs(90 * DAY)));
    let rejected = |cookie: &str, why: Rejected| {
        assert_eq!(
            server.request(cookie, |_| {}).events,
            [EventKind::Rejected(why)]
        );
    };
    let cookie = server.begin(visit);
    let unknown = super::server(|builder| builder).begin(visit);
    rejected(&unknown, Rejected::Unknown);
    let written = server.request(&unknown, visit).events;
    assert_eq!(
        written,
        [EventKind::Rejected(Rejected::Unknown), EventKind::Created]
    );
    rejected("__Host-session=x", Rejected::Malformed);
    rejected(&cookie.replace(".AA", ".AB"), Rejected::BadSignature);
    assert_eq!(
        server
            .request(&format!("{cookie}; {cookie}"), |_| {})
            .events,
        [EventKind::Duplicate(2)]
    );
    let ended = server.begin(visit);
    assert_eq!(
        server
            .request(&ended, |session| session.clear().unwrap())
            .events,
        [EventKind::Cleared]
    );
    rejected(&ended, Rejected::Gone);
    server.advance(31 * DAY);
    rejected(&cookie, Rejected::Idle);
    server.advance(60 * DAY);
    rejected(&cookie, Rejected::TooOld);
    server.time.set(START - 600);
    rejected(&cookie, Rejected::Future);
}

/// The first bytes, as `Debug` would print them.
fn spellings(bytes: &[u8]) -> [String; 3] {
    let bytes = &bytes[..8];
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{bytes:?}");
    [
        hex,
        list.trim_matches(['[', ']']).to_owned(),
        crate::base64::encode(bytes)[..10].to_owned(),
    ]
}

/// T7: neither ids, nor content, nor the record's key are printed.
#[test]
fn t7_nothing_of_it_prints() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| session.insert("hunter-key", "hunter-value").unwrap());
    let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
    let exchange = server.sessions.exchange(&headers);
    let mut printed = format!("{:?} {exchange:?} {:?}", server.sessions, exchange.open());
    let (exchange, session) = server.open(&cookie);
    session.log_in("hunter-user").unwrap();
    // The state that a session was opened from: its id, verifier, record and body.
    printed += &format!("{session:?} {:?}", session.incoming().loaded_from);
    printed += &format!("{:?} {:?}", exchange.close(), server.record(&cookie));
    let text = cookie.split(['=', '.']).nth(1).unwrap();
    let id = crate::base64::decode(text.as_bytes()).unwrap();
    let (selector, verifier) = id.split_at(16);
    let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(verifier).into();
    let secrets = [selector, verifier, &hash, b"{\"hunter"]
        .map(spellings)
        .concat();
    for secret in secrets
        .iter()
        .map(String::as_str)
        .chain(["hunter", &text[..20]])
    {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
    assert!(printed.len() < 4000, "{printed}");
}

/// O1: an event names the record's key only if so configured, and then the key of its session.
#[test]
fn o1_events_name_the_record_if_asked() {
    for enabled in [true, false] {
        let server = server(|builder| builder.events_with_record_keys(enabled));
        let events = |cookie: &str, handler: &dyn Fn(&Session)| {
            let (exchange, session) = server.open(cookie);
            handler(&session);
            let mut outgoing = server.drive(exchange.close());
            let mut headers = HeaderMap::new();
            outgoing.apply(&mut headers).unwrap();
            let pair = headers
                .get("set-cookie")
                .map(|header| header.to_str().unwrap().to_owned());
            let pair = pair.and_then(|header| Some(header.split(';').next()?.to_owned()));
            (pair.unwrap_or_default(), outgoing.events().to_vec())
        };
        let (cookie, created) = events("", &visit);
        let key = server.open(&cookie).1.record_key().unwrap();
        let (renewed_cookie, renewed) = events(&cookie, &|session| session.cycle_id().unwrap());
        let (_, gone) = events(&cookie, &visit);
        let (_, cleared) = events(&renewed_cookie, &|session| session.clear().unwrap());
        let (_, dead) = events(&renewed_cookie, &|_| ());
        let all = [created, renewed, gone, cleared, dead].concat();
        assert_eq!(all.len(), 6, "{all:?}");
        assert!(
            all.iter()
                .all(|event| event.record == enabled.then_some(key)),
            "{all:?}"
        );
        let (_, forged) = events("__Host-session=x", &|_| ());
        assert!(forged.len() == 1 && forged[0].record.is_none());
    }
    let key = SecretKey::generate().unwrap();
    let cookies = Sessions::builder(key).events_with_record_keys(true).build();
    assert!(
        cookies
            .unwrap_err()
            .to_string()
            .contains("events_with_record_keys")
    );
}
