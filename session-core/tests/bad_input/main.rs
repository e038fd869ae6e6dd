//! Hostile and broken input: from a browser an empty session that knows why, from a developer a clear error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

use std::collections::HashSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{KEY, ManualClock, OTHER_KEY, cookie_with, formats, key, request, visit};
use hmac::{Hmac, KeyInit, Mac};
use session_core::{
    Config, ConfigError, EntropyError, Error, Prefix, Rejected, SameSite, SecretKey, Sessions,
    Weakness,
};
use sha1::Sha1;
use sha2::Sha256;

const NOW: u64 = 1_700_000_000;

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hmac256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Our format written a second time, from its description, so that anything can be signed.
fn sign_ours(secret: &str, name: &str, payload: &str, stamp: &[u8]) -> String {
    let mut context = b"rust-session\x00\x01\x01".to_vec();
    for part in [name, ""] {
        context.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        context.extend(part.as_bytes());
    }
    let signed = format!("{payload}.{}", base64(stamp));
    let signature = hmac256(&hmac256(secret.as_bytes(), &context), signed.as_bytes());
    format!("{name}={signed}.{}", base64(&signature))
}

fn stamp(issued: u64) -> Vec<u8> {
    let mut stamp = vec![0];
    stamp.extend(&issued.to_be_bytes()[3..]);
    stamp.extend([0; 4]);
    stamp.extend([255; 4]);
    stamp.extend([0; 4]);
    stamp
}

