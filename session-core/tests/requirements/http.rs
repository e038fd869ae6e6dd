//! H: the headers beside the cookie.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use ::http::header::VARY;
use session_core::{Error, Session};

use crate::common::{cookie_with, formats, visit};

type Call = (&'static str, fn(&Session) -> Result<(), Error>);

/// Every public method of a session.
const METHODS: [Call; 37] = [
    ("authenticated_within", |s| Ok(assert!(!s.authenticated_within(Duration::from_secs(9))))),
    ("clear", Session::clear),
    ("contains_key", |s| Ok(assert!(!s.contains_key("zz")))),
    ("cookie_size", |s| Ok(assert!(s.cookie_size() < 200))),
    ("created", |s| Ok(assert!(s.created().is_none_or(|time| time > UNIX_EPOCH)))),
    ("flash", |s| s.flash("m", "info")),
    ("get", |s| s.get::<i64>("a").map(drop)),
    ("get_or_insert_with", |s| s.get_or_insert_with("a", || 1).map(drop)),
    ("increment", |s| s.increment("a", 1).map(drop)),
    ("insert", |s| s.insert("b", 1)),
    ("insert_json", |s| s.insert_json(r#"{"c":1}"#)),
    ("is_degraded", |s| Ok(assert!(!s.is_degraded()))),
    ("is_empty", |s| Ok(assert_eq!(s.is_empty(), s.keys().is_empty()))),
    ("is_modified", |s| Ok(assert!(!s.is_modified()))),
    ("is_permanent", |s| Ok(assert!(!s.is_permanent()))),
    ("keys", |s| Ok(drop(s.keys()))),
    ("len", |s| Ok(assert!(s.len() < 2))),
    ("mark_modified", Session::mark_modified),
    ("owner", |s| Ok(assert_eq!(s.owner(), None))),
    ("payload", |s| Ok(drop(s.payload()))),
    ("push", |s| s.push("list", 1)),
    ("record_key", |s| Ok(assert_eq!(s.record_key(), None))),
    ("rejected", |s| Ok(assert!(s.rejected().is_none() || s.is_empty()))),
    ("remove", |s| s.remove("zz").map(drop)),
    ("renew", Session::renew),
    ("require_epoch", |s| Ok(assert!(s.require_epoch(0).unwrap_or(true)))),
    ("set_epoch", |s| s.set_epoch(1).or(Ok(()))), // an error in Flask's format
    ("set_label", |s| s.set_label("Firefox")),
    ("set_owner", |s| s.set_owner("42")),
    ("set_permanent", |s| s.set_permanent(true)),
    ("take", |s| s.take::<i64>("a").map(drop)),
    ("take_flashes", |s| s.take_flashes().map(drop)),
    ("take_flashes_of", |s| s.take_flashes_of(&["info"]).map(drop)),
    ("to_json", |s| Ok(drop(s.to_json()))),
    ("update", |s| s.update("a", |n: &mut i64| *n += 1)),
    ("written", |s| Ok(assert!(s.written().is_none_or(|time| time > UNIX_EPOCH)))),
    // Only looked at.
    ("", |_| Ok(())),
];

/// The names of the public methods in the source, so that none is forgotten above.
fn methods() -> BTreeSet<String> {
    let files = [
        include_str!("../../src/session.rs"),
        include_str!("../../src/login.rs"),
        include_str!("../../src/flash.rs"),
        include_str!("../../src/raw.rs"),
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
                names.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    names
}

/// CVE-2023-30861, CVE-2026-27205: whatever a handler calls, caches are told that the response depends on the cookie.
#[test]
fn h1_every_method_varies() {
    let named: BTreeSet<String> = METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(&named - &BTreeSet::from([String::new()]), methods(), "each method has its line");
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        for (name, call) in METHODS {
            for cookies in [&[][..], &[&*cookie], &["session=bad; __Host-session=bad"]] {
                let closed = visit(&sessions, cookies, call).unwrap();
                assert_eq!(closed.header(VARY), Some("Cookie"), "{format} {name}");
            }
        }
    }
}
