//! Cookies that are not ours, broken cookies, and several cookies at a time.

use session_core::{Rejected, Sessions};

use crate::common::{KEY, ManualClock, OTHER_KEY, cookie_with, formats, key, request};
use crate::helpers::{NOW, base64, flask, ours, rejection, sign_flask, sign_ours, stamp};

#[test]
fn malformed_cookies() {
    for (format, builder) in formats() {
        let sessions = builder.clock(ManualClock::at(NOW)).build().unwrap();
        let good = cookie_with(&sessions, "a", 1);
        let name = sessions.cookie_name();
        assert_eq!(rejection(&sessions, &good), None, "{format}");
        // Flask treats an empty cookie as absent.
        let empty = (format != "flask").then_some(Rejected::Malformed);
        assert_eq!(rejection(&sessions, &format!("{name}=")), empty);
        for end in name.len() + 2..good.len() {
            let reason = rejection(&sessions, &good[..end]);
            assert!(
                matches!(reason, Some(Rejected::Malformed | Rejected::BadSignature)),
                "{format} {end} {reason:?}"
            );
        }
        for cut in name.len() + 1..good.len() {
            let reason = rejection(&sessions, &format!("{name}={}", &good[cut + 1..]));
            assert!(reason.is_some() || cut + 1 == good.len(), "{format} {cut}");
        }
        let huge = format!("{name}={}", "a".repeat(1 << 20));
        assert_eq!(
            rejection(&sessions, &huge),
            Some(Rejected::TooLong),
            "{format}"
        );
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
    // The first valid cookie is used, in one header or in several.
    assert_eq!(a(&[bad, &good]), Some(1));
    assert_eq!(a(&[&format!("{bad}; {good}")]), Some(1));
    assert_eq!(a(&[bad, bad, bad, &good]), Some(1));
    // Only four are checked.
    assert_eq!(a(&[bad, bad, bad, bad, &good]), None);
    let thousand = vec![bad; 1000].join("; ");
    assert_eq!(a(&[&thousand, &good]), None);
    let session = sessions.open(&request(&[bad, &good]));
    assert_eq!(session.rejected(), None);
    // Flask reads the first cookie, valid or not.
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
fn cookies_of_other_configurations() {
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
        let reason = rejection(&sessions, &format!("__Host-session={value}"));
        assert!(
            matches!(reason, Some(Rejected::BadSignature | Rejected::Malformed)),
            "{stranger:?} {reason:?}"
        );
        // S3, S6: the other side refuses our cookie, too.
        let ours = cookie_with(&sessions, "a", 1);
        let (_, value) = ours.split_once('=').unwrap();
        assert!(rejection(&stranger, &format!("{}={value}", stranger.cookie_name())).is_some());
    }
}

#[test]
fn the_second_implementation_is_understood() {
    let payload = base64(br#"{"a":1}"#);
    assert_eq!(
        rejection(
            &ours(),
            &sign_ours(KEY, "__Host-session", &payload, &stamp(NOW))
        ),
        None
    );
    assert_eq!(rejection(&flask(), &sign_flask("dev", &payload, NOW)), None);
    // It writes the same bytes as we do.
    let cookie = cookie_with(&ours(), "a", 1);
    assert_eq!(
        cookie,
        sign_ours(KEY, "__Host-session", &payload, &stamp(NOW))
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
