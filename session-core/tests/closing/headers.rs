//! The headers beside Set-Cookie: `Vary`, `Cache-Control` and `Clear-Site-Data`.

use http::header::{CACHE_CONTROL, HeaderName, VARY};
use http::{HeaderMap, HeaderValue};
use session_core::{Error, EventKind, Session, Sessions};

use crate::common::{Closed, KEY, cookie_with, formats, key, respond, visit};

#[test]
fn h1_every_access_varies() {
    type Look = (&'static str, fn(&Session) -> Result<(), Error>);
    let looks: [Look; 13] = [
        ("nothing", |_| Ok(())),
        ("get", |s| s.get::<i64>("a").map(drop)),
        ("contains_key", |s| Ok(assert!(!s.contains_key("zz")))),
        ("keys", |s| Ok(drop(s.keys()))),
        ("len", |s| Ok(assert!(s.len() < 2))),
        ("is_empty", |s| {
            Ok(assert_eq!(s.is_empty(), s.keys().is_empty()))
        }),
        ("is_modified", |s| Ok(assert!(!s.is_modified()))),
        ("is_permanent", |s| Ok(assert!(!s.is_permanent()))),
        ("rejected", |s| {
            Ok(assert!(s.rejected().is_none() || s.is_empty()))
        }),
        ("remove", |s| s.remove("zz").map(drop)),
        ("take", |s| s.take::<i64>("zz").map(drop)),
        ("take_flashes", |s| s.take_flashes().map(drop)),
        ("to_json", |s| Ok(drop(s.to_json()))),
    ];
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        for (name, look) in looks {
            for cookies in [&[][..], &[&*cookie], &["session=bad; __Host-session=bad"]] {
                let closed = visit(&sessions, cookies, look).unwrap();
                assert_eq!(closed.header(VARY), Some("Cookie"), "{format} {name}");
                assert_eq!(closed.set_cookie(), None, "{format} {name}");
                assert_eq!(
                    closed.header(CACHE_CONTROL),
                    (format != "flask").then_some("private"),
                    "{format} {name}"
                );
            }
        }
        // The handler does not open the session: no header at all.
        let untouched = respond(
            &sessions,
            &[&cookie],
            HeaderMap::new(),
            None::<fn(&Session) -> _>,
        )
        .unwrap();
        assert!(
            untouched.headers.is_empty() && untouched.events.is_empty(),
            "{format}"
        );
    }
}

fn with(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    headers.iter().map(pair).collect()
}

#[test]
fn vary_is_merged() {
    let sessions = Sessions::new(key(KEY));
    for (preset, expected) in [
        (&[][..], "Cookie"),
        (&[("vary", "Accept")], "Accept, Cookie"),
        (&[("vary", "*")], "*, Cookie"),
        (&[("vary", "cookie")], "cookie"),
        (&[("vary", "Accept , COOKIE")], "Accept , COOKIE"),
        (&[("vary", "Cookies")], "Cookies, Cookie"),
        (
            &[("vary", "Accept"), ("vary", "Origin")],
            "Accept, Origin, Cookie",
        ),
    ] {
        let closed = respond(&sessions, &[], with(preset), Some(|_: &Session| Ok(()))).unwrap();
        let all: Vec<_> = closed.headers.get_all(VARY).iter().collect();
        assert_eq!(all, [expected]);
    }
}

