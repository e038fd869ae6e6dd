//! The helpers for tests of applications, and how a browser treats our cookies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{KEY, formats, key};
use http::{HeaderMap, HeaderValue, header};
use session_core::testing::{self, CookieJar, ManualClock};
use session_core::{Error, Prefix, Session, Sessions};

#[test]
fn a_session_from_values_and_back() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let request = testing::request(&sessions, |session| session.insert("user", "ada")).unwrap();
        let session = sessions.open(&request);
        assert_eq!(
            (session.to_json().as_str(), session.rejected()),
            (r#"{"user":"ada"}"#, None),
            "{format}"
        );
        let empty = sessions.open(&testing::request(&sessions, |_| Ok(())).unwrap());
        assert!(empty.is_empty() && empty.written().is_some(), "{format}");

        let response =
            testing::respond(&sessions, &request, |session| session.insert("n", 1)).unwrap();
        assert_eq!(
            testing::reopen(&sessions, &response).to_json(),
            r#"{"n":1,"user":"ada"}"#
        );
        let response = testing::respond(&sessions, &request, Session::clear).unwrap();
        assert!(testing::reopen(&sessions, &response).written().is_none());
        assert!(testing::reopen(&sessions, &HeaderMap::new()).is_empty());
        let large = testing::request(&sessions, |session| {
            session.insert("n", (0..2000_u64).map(|n| n * n * n).collect::<Vec<_>>())
        });
        assert!(matches!(large, Err(Error::TooLarge { .. })));
    }
}

#[test]
fn a_browser_keeps_and_forgets() {
    let time = ManualClock::at(1_700_000_000);
    for (_, builder) in formats() {
        time.set(1_700_000_000);
        let sessions = builder.clock(time.clone()).build().unwrap();
        let mut jar = CookieJar::new("https://example.com", time.clone());
        let step = |jar: &mut CookieJar<ManualClock>,
                    handler: &dyn Fn(&Session) -> Result<(), Error>| {
            let response = testing::respond(&sessions, &jar.request(), handler).unwrap();
            jar.receive(&response);
        };
        step(&mut jar, &|session| session.insert("a", 1));
        assert!(jar.get(sessions.cookie_name()).is_some());
        jar.close_browser();
        assert_eq!(
            jar.get(sessions.cookie_name()),
            None,
            "a session without a lifetime ends with the browser"
        );
        step(&mut jar, &|session| {
            session.set_permanent(true).and(session.insert("a", 1))
        });
        jar.close_browser();
        assert!(
            jar.get(sessions.cookie_name()).is_some(),
            "a permanent session stays"
        );
        time.advance(Duration::from_secs(31 * 24 * 60 * 60));
        assert!(
            jar.request().is_empty(),
            "a permanent session ends with its lifetime"
        );
        // C5: the browser accepts the removal.
        step(&mut jar, &|session| session.insert("a", 1));
        step(&mut jar, &Session::clear);
        assert!(jar.request().is_empty());
    }
}

#[test]
fn c5_every_configuration_can_delete_what_it_set() {
    let time = ManualClock::at(1_700_000_000);
    let builders = [
        Sessions::builder(key(KEY)).partitioned(true),
        Sessions::builder(key(KEY))
            .prefix(Prefix::Secure)
            .domain("example.com")
            .path("/app"),
        Sessions::builder(key(KEY)).insecure_plain_http(),
        Sessions::flask_builder("dev")
            .domain("example.com")
            .path("/app")
            .secure(true),
    ];
    for builder in builders {
        let sessions = builder.clock(time.clone()).build().unwrap();
        let mut jar = CookieJar::new("https://www.example.com", time.clone());
        let response = testing::respond(&sessions, &HeaderMap::new(), |session| {
            session.insert("a", 1)
        });
        jar.receive(&response.unwrap());
        let request = jar.request_to("/app/page");
        assert_eq!(
            sessions.open(&request).get::<i64>("a").unwrap(),
            Some(1),
            "{sessions:?}"
        );
        jar.receive(&testing::respond(&sessions, &request, Session::clear).unwrap());
        assert!(jar.request_to("/app/page").is_empty(), "{sessions:?}");
    }
}

#[test]
fn a_browser_refuses() {
    for (origin, cookie, accepted) in [
        ("https://example.com", "a=1", true),
        ("https://example.com", "__Host-a=1; Secure; Path=/", true),
        ("https://example.com", "__Host-a=1; Path=/", false),
        ("https://example.com", "__Host-a=1; Secure", false),
        (
            "https://example.com",
            "__Host-a=1; Secure; Path=/; Domain=example.com",
            false,
        ),
        ("https://example.com", "__HOST-a=1", false),
        ("https://example.com", "__Secure-a=1", false),
        ("https://example.com", "a=1; SameSite=None", false),
        ("https://example.com", "a=1; Domain=other.com", false),
        ("https://example.com", "a=1; Domain=ample.com", false),
        ("https://www.example.com", "a=1; Domain=example.com", true),
        ("http://example.com", "a=1; Secure", false),
        ("http://127.0.0.1:5000", "__Host-a=1; Secure; Path=/", true),
        ("http://localhost:5000", "a=1; Secure", true),
        ("http://[::1]:5000", "a=1; Secure", true),
        ("https://example.com", "a=1; Max-Age=0", false),
        (
            "https://example.com",
            "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            false,
        ),
    ] {
        let mut jar = CookieJar::new(origin, ManualClock::at(1_700_000_000));
        jar.receive(&HeaderMap::from_iter([(
            header::SET_COOKIE,
            HeaderValue::from_static(cookie),
        )]));
        assert_eq!(!jar.request().is_empty(), accepted, "{origin} {cookie}");
    }
    let mut jar = CookieJar::new("https://example.com", ManualClock::at(0));
    let long = HeaderValue::try_from(format!("a={}", "x".repeat(4096))).unwrap();
    jar.receive(&HeaderMap::from_iter([(header::SET_COOKIE, long)]));
    assert!(jar.request().is_empty());
    for cookie in ["a=root; Path=/", "a=app; Path=/app"] {
        jar.receive(&HeaderMap::from_iter([(
            header::SET_COOKIE,
            HeaderValue::from_static(cookie),
        )]));
    }
    assert_eq!(jar.request_to("/app/x")[header::COOKIE], "a=app; a=root");
    assert_eq!(jar.request_to("/apple")[header::COOKIE], "a=root");
}
