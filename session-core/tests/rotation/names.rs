//! Cookies that are renamed.

use std::time::Duration;

use session_core::{Builder, ConfigError, Prefix, PreviousCookie, Rejected, Session, testing};

use crate::common::{KEY, ManualClock, cookie_with, request, visit};
use crate::helpers::{NOW, TENTH, at, old_name, ours, read, rejection, set_cookies};

#[test]
fn a_cookie_is_renamed_with_its_next_writing() {
    for encrypted in [false, true] {
        let time = ManualClock::at(NOW);
        let format = |builder: Builder| {
            if encrypted {
                builder.encrypted()
            } else {
                builder
            }
        };
        let before = format(ours(&time)).prefix(Prefix::None).build().unwrap();
        let old = cookie_with(&before, "a", 1);
        time.set(NOW + 100);
        let planted = cookie_with(&before, "a", 1);
        let sessions = format(ours(&time))
            .renamed_from(old_name(NOW + 100))
            .build()
            .unwrap();

        assert!(set_cookies(&visit(&sessions, &[&old], read).unwrap()).is_empty());
        let written = visit(&sessions, &[&old], |session| session.insert("b", 1)).unwrap();
        let sent = set_cookies(&written);
        assert!(
            sent[0].starts_with("__Host-session=") && sent[1].starts_with("session=; "),
            "{sent:?}"
        );
        let new = sent[0].split(';').next().unwrap();
        assert_eq!(sessions.open(&request(&[new])).keys(), ["a", "b"]);
        // A refresh also renames.
        time.advance(Duration::from_secs(TENTH));
        assert_eq!(
            set_cookies(&visit(&sessions, &[&old], read).unwrap()).len(),
            2
        );

        // Created after the renaming: an attacker on a sibling domain had it made, and planted it.
        assert_eq!(rejection(&sessions, &planted), Some(Rejected::Revoked));
        // Beside a cookie of the new name, valid or not, the old one is not read; the next write
        // removes it.
        let both = format!("{old}; {new}");
        assert_eq!(sessions.open(&request(&[&both])).keys(), ["a", "b"]);
        assert_eq!(
            rejection(&sessions, &format!("{old}; __Host-session=x")),
            Some(Rejected::Malformed)
        );
        let written = visit(&sessions, &[&both], |session| session.insert("c", 1)).unwrap();
        assert_eq!(set_cookies(&written).len(), 2);
        // A logout deletes both.
        let sent = visit(&sessions, &[&old], Session::clear).unwrap();
        let sent = set_cookies(&sent);
        assert!(
            sent[0].starts_with("__Host-session=; ") && sent[1].starts_with("session=; "),
            "{sent:?}"
        );
        // Under another name the value is refused: the name is in the key (S3).
        let moved = old.replacen("session=", "__Host-session=", 1);
        assert_eq!(rejection(&sessions, &moved), Some(Rejected::BadSignature));
    }
}

/// C5: a browser is left with one cookie if the old cookie's scope is given.
#[test]
fn c5_the_old_cookie_leaves_the_jar() {
    let time = ManualClock::at(NOW);
    let scoped = |builder: Builder| {
        builder
            .prefix(Prefix::Secure)
            .domain("example.com")
            .path("/shop")
    };
    let before = scoped(ours(&time)).build().unwrap();
    let old = PreviousCookie::new("__Secure-session", at(NOW + 1))
        .domain("example.com")
        .path("/shop");
    let sessions = ours(&time).renamed_from(old).build().unwrap();
    let mut jar = testing::CookieJar::new("https://example.com", time.clone());
    let session = before.open(&jar.request_to("/shop"));
    session.insert("a", 1).unwrap();
    let mut response = http::HeaderMap::new();
    before.close(&session, &mut response).unwrap();
    jar.receive(&response);
    time.advance(Duration::from_secs(5));

    let session = sessions.open(&jar.request_to("/shop"));
    session.insert("b", 1).unwrap();
    let mut response = http::HeaderMap::new();
    sessions.close(&session, &mut response).unwrap();
    jar.receive(&response);
    let request = jar.request_to("/shop");
    assert_eq!(sessions.open(&request).keys(), ["a", "b"]);
    assert!(
        !request["cookie"].to_str().unwrap().contains("__Secure-"),
        "{request:?}"
    );
}

/// Servers are configured before the renaming, and one clock is ahead of the others.
#[test]
fn until_a_cookie_is_renamed_it_keeps_its_name() {
    for encrypted in [false, true] {
        let (time, ahead) = (ManualClock::at(NOW + 90), ManualClock::at(NOW + 100));
        let server = |time: &ManualClock| {
            let builder = ours(time).renamed_from(old_name(NOW + 100));
            if encrypted {
                builder.encrypted()
            } else {
                builder
            }
            .build()
            .unwrap()
        };
        let (sessions, is_ahead) = (server(&time), server(&ahead));
        let first = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
        let old = first.cookie().unwrap();
        assert!(old.starts_with("session="), "{old}");
        let emptied = visit(&sessions, &[old], Session::clear).unwrap();
        assert_eq!(set_cookies(&emptied).len(), 1);
        assert!(emptied.removes() && emptied.set_cookie().unwrap().starts_with("session=; "));

        let moved = visit(&is_ahead, &[old], |session| session.insert("b", 1)).unwrap();
        let new = set_cookies(&moved)[0].split(';').next().unwrap();
        assert!(new.starts_with("__Host-session="), "{new}");
        let again = visit(&sessions, &[new], |session| session.insert("c", 1)).unwrap();
        assert!(again.cookie().unwrap().starts_with("__Host-session="));
        assert_eq!(
            is_ahead.open(&request(&[again.cookie().unwrap()])).keys(),
            ["a", "b", "c"]
        );
    }
}

#[test]
fn old_names_are_checked() {
    let build = |old: PreviousCookie| ours(&ManualClock::at(NOW)).renamed_from(old).build();
    for old in [
        PreviousCookie::new("__Host-session", at(NOW)),
        PreviousCookie::new("", at(NOW)),
        PreviousCookie::new("a;b", at(NOW)),
        PreviousCookie::new("__Host-old", at(NOW)).domain("example.com"),
        old_name(NOW).path("/a b"),
    ] {
        assert!(
            matches!(build(old.clone()), Err(ConfigError::Cookie { .. })),
            "{old:?}"
        );
    }
    // Names that browsers accept can be old names.
    for old in [
        PreviousCookie::new("a b", at(NOW)),
        PreviousCookie::new("__host-session", at(NOW)),
        old_name(NOW).path("shop"),
    ] {
        assert!(build(old.clone()).is_ok(), "{old:?}");
    }
    let config = |json: &str| serde_json::from_str::<session_core::Config>(json).unwrap();
    let json = format!(
        r#"{{"SECRET_KEY": "{KEY}", "SESSION_RENAMED_FROM": {{"name": "id", "renamed": {NOW}}}}}"#
    );
    assert!(config(&json).build().is_ok()); // and `session` is the name now
}
