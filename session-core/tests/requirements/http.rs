//! H: the headers beside Set-Cookie.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use ::http::HeaderMap;
use ::http::header::{SET_COOKIE, VARY};
use session_core::{
    Error, Session, Sessions,
    protocol::{Step, StoreReply},
    testing,
};

use crate::common::{KEY, cookie_with, formats, key, request, visit};

type Call = (&'static str, fn(&Session) -> Result<(), Error>);

/// Every public method of a session.
const METHODS: [Call; 40] = [
    ("authenticated_within", |s| {
        Ok(assert!(!s.authenticated_within(Duration::from_secs(9))))
    }),
    ("clear", Session::clear),
    ("clear_user", Session::clear_user),
    ("contains_key", |s| Ok(assert!(!s.contains_key("zz")))),
    ("cookie_size", |s| Ok(assert!(s.cookie_size() < 200))),
    ("created", |s| {
        Ok(assert!(s.created().is_none_or(|time| time > UNIX_EPOCH)))
    }),
    ("flash", |s| s.flash("m", "info")),
    ("get", |s| s.get::<i64>("a").map(drop)),
    ("get_or_insert_with", |s| {
        s.get_or_insert_with("a", || 1).map(drop)
    }),
    ("increment", |s| s.increment("a", 1).map(drop)),
    ("insert", |s| s.insert("b", 1)),
    ("insert_json", |s| s.insert_json(r#"{"c":1}"#)),
    ("insert_tagged_json", |s| s.insert_tagged_json(r#"{"c":1}"#)),
    ("is_unavailable", |s| Ok(assert!(!s.is_unavailable()))),
    ("is_empty", |s| {
        Ok(assert_eq!(s.is_empty(), s.keys().is_empty()))
    }),
    ("is_modified", |s| Ok(assert!(!s.is_modified()))),
    ("is_permanent", |s| Ok(assert!(!s.is_permanent()))),
    ("keep_only", |s| s.keep_only(&["a"])),
    ("keys", |s| Ok(drop(s.keys()))),
    ("len", |s| Ok(assert!(s.len() < 2))),
    ("mark_modified", Session::mark_modified),
    ("user", |s| Ok(assert_eq!(s.user(), None))),
    ("payload", |s| Ok(drop(s.payload()))),
    ("push", |s| s.push("list", 1)),
    ("record_key", |s| Ok(assert_eq!(s.record_key(), None))),
    ("rejected", |s| {
        Ok(assert!(s.rejected().is_none() || s.is_empty()))
    }),
    ("remove", |s| s.remove("zz").map(drop)),
    ("cycle_id", Session::cycle_id),
    ("require_epoch", |s| {
        s.require_epoch(0).map(|known| assert!(known))
    }),
    ("set_epoch", |s| s.set_epoch(1)),
    ("set_label", |s| s.set_label("Firefox")),
    ("log_in", |s| s.log_in("42")),
    ("set_permanent", |s| s.set_permanent(true)),
    ("take", |s| s.take::<i64>("a").map(drop)),
    ("take_flashes", |s| s.take_flashes().map(drop)),
    ("take_flashes_of", |s| {
        s.take_flashes_of(&["info"]).map(drop)
    }),
    ("to_json", |s| Ok(drop(s.to_json()))),
    ("update", |s| s.update("a", |n: &mut i64| *n += 1)),
    ("written", |s| {
        Ok(assert!(s.written().is_none_or(|time| time > UNIX_EPOCH)))
    }),
    // The handler opens the session and calls nothing.
    ("", |_| Ok(())),
];

/// Methods that only read. All others change the session.
const READING: [&str; 19] = [
    "",
    "authenticated_within",
    "contains_key",
    "cookie_size",
    "created",
    "get",
    "is_unavailable",
    "is_empty",
    "is_modified",
    "is_permanent",
    "keys",
    "len",
    "user",
    "payload",
    "record_key",
    "rejected",
    "to_json",
    "written",
    // Reads where the key exists.
    "get_or_insert_with",
];

/// Returns the names of the public methods in the source, so that the list above misses none.
fn methods() -> BTreeSet<String> {
    let files = [
        include_str!("../../src/session/map.rs"),
        include_str!("../../src/session/info.rs"),
        include_str!("../../src/session/login.rs"),
        include_str!("../../src/session/flash.rs"),
        include_str!("../../src/session/json.rs"),
    ];
    let mut names = BTreeSet::new();
    for file in files {
        let mut inside = false;
        for line in file.lines() {
            match line {
                "impl Session {" => inside = true,
                "}" => inside = false,
                _ => {}
            }
            if let Some(rest) = line.strip_prefix("    pub fn ").filter(|_| inside) {
                names.insert(
                    rest.chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect(),
                );
            }
        }
    }
    names
}

/// CVE-2023-30861, CVE-2026-27205: whichever method a handler calls, the response says that it
/// depends on the cookie.
#[test]
fn h1_every_method_varies() {
    let named: BTreeSet<String> = METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        &named - &BTreeSet::from([String::new()]),
        methods(),
        "METHODS lists every public method"
    );
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        for (name, call) in METHODS {
            for cookies in [&[][..], &[&*cookie], &["session=bad; __Host-session=bad"]] {
                let call = |session: &Session| match call(session) {
                    Err(Error::NoEpoch) => Ok(()), // Flask's format
                    result => result,
                };
                let closed = visit(&sessions, cookies, call).unwrap();
                assert_eq!(closed.header(VARY), Some("Cookie"), "{format} {name}");
            }
        }
    }
}

/// Asserts that each method that changes a session returns this error and changes nothing.
fn assert_refused(way: &str, session: &Session, expected: &Error) {
    let state = || {
        (
            session.payload(),
            session.user(),
            session.is_permanent(),
            session.is_modified(),
        )
    };
    let before = state();
    for (name, call) in METHODS {
        if READING.contains(&name) {
            continue;
        }
        let result = call(session);
        let no_epoch = name.ends_with("_epoch") && result == Err(Error::NoEpoch); // Flask's format
        assert!(
            no_epoch || result.as_ref() == Err(expected),
            "{way}, {name}: {result:?}"
        );
        assert_eq!(state(), before, "{way}, {name}");
    }
    assert_eq!(
        session.get_or_insert_with("zz", || 1),
        Err(expected.clone()),
        "{way}"
    );
    assert!(!session.contains_key("zz"), "{way}");
}

/// `Sessions::close`, `Exchange::close` and a dropped exchange all close a session for good.
#[test]
fn h4_no_method_changes_a_closed_session() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let request = request(&[&cookie_with(&sessions, "a", 1)]);

        let session = sessions.open(&request);
        sessions.close(&session, &mut HeaderMap::new()).unwrap();
        assert_refused(
            &format!("{format}, Sessions::close"),
            &session,
            &Error::TooLate,
        );

        let exchange = sessions.exchange(&request);
        let session = exchange.open().done().unwrap().unwrap();
        let _ = exchange.close().done().unwrap();
        assert_refused(
            &format!("{format}, Exchange::close"),
            &session,
            &Error::TooLate,
        );

        let exchange = sessions.exchange(&request);
        let session = exchange.open().done().unwrap().unwrap();
        drop(exchange);
        assert_refused(
            &format!("{format}, a dropped exchange"),
            &session,
            &Error::TooLate,
        );
    }
}

/// A close that fails also closes the session: later changes could reach no cookie.
#[test]
fn h4_a_session_that_did_not_fit_is_closed() {
    let sessions = Sessions::new(key(KEY));
    let session = sessions.open(&HeaderMap::new());
    let noise: Vec<u64> = (0..1000)
        .map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    session.insert("noise", noise).unwrap();
    assert!(matches!(
        sessions.close(&session, &mut HeaderMap::new()),
        Err(Error::TooLarge { .. })
    ));
    assert_refused("Sessions::close that fails", &session, &Error::TooLate);
}

/// A session whose store did not answer takes no change, and its close sends no request to the
/// store.
#[test]
fn h6_no_method_changes_an_unavailable_session() {
    let sessions = Sessions::builder(key(KEY)).build_stored().unwrap();
    let exchange = sessions.exchange(&testing::stored_request(&sessions));
    let Step::Pending(ask) = exchange.opener().open_best_effort() else {
        panic!("the store must be asked")
    };
    let session = ask.reply(StoreReply::Unavailable).done().unwrap().unwrap();
    assert!(session.is_unavailable());
    assert_refused("an unavailable session", &session, &Error::Unavailable);
    let mut outgoing = exchange.close().done().unwrap();
    let mut response = HeaderMap::new();
    outgoing.apply(&mut response).unwrap();
    assert!(!response.contains_key(SET_COOKIE));
}