/// Flask's format, likewise.
fn sign_flask(secret: &str, payload: &str, issued: u64) -> String {
    let hmac1 = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let issued = issued.to_be_bytes();
    let zeros = issued.iter().take_while(|byte| **byte == 0).count();
    let signed = format!("{payload}.{}", base64(&issued[zeros..]));
    let key = hmac1(secret.as_bytes(), b"cookie-session");
    format!(
        "session={signed}.{}",
        base64(&hmac1(&key, signed.as_bytes()))
    )
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn ours() -> Sessions {
    Sessions::builder(key(KEY))
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap()
}

fn flask() -> Sessions {
    Sessions::flask_builder("dev")
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap()
}

fn why(sessions: &Sessions, cookie: &str) -> Option<Rejected> {
    let session = sessions.open(&request(&[cookie]));
    if session.rejected().is_some() {
        assert!(session.is_empty() && session.keys().is_empty() && session.written().is_none());
        assert_eq!(session.get::<i64>("a").unwrap(), None);
    }
    session.rejected()
}

#[test]
fn keys() {
    assert!(matches!(SecretKey::new(""), Err(ConfigError::NoKey)));
    assert!(matches!(
        SecretKey::new("short"),
        Err(ConfigError::WeakKey(Weakness::Short(5)))
    ));
    assert!(matches!(
        SecretKey::new("change-me"),
        Err(ConfigError::WeakKey(Weakness::Placeholder))
    ));
    assert!(matches!(Sessions::flask(""), Err(ConfigError::NoKey)));
    assert!(matches!(Config::default().build(), Err(ConfigError::NoKey)));
    assert!(matches!(
        Config::default().build_flask(),
        Err(ConfigError::NoKey)
    ));
    // A weak key runs in Flask's format only, and is told.
    let weak = Sessions::flask_builder("dev")
        .fallback("old")
        .build()
        .unwrap();
    assert_eq!(weak.warnings().len(), 2);
    assert!(
        weak.warnings()[0]
            .to_string()
            .contains("SECRET_KEY is weak: it has 3 bytes")
    );
    assert!(matches!(
        Sessions::builder(key(KEY)).fallback("old").build(),
        Err(ConfigError::WeakFallback(Weakness::Short(3)))
    ));
    assert!(matches!(
        Sessions::flask_builder("dev").fallback("").build(),
        Err(ConfigError::WeakFallback(Weakness::Short(0)))
    ));
    let nine = (0..9).fold(Sessions::builder(key(KEY)), |builder, _| {
        builder.verify_only(key(OTHER_KEY))
    });
    assert!(matches!(nine.build(), Err(ConfigError::TooManyKeys(9))));
    let messages: HashSet<String> = ["", "short", "change-me"]
        .map(|secret| SecretKey::new(secret).unwrap_err().to_string())
        .into();
    assert_eq!(messages.len(), 3, "each says something else: {messages:?}");
}

#[test]
fn cookies_that_are_none() {
    for (format, builder) in formats() {
        let sessions = builder.clock(ManualClock::at(NOW)).build().unwrap();
        let good = cookie_with(&sessions, "a", 1);
        let name = sessions.cookie_name();
        assert_eq!(why(&sessions, &good), None, "{format}");
        // Flask takes an empty cookie for none.
        let empty = (format != "flask").then_some(Rejected::Malformed);
        assert_eq!(why(&sessions, &format!("{name}=")), empty);
        for end in name.len() + 2..good.len() {
            let reason = why(&sessions, &good[..end]);
            assert!(
                matches!(reason, Some(Rejected::Malformed | Rejected::BadSignature)),
                "{format} {end} {reason:?}"
            );
        }
        for cut in name.len() + 1..good.len() {
            let reason = why(&sessions, &format!("{name}={}", &good[cut + 1..]));
            assert!(reason.is_some() || cut + 1 == good.len(), "{format} {cut}");
        }
        let huge = format!("{name}={}", "a".repeat(1 << 20));
        assert_eq!(why(&sessions, &huge), Some(Rejected::TooLong), "{format}");
        for odd in [
            "\u{1}",
            "é",
            "\u{0}a.b.c",
            "a b.c.d",
            "%65.a.b",
            "\"a.b.c\"",
            "....",
            "a.b",
            "+/+/.a.b",
        ] {
            if let Ok(value) = http::HeaderValue::from_bytes(format!("{name}={odd}").as_bytes()) {
                let headers = http::HeaderMap::from_iter([(http::header::COOKIE, value)]);
                let reason = sessions.open(&headers).rejected();
                assert!(
                    matches!(reason, Some(Rejected::Malformed | Rejected::BadSignature)),
                    "{format} {odd:?}"
                );
            }
        }
        let bytes = http::HeaderValue::from_bytes(b"x=\xff\xfe; y=1").unwrap();
        let headers = http::HeaderMap::from_iter([
            (http::header::COOKIE, bytes),
            (
                http::header::COOKIE,
                http::HeaderValue::from_str(&good).unwrap(),
            ),
        ]);
        assert_eq!(
            sessions.open(&headers).get::<i64>("a").unwrap(),
            Some(1),
            "{format}"
        );
    }
}

#[test]
fn c7_many_cookies_of_our_name() {
    let sessions = ours();
    let good = cookie_with(&sessions, "a", 1);
    let bad = "__Host-session=bad";
    let a = |cookies: &[&str]| sessions.open(&request(cookies)).get::<i64>("a").unwrap();
    // The first valid one counts, in one header or in several.
    assert_eq!(a(&[bad, &good]), Some(1));
    assert_eq!(a(&[&format!("{bad}; {good}")]), Some(1));
    assert_eq!(a(&[bad, bad, bad, &good]), Some(1));
    // Only four are looked at.
    assert_eq!(a(&[bad, bad, bad, bad, &good]), None);
    let thousand = vec![bad; 1000].join("; ");
    assert_eq!(a(&[&thousand, &good]), None);
    let session = sessions.open(&request(&[bad, &good]));
    assert_eq!(session.rejected(), None);
    // Flask: the first, whatever it is.
    let flask = flask();
    let good = cookie_with(&flask, "a", 1);
    assert_eq!(
        flask
            .open(&request(&["session=bad", &good]))
            .get::<i64>("a")
            .unwrap(),
        None
    );
    assert_eq!(
        flask
            .open(&request(&[&good, "session=bad"]))
            .get::<i64>("a")
            .unwrap(),
        Some(1)
    );
    assert_eq!(flask.open(&request(&["session=", &good])).rejected(), None);
}

#[test]
fn strangers() {
    let sessions = ours();
    let other =
        |builder: session_core::Builder| builder.clock(ManualClock::at(NOW)).build().unwrap();
    for stranger in [
        other(Sessions::builder(key(OTHER_KEY))),
        other(Sessions::builder(key(KEY)).context("another application")),
        other(Sessions::builder(key(KEY)).cookie_name("admin")),
        other(Sessions::flask_builder(KEY)),
        other(Sessions::flask_builder(KEY).digest(session_core::Digest::Sha256)),
    ] {
        let cookie = cookie_with(&stranger, "a", 1);
        let (_, value) = cookie.split_once('=').unwrap();
        let reason = why(&sessions, &format!("__Host-session={value}"));
        assert!(
            matches!(reason, Some(Rejected::BadSignature | Rejected::Malformed)),
            "{stranger:?} {reason:?}"
        );
        // S3, S6: and the other way round.
        let ours = cookie_with(&sessions, "a", 1);
        let (_, value) = ours.split_once('=').unwrap();
        assert!(why(&stranger, &format!("{}={value}", stranger.cookie_name())).is_some());
    }
}

#[test]
fn the_second_implementation_is_understood() {
    let payload = base64(br#"{"a":1}"#);
    assert_eq!(
        why(
            &ours(),
            &sign_ours(KEY, "__Host-session", &payload, &stamp(NOW))
        ),
        None
    );
    assert_eq!(why(&flask(), &sign_flask("dev", &payload, NOW)), None);
    // And it writes what we write.
    let cookie = cookie_with(&ours(), "a", 1);
    assert_eq!(
        cookie,
        sign_ours(KEY, "__Host-session", &payload, &stamp(NOW))
    );
}

#[test]
fn times() {
    let payload = base64(b"{}");
    let day = 24 * 60 * 60;
    for (issued, ours_says, flask_says) in [
        (NOW - 31 * day, None, None),
        (
            NOW - 31 * day - 1,
            Some(Rejected::Idle),
            Some(Rejected::Idle),
        ),
        (NOW + 1, None, Some(Rejected::Future)),
        (NOW + 60, None, Some(Rejected::Future)),
        (NOW + 61, Some(Rejected::Future), Some(Rejected::Future)),
    ] {
        let cookie = sign_ours(KEY, "__Host-session", &payload, &stamp(issued));
        assert_eq!(why(&ours(), &cookie), ours_says, "{issued}");
        assert_eq!(
            why(&flask(), &sign_flask("dev", &payload, issued)),
            flask_says,
            "{issued}"
        );
    }
    assert_eq!(
        why(&flask(), &sign_flask("dev", &payload, u64::MAX)),
        Some(Rejected::Future)
    );
    let since = std::time::UNIX_EPOCH + Duration::from_secs(NOW);
    let after = Sessions::builder(key(KEY))
        .not_created_before(since)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    let sign = |issued| sign_ours(KEY, "__Host-session", &payload, &stamp(issued));
    assert_eq!(why(&after, &sign(NOW - 1)), Some(Rejected::Revoked));
    assert_eq!(why(&after, &sign(NOW)), None);
}

#[test]
fn signed_but_unreadable() {
    let bomb = zlib(format!("{{\"a\":\"{}\"}}", "0".repeat(64 << 20)).as_bytes());
    let small_bomb = zlib(format!("{{\"a\":\"{}\"}}", "0".repeat(2 << 20)).as_bytes());
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    let deflated = |bytes: &[u8]| format!(".{}", base64(&zlib(bytes)));
    let cases = [
        ("a list", base64(b"[1]"), true, true),
        ("a number", base64(b"5"), true, true),
        ("null", base64(b"null"), true, true),
        ("a text", base64(b"\"\""), true, true),
        ("nothing", String::new(), true, true),
        ("not JSON", base64(b"hello"), true, true),
        ("not UTF-8", base64(b"{\"a\":\"\xff\"}"), true, true),
        ("cut JSON", base64(b"{\"a\":1"), true, true),
        (
            "a byte order mark",
            base64("\u{feff}{}".as_bytes()),
            true,
            true,
        ),
        ("not base64", "A".to_owned(), true, true),
        (
            "10,000 nested arrays",
            deflated(nested.as_bytes()),
            true,
            true,
        ),
        ("500 nested arrays", deflated(deep.as_bytes()), true, false),
        ("not zlib", format!(".{}", base64(b"{}")), true, true),
        (
            "cut zlib",
            format!(".{}", base64(&zlib(b"{\"a\":1}")[..12])),
            true,
            true,
        ),
        ("2 MB", format!(".{}", base64(&small_bomb)), true, false),
        ("flashes that are none", base64(b"[{},[1]]"), true, true),
    ];
    for (name, payload, ours_refuses, flask_refuses) in cases {
        let refused = |refuses: bool| refuses.then_some(Rejected::Unreadable);
        let cookie = sign_ours(KEY, "__Host-session", &payload, &stamp(NOW));
        assert!(cookie.len() < 4096, "{name}: {}", cookie.len());
        assert_eq!(why(&ours(), &cookie), refused(ours_refuses), "ours: {name}");
        assert_eq!(
            why(&flask(), &sign_flask("dev", &payload, NOW)),
            refused(flask_refuses),
            "flask: {name}"
        );
    }
    // 64 MB in 64 KB: too long for a cookie.
    let payload = format!(".{}", base64(&bomb));
    assert_eq!(
        why(&flask(), &sign_flask("dev", &payload, NOW)),
        Some(Rejected::TooLong)
    );
    // 11 MB in a cookie that is short enough: not inflated.
    let fits = zlib("0".repeat(11 << 20).as_bytes());
    assert!(fits.len() < 12 << 10, "{}", fits.len());
    let payload = format!(".{}", base64(&fits));
    assert_eq!(
        why(&flask(), &sign_flask("dev", &payload, NOW)),
        Some(Rejected::Unreadable)
    );
    let mut unknown_flag = stamp(NOW);
    unknown_flag[0] = 2;
    let cookie = sign_ours(KEY, "__Host-session", &base64(b"{}"), &unknown_flag);
    assert_eq!(why(&ours(), &cookie), Some(Rejected::Unreadable));
}

/// S1: the signature comes before all reading. This payload cannot be read, which would be said if it were tried.
#[test]
fn s1_nothing_is_parsed_before_the_signature() {
    for payload in [base64(b"not JSON"), format!(".{}", base64(b"not zlib"))] {
        let ours_signed = sign_ours(KEY, "__Host-session", &payload, &stamp(NOW));
        let flask_signed = sign_flask("dev", &payload, NOW);
        for (sessions, cookie) in [(ours(), ours_signed), (flask(), flask_signed)] {
            assert_eq!(why(&sessions, &cookie), Some(Rejected::Unreadable));
            let forged = cookie.replacen("=.", "=.A", 1).replacen("=b", "=c", 1);
            assert_ne!(forged, cookie);
            assert_eq!(why(&sessions, &forged), Some(Rejected::BadSignature));
        }
    }
    // Nor are the times looked at: an old forgery is a forgery.
    let old = sign_ours(OTHER_KEY, "__Host-session", &base64(b"{}"), &stamp(0));
    assert_eq!(why(&ours(), &old), Some(Rejected::BadSignature));
}

#[test]
fn configurations_that_browsers_refuse() {
    let builder = || Sessions::builder(key(KEY));
    for (what, refused) in [
        (
            "__Host- with a domain",
            builder().domain("example.com").build(),
        ),
        ("__Host- with a path", builder().path("/app").build()),
        ("__Host- without Secure", builder().secure(false).build()),
        (
            "__Host- in another case without Secure",
            builder()
                .prefix(Prefix::None)
                .secure(false)
                .cookie_name("__HOST-x")
                .build(),
        ),
        (
            "__Host-Http- without HttpOnly",
            builder().cookie_name("Http-x").http_only(false).build(),
        ),
        (
            "__Http- without HttpOnly",
            builder().prefix(Prefix::Http).http_only(false).build(),
        ),
        (
            "SameSite=None without Secure",
            Sessions::flask_builder("dev")
                .same_site(SameSite::None)
                .build(),
        ),
        (
            "Partitioned without Secure",
            Sessions::flask_builder("dev").partitioned(true).build(),
        ),
        (
            "a domain with a port",
            builder()
                .prefix(Prefix::Secure)
                .domain("example.com:80")
                .build(),
        ),
        (
            "a name with a semicolon",
            builder().cookie_name("my;session").build(),
        ),
    ] {
        let message = refused.expect_err(what).to_string();
        assert!(message.starts_with("SESSION_COOKIE_"), "{what}: {message}");
    }
    // What they keep is a warning, or an error for who wants it so.
    for (what, odd) in [
        ("a nested prefix", builder().cookie_name("__Host-x")),
        (
            "a miscased prefix",
            builder().prefix(Prefix::None).cookie_name("__HOST-x"),
        ),
        ("a name with a space", builder().cookie_name("my session")),
        (
            "a name that is not ASCII",
            builder().cookie_name("sitzung-ä"),
        ),
        (
            "a domain with an underscore",
            builder().prefix(Prefix::Secure).domain("a_b.example.com"),
        ),
        (
            "a path without a slash",
            builder().prefix(Prefix::Secure).path("app"),
        ),
    ] {
        let sessions = odd.build().expect(what);
        let [warning] = sessions.warnings() else {
            panic!("{what}: {:?}", sessions.warnings())
        };
        assert!(
            warning.to_string().starts_with("SESSION_COOKIE_"),
            "{what}: {warning}"
        );
        let response = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
        let pair = response.headers[http::header::SET_COOKIE]
            .as_bytes()
            .split(|byte| *byte == b';')
            .next()
            .unwrap();
        let request = http::HeaderMap::from_iter([(
            http::header::COOKIE,
            http::HeaderValue::from_bytes(pair).unwrap(),
        )]);
        assert_eq!(
            sessions.open(&request).get::<i64>("a").unwrap(),
            Some(1),
            "{what}"
        );
    }
    let strict = builder()
        .cookie_name("my session")
        .warnings_are_errors(true)
        .build();
    assert!(matches!(strict, Err(ConfigError::Warning(_))));
    // What a format cannot keep.
    let flask = || Sessions::flask_builder("dev");
    for (setting, refused) in [
        (
            "absolute_lifetime",
            flask().absolute_lifetime(Duration::from_secs(1)).build(),
        ),
        (
            "not_created_before",
            flask().not_created_before(std::time::UNIX_EPOCH).build(),
        ),
        ("permanent", flask().permanent(true).build()),
        ("context", flask().context("x").build()),
        (
            "digest",
            builder().digest(session_core::Digest::Sha512).build(),
        ),
        ("salt", builder().salt("x").build()),
    ] {
        match refused {
            Err(ConfigError::Format { setting: found, .. }) => assert_eq!(found, setting),
            other => panic!("{setting}: {other:?}"),
        }
    }
    assert!(
        builder().insecure_plain_http().build().unwrap().warnings()[0]
            .to_string()
            .contains("without Secure")
    );
    assert_eq!(
        builder()
            .insecure_plain_http()
            .build()
            .unwrap()
            .cookie_name(),
        "session"
    );
}

#[test]
fn s2_no_fallback_to_anything_weaker() {
    for cookie in [
        "__Host-session=eyJhIjoxfQ",
        "__Host-session={\"a\":1}",
        "__Host-session=eyJhIjoxfQ..",
        "__Host-session=eyJhIjoxfQ.AAAAAAAAAAAAAAAAAAAAAAAA.",
        "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk",
    ] {
        let session = ours().open(&request(&[cookie]));
        assert!(
            session.is_empty() && session.written().is_none(),
            "{cookie}"
        );
    }
}

#[test]
fn a_closure_that_panics_harms_nothing() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let session = sessions.open(&http::HeaderMap::new());
        session.insert("n", 1).unwrap();
        let panics =
            |run: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "{format}");
        panics(&|| drop(session.update("n", |_: &mut i64| panic!("the handler's"))));
        panics(&|| drop(session.get_or_insert_with("m", || -> i64 { panic!("the handler's") })));
        struct Bad;
        impl serde::Serialize for Bad {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                panic!("the handler's")
            }
        }
        panics(&|| drop(session.insert("n", Bad)));
        panics(&|| drop(session.push("l", Bad)));
        panics(&|| drop(session.flash(Bad, "info")));
        assert_eq!(session.to_json(), r#"{"n":1}"#);
        session.increment("n", 1).unwrap();
        let mut headers = http::HeaderMap::new();
        sessions.close(&session, &mut headers).unwrap();
        assert!(headers.contains_key(http::header::SET_COOKIE));
    }
}