#[test]
fn h2_no_cache_keeps_a_session_cookie() {
    let sessions = Sessions::new(key(KEY));
    let write = |session: &Session| session.insert("a", 1);
    let replaced = |closed: &Closed| closed.kinds().contains(&EventKind::CacheControlReplaced);
    for (preset, cache_control, event) in [
        (&[][..], "no-store", false),
        (&[("cache-control", "public, max-age=60")], "no-store", true),
        (&[("cache-control", "private")], "no-store", true),
        (
            &[("cache-control", "No-Store, no-transform")],
            "No-Store, no-transform",
            false,
        ),
        (
            &[
                ("cdn-cache-control", "max-age=60"),
                ("surrogate-control", "max-age=60"),
            ],
            "no-store",
            true,
        ),
        (
            &[
                ("cache-control", "no-store"),
                ("cdn-cache-control", "max-age=60"),
            ],
            "no-store",
            true,
        ),
    ] {
        let closed = respond(&sessions, &[], with(preset), Some(write)).unwrap();
        assert_eq!(
            closed.header(CACHE_CONTROL),
            Some(cache_control),
            "{preset:?}"
        );
        assert_eq!(replaced(&closed), event, "{preset:?}");
        for gone in ["cdn-cache-control", "surrogate-control"] {
            assert!(!closed.headers.contains_key(gone), "{preset:?}");
        }
    }
    // Only read: the handler's headers stay.
    let cookie = cookie_with(&sessions, "a", 1);
    let public = with(&[
        ("cache-control", "public"),
        ("surrogate-control", "max-age=60"),
    ]);
    let closed = respond(
        &sessions,
        &[&cookie],
        public.clone(),
        Some(|_: &Session| Ok(())),
    )
    .unwrap();
    assert_eq!(closed.header(CACHE_CONTROL), Some("public"));
    assert_eq!(closed.header(VARY), Some("Cookie"));
    // Flask mode sets only `Vary`, unless the application asks for more.
    let flask = Sessions::flask("dev").unwrap();
    let closed = respond(&flask, &[], public.clone(), Some(write)).unwrap();
    assert_eq!(closed.header(CACHE_CONTROL), Some("public"));
    let asked = Sessions::flask_builder("dev")
        .cache_headers(true)
        .build()
        .unwrap();
    let closed = respond(&asked, &[], public, Some(write)).unwrap();
    assert_eq!(closed.header(CACHE_CONTROL), Some("no-store"));
}

/// Returns the values of `Clear-Site-Data`.
fn cleared(closed: &Closed) -> Vec<&str> {
    closed
        .headers
        .get_all("clear-site-data")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect()
}

#[test]
fn h5_a_logout_clears_site_data_if_asked() {
    for (format, builder) in formats() {
        let sessions = builder.clear_site_data(true).build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        let answers = |cookies: &[&str], handler: &dyn Fn(&Session) -> Result<(), Error>| {
            cleared(&visit(&sessions, cookies, handler).unwrap()) == ["\"cookies\""]
        };
        assert!(answers(&[&cookie], &Session::clear), "{format}");
        // A session below the user's epoch is logged out, too.
        let behind = |session: &Session| session.require_epoch(9).map(drop);
        assert!(
            format == "flask" || answers(&[&cookie], &behind),
            "{format}"
        );
        // Not cleared: there is no logout, no session to log out, or a new session that would be
        // deleted with the others.
        let bad = format!("{}=x", sessions.cookie_name());
        let new_session = |session: &Session| session.clear().and(session.flash("bye", "info"));
        assert!(!answers(&[&cookie], &|_| Ok(())), "{format}");
        assert!(
            !answers(&[&cookie], &|session| session.insert("a", 2)),
            "{format}"
        );
        assert!(
            !answers(&[&cookie], &|session| session.remove("a").map(drop)),
            "{format}"
        );
        assert!(!answers(&[&cookie], &new_session), "{format}");
        assert!(!answers(&[], &Session::clear), "{format}");
        assert!(!answers(&[&bad], &Session::clear), "{format}");
        // The handler's own `Clear-Site-Data` stays.
        let preset = with(&[("clear-site-data", "\"storage\"")]);
        let closed = respond(&sessions, &[&cookie], preset, Some(Session::clear)).unwrap();
        assert_eq!(cleared(&closed), ["\"storage\"", "\"cookies\""], "{format}");
    }
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let closed = visit(
            &sessions,
            &[&cookie_with(&sessions, "a", 1)],
            Session::clear,
        )
        .unwrap();
        assert!(
            closed.removes() && cleared(&closed).is_empty(),
            "{format}: not by default"
        );
    }
}
