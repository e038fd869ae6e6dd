//! S: what a signed cookie is believed, and what not.

use std::collections::HashSet;
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use ::http::header::COOKIE;
use ::http::{HeaderMap, HeaderValue};
use allocation_counter::{AllocationInfo, measure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use session_core::testing::{self, CookieJar};
use session_core::{Builder, Digest, Prefix, Rejected, Session, Sessions};
use sha1::Sha1;
use sha2::Sha256;

use crate::common::{KEY, ManualClock, OTHER_KEY, cookie_with, key, request, visit};
use crate::{NOW, ours};

const DAY: u64 = 24 * 60 * 60;

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hmac256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// A value of our format, written from its description, for any context.
fn signed(version: [u8; 2], purpose: u8, name: &str, context: &str, payload: &str) -> String {
    let mut message = b"rust-session".to_vec();
    message.extend(version);
    message.push(purpose);
    for part in [name, context] {
        message.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        message.extend(part.as_bytes());
    }
    let mut stamp = vec![0];
    stamp.extend(&NOW.to_be_bytes()[3..]);
    stamp.extend([[0; 4], [255; 4], [0; 4]].concat());
    let text = format!("{payload}.{}", b64(&stamp));
    let signature = hmac256(&hmac256(KEY.as_bytes(), &message), text.as_bytes());
    format!("{text}.{}", b64(&signature))
}

fn signed_by_flask(payload: &str) -> String {
    let hmac1 = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let text = format!(
        "{payload}.{}",
        b64(&u32::try_from(NOW).unwrap().to_be_bytes())
    );
    format!(
        "{text}.{}",
        b64(&hmac1(
            &hmac1(KEY.as_bytes(), b"cookie-session"),
            text.as_bytes()
        ))
    )
}

fn why(sessions: &Sessions, value: &str) -> Option<Rejected> {
    let session = sessions.open(&request(&[&format!("{}={value}", sessions.cookie_name())]));
    assert_eq!(session.rejected().is_some(), session.written().is_none());
    session.rejected()
}

fn value(pair: &str) -> &str {
    pair.split_once('=').unwrap().1
}

/// What opening the session of these headers allocates.
fn opening(sessions: &Sessions, headers: &HeaderMap) -> AllocationInfo {
    measure(|| drop(sessions.open(headers)))
}

/// The deserializer's work is counted by what it allocates: for a refused cookie nothing at all.
#[test]
fn s1_what_is_refused_is_not_decoded() {
    let flask = Sessions::flask_builder(KEY)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    for sessions in [ours(&ManualClock::at(NOW)).build().unwrap(), flask] {
        let mut pair = cookie_with(
            &sessions,
            "list",
            (0..600).map(|n| n % 7).collect::<Vec<u32>>(),
        );
        let headers = request(&[&pair]);
        opening(&sessions, &headers); // the first may fill thread locals
        let without = opening(&sessions, &HeaderMap::new()).count_total;
        assert!(opening(&sessions, &headers).count_total > without);
        let last = if pair.ends_with('A') { 'B' } else { 'A' };
        let at = pair.len() - 5;
        let other = if pair.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        pair.replace_range(at..=at, other);
        let forged = request(&[&pair]);
        assert_eq!(
            sessions.open(&forged).rejected(),
            Some(Rejected::BadSignature),
            "{last}"
        );
        assert_eq!(opening(&sessions, &forged).count_total, without);
    }
}

/// CVE-2026-39324: what could not be opened was tried again as what is weaker.
#[test]
fn s2_what_is_not_encrypted_is_refused() {
    let time = ManualClock::at(NOW);
    let encrypted = ours(&time).encrypted().build().unwrap();
    let signed = ours(&time).build().unwrap();
    let flask = Sessions::flask_builder(KEY)
        .clock(time.clone())
        .build()
        .unwrap();
    let plain = b64(br#"{"admin":true}"#);
    let by_signed = value(&cookie_with(&signed, "admin", true)).to_owned();
    let by_flask = value(&cookie_with(&flask, "admin", true)).to_owned();
    let by_encrypted = value(&cookie_with(&encrypted, "admin", true)).to_owned();
    // The same with a character that is another one: it opens as nothing.
    let other = if by_encrypted.as_bytes()[40] == b'A' {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{other}{}", &by_encrypted[..40], &by_encrypted[41..]);
    assert_eq!(why(&encrypted, &by_encrypted), None);
    for legacy in [
        &by_signed,
        &by_flask,
        &plain,
        &format!("{plain}.."),
        &forged,
    ] {
        assert!(why(&encrypted, legacy).is_some(), "{legacy}");
    }
    assert!(why(&signed, &by_encrypted).is_some() && why(&flask, &by_encrypted).is_some());
    // While both are read, what is neither is still nothing.
    let both = ours(&time)
        .encrypted()
        .accept_signed_until(UNIX_EPOCH + Duration::from_secs(NOW + 60))
        .build()
        .unwrap();
    assert_eq!(
        (why(&both, &by_signed), why(&both, &by_encrypted)),
        (None, None)
    );
    for legacy in [&by_flask, &plain, &format!("{plain}.."), &forged] {
        assert!(why(&both, legacy).is_some(), "{legacy}");
    }
}

/// Names and contexts whose texts, one after the other, are the same.
fn split_in_two_ways() -> impl Strategy<Value = [(String, String); 2]> {
    (
        "[a-zA-Z0-9_]{2,12}",
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(text, one, two)| {
            [one, two].map(|at| {
                let (name, context) = text.split_at(1 + at.index(text.len()));
                (name.to_owned(), context.to_owned())
            })
        })
}

proptest! {
    /// A value is of one name and one context.
    #[test]
    fn s3_name_and_context_are_bound(
        pairs in prop_oneof![
            split_in_two_ways(),
            ["[a-z_]{1,4}", "[a-z_]{1,4}"].prop_flat_map(|[a, b]| {
                ["\\PC{0,6}", "\\PC{0,6}"].prop_map(move |[c, d]| [(a.clone(), c), (b.clone(), d)])
            }),
        ],
        prefixes in [prop::bool::ANY, prop::bool::ANY],
    ) {
        let time = ManualClock::at(NOW);
        let build = |(name, context): &(String, String), host: bool| {
            let prefix = if host { Prefix::Host } else { Prefix::Secure };
            ours(&time).prefix(prefix).cookie_name(name).context(context).build().unwrap()
        };
        let (one, two) = (build(&pairs[0], prefixes[0]), build(&pairs[1], prefixes[1]));
        let moved = why(&two, value(&cookie_with(&one, "a", 1)));
        let same = pairs[0] == pairs[1] && prefixes[0] == prefixes[1];
        prop_assert_eq!(moved, (!same).then_some(Rejected::BadSignature));
    }
}

/// Flask's format binds the salt alone: its own weakness, which `docs/security.md` names.
#[test]
fn s3_flask_binds_the_salt_and_not_the_name() {
    let build = |builder: Builder| builder.clock(ManualClock::at(NOW)).build().unwrap();
    let flask = build(Sessions::flask_builder(KEY));
    let cookie = cookie_with(&flask, "a", 1);
    let renamed = build(Sessions::flask_builder(KEY).cookie_name("admin"));
    assert_eq!(why(&renamed, value(&cookie)), None);
    let salted = build(Sessions::flask_builder(KEY).salt("admin-session"));
    assert_eq!(why(&salted, value(&cookie)), Some(Rejected::BadSignature));
}

/// A copy outlives what the browser was told; the server does not believe it.
#[test]
fn s4_a_copied_cookie_ends_in_time() {
    let seconds = Duration::from_secs;
    let time = ManualClock::at(NOW);
    for (builder, life, refused) in [
        (ours(&time).permanent(true), 31 * DAY, Rejected::Idle),
        (
            ours(&time).permanent(true).idle_lifetime(seconds(600)),
            600,
            Rejected::Idle,
        ),
        (
            ours(&time).permanent(true).absolute_lifetime(seconds(900)),
            900,
            Rejected::TooOld,
        ),
        (
            Sessions::flask_builder("dev").clock(time.clone()),
            31 * DAY,
            Rejected::Idle,
        ),
    ] {
        time.set(NOW);
        let sessions = builder.build().unwrap();
        let mut jar = CookieJar::new("https://example.com", time.clone());
        jar.receive(
            &testing::respond(&sessions, &HeaderMap::new(), |session| {
                session.set_permanent(true).and(session.insert("a", 1))
            })
            .unwrap(),
        );
        let copy = jar.request();
        time.advance(seconds(life));
        assert_eq!(sessions.open(&copy).rejected(), None, "{refused}");
        time.advance(seconds(1));
        assert!(jar.request().is_empty(), "the browser has forgotten it");
        assert_eq!(sessions.open(&copy).rejected(), Some(refused));
        // Nor is a session that ends with the browser taken from a copy.
        time.set(NOW);
        let closed = visit(&sessions, &[], |session| {
            session.set_permanent(false).and(session.insert("a", 1))
        });
        let closed = closed.unwrap();
        let header = closed.set_cookie().unwrap();
        assert!(!header.contains("Max-Age") && !header.contains("Expires"));
        time.advance(seconds(life + 1));
        assert_eq!(
            sessions
                .open(&request(&[closed.cookie().unwrap()]))
                .rejected(),
            Some(refused)
        );
    }
}

/// The clock is set back by ten minutes, and by what may be.
#[test]
fn s5_a_cookie_of_the_future_is_refused() {
    let time = ManualClock::at(NOW);
    let flask = Sessions::flask_builder("dev")
        .clock(time.clone())
        .build()
        .unwrap();
    for (sessions, skew) in [(ours(&time).build().unwrap(), 60), (flask, 0)] {
        time.set(NOW);
        let cookie = cookie_with(&sessions, "a", 1);
        for (back, refused) in [
            (0, None),
            (skew, None),
            (skew + 1, Some(Rejected::Future)),
            (600, Some(Rejected::Future)),
        ] {
            time.set(NOW - back);
            let session = sessions.open(&request(&[&cookie]));
            assert_eq!(
                (session.rejected(), session.is_empty()),
                (refused, refused.is_some()),
                "{back}"
            );
        }
    }
    // An id of the future reaches no store.
    time.set(NOW);
    let stored = ours(&time).build_stored().unwrap();
    let id = testing::stored_request(&stored);
    time.set(NOW - 600);
    let session = stored.exchange(&id).open().done().unwrap().unwrap();
    assert_eq!(session.rejected(), Some(Rejected::Future));
}

/// What a token is, configuration says: the token names neither algorithm nor key.
#[test]
fn s6_a_token_of_anything_else_is_refused() {
    let sessions = ours(&ManualClock::at(NOW)).context("shop").build().unwrap();
    let name = sessions.cookie_name();
    let payload = b64(br#"{"a":1}"#);
    assert_eq!(
        why(&sessions, &signed([0, 1], 1, name, "shop", &payload)),
        None
    );
    assert_eq!(
        value(&cookie_with(&sessions, "a", 1)),
        signed([0, 1], 1, name, "shop", &payload),
        "the value is payload, times and signature, and nothing else"
    );
    let elsewhere = |builder: Builder| {
        let sessions = builder.clock(ManualClock::at(NOW)).build().unwrap();
        value(&cookie_with(&sessions, "a", 1)).to_owned()
    };
    let stored = ours(&ManualClock::at(NOW))
        .context("shop")
        .build_stored()
        .unwrap();
    let id = testing::stored_request(&stored)[COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    let refused = [
        (
            "a version to come",
            signed([0, 2], 1, name, "shop", &payload),
        ),
        ("another version", signed([1, 1], 1, name, "shop", &payload)),
        (
            "an encrypted payload",
            signed([0, 1], 2, name, "shop", &payload),
        ),
        ("an id", signed([0, 1], 3, name, "shop", &payload)),
        ("a record", signed([0, 1], 4, name, "shop", &payload)),
        (
            "a digest of logs",
            signed([0, 1], 5, name, "shop", &payload),
        ),
        ("an id of ours", value(&id).to_owned()),
        (
            "another name",
            signed([0, 1], 1, "__Host-admin", "shop", &payload),
        ),
        ("another context", signed([0, 1], 1, name, "blog", &payload)),
        ("no context", signed([0, 1], 1, name, "", &payload)),
        ("Flask's format", signed_by_flask(&payload)),
        (
            "Flask's with SHA-256",
            elsewhere(Sessions::flask_builder(KEY).digest(Digest::Sha256)),
        ),
        (
            "Flask's with our salt",
            elsewhere(Sessions::flask_builder(KEY).salt("rust-session")),
        ),
        (
            "JWT's none",
            format!("{}.{payload}.", b64(br#"{"alg":"none"}"#)),
        ),
        ("an unsigned payload", payload.clone()),
    ];
    for (what, value) in &refused {
        let reason = why(&sessions, value);
        assert!(
            matches!(reason, Some(Rejected::BadSignature | Rejected::Malformed)),
            "{what}: {reason:?}"
        );
    }
    let different: HashSet<&String> = refused.iter().map(|(_, value)| value).collect();
    assert_eq!(different.len(), refused.len());
    // And none of ours is one for Flask's format.
    let flask = Sessions::flask_builder(KEY)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    assert_eq!(why(&flask, &signed_by_flask(&payload)), None);
    assert!(why(&flask, &signed([0, 1], 1, "session", "", &payload)).is_some());
}

/// CVE-2025-47278: Flask 3.1.0 signed with the oldest key.
#[test]
fn s7_only_the_primary_key_signs() {
    let other = |letter: &str| key(&KEY.replace('u', letter));
    let build = |builder: Builder| builder.clock(ManualClock::at(NOW)).build().unwrap();
    let (old, new) = (
        build(Sessions::builder(key(OTHER_KEY))),
        build(Sessions::builder(key(KEY))),
    );
    let orders: [fn(Builder, [session_core::SecretKey; 3]) -> Builder; 2] = [
        |builder, [a, b, c]| builder.verify_only(a).verify_only(b).verify_only(c),
        |builder, [a, b, c]| builder.verify_only(c).verify_only(b).verify_only(a),
    ];
    for order in orders {
        let keys = [key(OTHER_KEY), other("v"), other("w")];
        let ring = build(order(Sessions::builder(key(KEY)), keys));
        assert_eq!(why(&ring, value(&cookie_with(&old, "a", 1))), None);
        let by_ring = cookie_with(&ring, "a", 1);
        assert_eq!(
            by_ring,
            cookie_with(&new, "a", 1),
            "as the primary alone would"
        );
        assert_eq!(why(&old, value(&by_ring)), Some(Rejected::BadSignature));
    }
    let flask = |secret: &str| build(Sessions::flask_builder(secret));
    let ring = build(
        Sessions::flask_builder("new")
            .fallback("older")
            .fallback("old"),
    );
    assert_eq!(
        cookie_with(&ring, "a", 1),
        cookie_with(&flask("new"), "a", 1)
    );
    assert_eq!(why(&ring, value(&cookie_with(&flask("old"), "a", 1))), None);
}

fn zlib(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// zlib makes of one octet 1,032 at most: these are about as much as a cookie can hold. What it costs to refuse them has a
/// bound, and one that nobody signed costs nothing.
#[test]
fn s10_a_bomb_is_refused_and_costs_little() {
    let bomb = |octets: usize| {
        format!(
            ".{}",
            b64(&zlib(&format!("{{\"a\":\"{}\"}}", "0".repeat(octets))))
        )
    };
    let flask = Sessions::flask_builder(KEY)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    let sessions = ours(&ManualClock::at(NOW)).build().unwrap();
    let small = signed([0, 1], 1, sessions.cookie_name(), "", &bomb(2_800_000));
    let large = signed_by_flask(&bomb(11 << 20));
    assert!((3_500..4_096).contains(&small.len()), "{}", small.len());
    assert!((14_000..16 << 10).contains(&large.len()), "{}", large.len());
    for (sessions, value, most) in [(&sessions, small, 1 << 20), (&flask, large, 16 << 20)] {
        let pair = format!("{}={value}", sessions.cookie_name());
        let headers = request(&[&pair]);
        assert_eq!(
            sessions.open(&headers).rejected(),
            Some(Rejected::Unreadable)
        );
        let took = opening(sessions, &headers).bytes_max;
        assert!(took < most, "{took} octets");
        let forged = HeaderMap::from_iter([(
            COOKIE,
            HeaderValue::try_from(pair.replacen("=.", "=.A", 1)).unwrap(),
        )]);
        assert!(matches!(
            sessions.open(&forged).rejected(),
            Some(Rejected::BadSignature)
        ));
        let without = opening(sessions, &HeaderMap::new());
        assert_eq!(opening(sessions, &forged).bytes_total, without.bytes_total);
    }
}

/// A cookie session cannot be revoked one by one: the limit, as a test. What there is instead is the switch for all.
#[test]
fn s11_a_cookie_session_is_revoked_by_time_alone() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let cookie = cookie_with(&sessions, "user", "ada");
    time.advance(Duration::from_secs(10));
    assert!(
        visit(&sessions, &[&cookie], Session::clear)
            .unwrap()
            .removes()
    );
    assert_eq!(
        sessions.open(&request(&[&cookie])).rejected(),
        None,
        "a copy goes on after the logout"
    );
    let since = UNIX_EPOCH + Duration::from_secs(NOW + 1);
    let after = ours(&time).not_created_before(since).build().unwrap();
    assert_eq!(
        after.open(&request(&[&cookie])).rejected(),
        Some(Rejected::Revoked)
    );
    // Written anew it is as old as it was, and a login is new.
    let written = visit(&sessions, &[&cookie], |session| {
        session.insert("seen", true)
    })
    .unwrap();
    assert_eq!(
        after
            .open(&request(&[written.cookie().unwrap()]))
            .rejected(),
        Some(Rejected::Revoked)
    );
    let login = visit(&sessions, &[&cookie], |session| session.log_in("ada")).unwrap();
    assert_eq!(
        after.open(&request(&[login.cookie().unwrap()])).rejected(),
        None
    );
}