#[test]
fn a_closure_may_use_its_own_session() {
    for (_, builder) in formats() {
        let session = builder.build().unwrap().open(&http::HeaderMap::new());
        session.insert("n", 1).unwrap();
        // It changes another key, and once also the key that is being updated: then it runs again.
        let mut runs = 0;
        let result = session.update("n", |n: &mut i64| {
            runs += 1;
            session.insert("other", runs).unwrap();
            if runs == 1 {
                session.increment("n", 10).unwrap();
            }
            *n += 1;
            *n
        });
        assert_eq!((result.unwrap(), runs), (12, 2));
        let first = session.get_or_insert_with("m", || {
            session.insert("m", 5).unwrap();
            6
        });
        assert_eq!(first.unwrap(), 5, "who was faster counts");
        assert_eq!(session.to_json(), r#"{"m":5,"n":12,"other":2}"#);
    }
}

#[test]
fn values_that_cannot_be_stored_change_nothing() {
    struct Fails;
    impl serde::Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let session = ours().open(&http::HeaderMap::new());
    for result in [
        session.insert("a", Fails),
        session.push("a", Fails),
        session.flash(Fails, "info"),
    ] {
        assert!(
            matches!(result, Err(Error::NotSerializable { .. })),
            "{result:?}"
        );
    }
    assert!(session.is_empty() && !session.is_modified());
    session.insert("list", [1]).unwrap();
    let error = session.increment("list", 1).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("session key \"list\" holds another type: "),
        "{error}"
    );
    assert!(matches!(
        session
            .push("n", 1)
            .and(session.insert("n", 1))
            .and(session.push("n", 1)),
        Err(Error::WrongType { .. })
    ));
    assert!(matches!(
        session.take::<String>("list"),
        Err(Error::WrongType { .. })
    ));
    assert!(
        session.contains_key("list"),
        "what is of another type is not taken"
    );
}

