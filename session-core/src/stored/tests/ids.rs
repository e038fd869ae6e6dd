//! Ids: drawn, signed, renewed, refused; never shown.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};

use crate::env::{EntropyError, OsEntropy};
use crate::error::{Error, Rejected};
use crate::event::EventKind;
use crate::keys::secret_key::SecretKey;
use crate::record::id::Id;
use crate::record::store::{Inserted, Record, StoreReply, StoreRequest};
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::step::Step;
use crate::stored::tests::{Closed, KEY, START, Server, login, server, visit};
use crate::testing;

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

/// L3: at the boundary exactly one new id, and nobody is logged out, also if the response that carried it is lost.
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
    // Whoever still has the old one is a stranger.
    let late = server.request(&old, visit);
    assert!(late.events.contains(&EventKind::Reuse), "{late:?}");
    assert_eq!(server.json(&late.pair()), r#"{"visits":1}"#);
    assert_eq!(server.json(&again), r#"{"visits":6}"#);
}

/// L2: an alias is no way around a login.
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

/// T2: without random bytes no id, no write, no cookie; a logout needs none.
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
        assert!(broken.asked().iter().all(|asked| *asked == "load"));
    }
    let closed = broken.request(&cookie, |session| {
        (session.clear().unwrap(), visit(session)).1
    });
    assert_eq!(
        (closed.result, broken.asked()),
        (Err(Error::Entropy(EntropyError)), vec!["load"])
    );
    assert_eq!(
        broken
            .request(&cookie, |session| session.clear().unwrap())
            .pair(),
        "__Host-session="
    );
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
            let Some(forged) = String::from_utf8(forged)
                .ok()
                .filter(|text| http::HeaderValue::try_from(text).is_ok())
            else {
                continue;
            };
            assert!(server.open(&forged).1.is_empty(), "{forged}");
        }
    }
    let key = *server.store.lock().unwrap().slots.keys().next().unwrap();
    let text = crate::base64::encode(&[&key.as_bytes()[..], &[0; 16]].concat());
    let replayed = format!("__Host-session={text}{}", &cookie[start + 64..]);
    for hostile in [
        replayed.as_str(),
        "__Host-session=../../x",
        "__Host-session=\u{1f600}",
        "__Host-session=",
    ] {
        assert!(server.open(hostile).1.is_empty());
    }
    // Signed by us, for another purpose, name or context.
    let key = || SecretKey::new(KEY).unwrap();
    let plain = Sessions::builder(key())
        .clock(server.time.clone())
        .build()
        .unwrap();
    let signed = testing::request(&plain, |session| session.insert("a", 1)).unwrap();
    assert!(
        server
            .open(signed[COOKIE].to_str().unwrap())
            .1
            .rejected()
            .is_some()
    );
    for other in [
        Sessions::builder(key()).cookie_name("other"),
        Sessions::builder(key()).context("other"),
    ] {
        let other = other.clock(server.time.clone()).build_stored().unwrap();
        let id = testing::stored_request(&other);
        let pair = format!(
            "__Host-session={}",
            id[COOKIE].to_str().unwrap().split_once('=').unwrap().1
        );
        assert_eq!(
            server.open(&pair).1.rejected(),
            Some(Rejected::BadSignature)
        );
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
    let bytes = crate::base64::decode(id.as_bytes()).unwrap();
    let (write, selector, verifier) = (1, 2, 3);
    assert_eq!(bytes, [vec![selector; 16], vec![verifier; 32]].concat());
    assert_eq!(
        server.record(&cookie).version,
        u64::from_be_bytes([write; 8])
    );
}

/// T1: a million ids of the operating system's: none twice, and each bit set in half of them, within six standard
/// deviations (500).
#[test]
fn t1_a_million_ids() {
    const MANY: usize = 1_000_000;
    let mut seen = std::collections::HashSet::with_capacity(MANY);
    // How often each octet has each value.
    let mut values = vec![[0_u32; 256]; 48];
    for _ in 0..MANY {
        let bytes = Id::generate(&OsEntropy).unwrap().0;
        let selector: [u8; 16] = bytes[..16].try_into().unwrap();
        assert!(seen.insert(selector), "a selector twice");
        for (counts, byte) in values.iter_mut().zip(bytes) {
            counts[usize::from(byte)] += 1;
        }
    }
    for (at, counts) in values.iter().enumerate() {
        for bit in 0..8 {
            let set: u32 = (0..256)
                .filter(|value| value >> bit & 1 == 1)
                .map(|value| counts[value])
                .sum();
            assert!(
                set.abs_diff(500_000) < 3_000,
                "bit {bit} of octet {at}: {set}"
            );
        }
    }
}

/// S4: what the stamp tells.
#[test]
fn s4_lifetimes_that_the_stamp_tells_ask_no_store() {
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

/// O1: what comes of an id is one event, with its reason.
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

/// The first bytes, as somebody's `Debug` may print them.
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

/// T7: neither ids nor content, nor where it lies.
#[test]
fn t7_nothing_of_it_prints() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| session.insert("hunter-key", "hunter-value").unwrap());
    let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
    let exchange = server.sessions.exchange(&headers);
    let mut shown = format!("{:?} {exchange:?} {:?}", server.sessions, exchange.open());
    let (exchange, session) = server.open(&cookie);
    session.log_in("hunter-user").unwrap();
    // What a session was opened from: its id, verifier, record and body.
    shown += &format!("{session:?} {:?}", session.incoming().loaded_from);
    shown += &format!("{:?} {:?}", exchange.close(), server.record(&cookie));
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
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.len() < 4000, "{shown}");
}

/// O1: with the record's key only if that is asked for, and then the one that the session has.
#[test]
fn o1_events_name_the_record_if_asked() {
    for asked in [true, false] {
        let server = server(|builder| builder.events_with_record_keys(asked));
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
            all.iter().all(|event| event.record == asked.then_some(key)),
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

/// A random source that repeats itself: another's record under the new id is not taken for one's own, and nothing goes out.
#[test]
fn an_id_that_another_has_is_an_error() {
    let server = server(|builder| builder);
    for (own, expected) in [(true, Ok(())), (false, Err(Error::Entropy(EntropyError)))] {
        let (exchange, session) = server.open("");
        visit(&session);
        let Step::Pending(ask) = exchange.close() else {
            panic!("nothing is stored")
        };
        let StoreRequest::Insert { record, .. } = ask.question() else {
            panic!("{:?}", ask.question())
        };
        let version = if own {
            record.version
        } else {
            record.version ^ 1
        };
        let there = Record {
            version,
            ..record.clone()
        };
        let step = ask.answer(StoreReply::Inserted(Inserted::Exists(there)));
        let mut headers = HeaderMap::new();
        assert_eq!(server.drive(step).apply(&mut headers), expected);
        assert_eq!(headers.contains_key(SET_COOKIE), own);
    }
}