/// T7: what a value's own `Serialize` or `Deserialize` says may quote the value, and errors end up in logs.
#[test]
fn t7_errors_do_not_quote_what_a_value_says_of_itself() {
    #[derive(Debug, Clone, Default)]
    struct Card(String);
    impl serde::Serialize for Card {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(format!(
                "card {} is expired",
                self.0
            )))
        }
    }
    impl<'de> serde::Deserialize<'de> for Card {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let number = <String as serde::Deserialize>::deserialize(deserializer)?;
            Err(serde::de::Error::custom(format!(
                "card {number} is expired"
            )))
        }
    }
    let number = "4111111111111111";
    let card = || Card(number.to_owned());
    for sessions in [ours(), Sessions::flask("dev").unwrap()] {
        let session = sessions.open(&http::HeaderMap::new());
        session.insert("number", number).unwrap();
        let results = [
            session.insert("card", card()),
            session.insert("cards", [card()]),
            session.insert(
                "cards",
                std::collections::BTreeMap::from([(number, card())]),
            ),
            session.push("cards", card()),
            session.flash(card(), "info"),
            session.get_or_insert_with("card", card).map(drop),
            session.update("card", |value: &mut Card| *value = card()),
            session.get::<Card>("number").map(drop),
            session.take::<Card>("number").map(drop),
        ];
        for result in results {
            let error = result.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("4111"), "{error}");
        }
    }
}

#[test]
fn t2_without_random_bytes_nothing_is_written() {
    struct Broken;
    impl session_core::EntropySource for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }
    let sessions = Sessions::builder(key(KEY)).random(Broken).build().unwrap();
    let result = visit(&sessions, &[], |session| {
        assert_eq!(
            session.flash("m", "info"),
            Err(Error::Entropy(EntropyError))
        );
        assert!(!session.is_modified());
        Ok(())
    });
    assert_eq!(result.unwrap().set_cookie(), None);
}

#[test]
fn a_random_source_that_repeats_gives_two_flashes_two_numbers() {
    struct Stuck;
    impl session_core::EntropySource for Stuck {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(0xff);
            Ok(())
        }
    }
    let sessions = Sessions::builder(key(KEY)).random(Stuck).build().unwrap();
    let closed = visit(&sessions, &[], |session| {
        session.flash("one", "a")?;
        session.flash("two", "b")
    });
    let session = sessions.open(&request(&[closed.unwrap().cookie().unwrap()]));
    assert_eq!(session.take_flashes_of(&["a"]).unwrap().len(), 1);
    assert_eq!(session.take_flashes().unwrap()[0].message(), "two");
}
