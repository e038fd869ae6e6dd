//! Keys, epochs and names that change under cookies.

#![allow(clippy::unwrap_used, clippy::panic, clippy::unit_arg)]

mod common;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{KEY, ManualClock, OTHER_KEY, cookie_with, formats, key, request, visit};
use http::header::SET_COOKIE;
use session_core::{
    Builder, ConfigError, Error, EventKind, KeyRing, Prefix, PreviousCookie, Rejected, Session,
    Sessions, Warning, testing,
};

const NOW: u64 = 1_700_000_000;
const TENTH: u64 = 31 * 24 * 60 * 6;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn ours(time: &ManualClock) -> Builder {
    Sessions::builder(key(KEY)).clock(time.clone())
}

fn why(sessions: &Sessions, cookie: &str) -> Option<Rejected> {
    sessions.open(&request(&[cookie])).rejected()
}

fn read(session: &Session) -> Result<(), Error> {
    assert_eq!(session.rejected(), None);
    Ok(())
}

/// A ring that signs with this key and still verifies the one before.
fn then(format: &str, primary: &str, before: &str) -> KeyRing {
    match format {
        "flask" => KeyRing::flask(primary).fallback(before),
        _ => KeyRing::new(key(primary)).verify_only(key(before)),
    }
}

#[test]
fn a_ring_is_swapped_whole_in_every_format() {
    for (format, builder) in formats() {
        let time = ManualClock::at(NOW);
        let sessions = builder
            .refresh(session_core::Refresh::AfterTenth)
            .clock(time.clone())
            .build()
            .unwrap();
        let first = if format == "flask" { "dev" } else { KEY };
        let cookie = cookie_with(&sessions, "_permanent", true);
        let clone = sessions.clone();
        clone.set_keys(then(format, OTHER_KEY, first)).unwrap();
        // Read: the cookie stays as it is, so that a reader cannot overwrite a writer.
        assert_eq!(
            visit(&sessions, &[&cookie], read).unwrap().set_cookie(),
            None,
            "{format}"
        );
        let written = visit(&sessions, &[&cookie], |session| session.insert("a", 1)).unwrap();
        time.advance(Duration::from_secs(TENTH));
        let refreshed = visit(&sessions, &[&cookie], read).unwrap();
        sessions
            .set_keys(then(format, OTHER_KEY, OTHER_KEY))
            .unwrap();
        assert_eq!(
            why(&sessions, &cookie),
            Some(Rejected::BadSignature),
            "{format}"
        );
        for closed in [written, refreshed] {
            assert_eq!(why(&sessions, closed.cookie().unwrap()), None, "{format}");
        }
    }
}

#[test]
fn rings_that_are_refused_change_nothing() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        let many = (0..9).fold(KeyRing::new(key(OTHER_KEY)), |ring, _| {
            ring.verify_only(key(KEY))
        });
        assert_eq!(
            sessions.set_keys(many).unwrap_err(),
            ConfigError::TooManyKeys(9)
        );
        assert_eq!(
            sessions.set_keys(KeyRing::flask("")).unwrap_err(),
            ConfigError::NoKey
        );
        let empty = KeyRing::new(key(OTHER_KEY)).fallback("");
        assert!(matches!(
            sessions.set_keys(empty),
            Err(ConfigError::WeakFallback(_))
        ));
        let weak = sessions.set_keys(KeyRing::flask("weak"));
        if format == "flask" {
            assert!(matches!(weak.unwrap()[..], [Warning::WeakKey(_)]));
        } else {
            assert!(matches!(weak, Err(ConfigError::WeakKey(_))));
            assert_eq!(why(&sessions, &cookie), None);
        }
    }
}

/// S7 and CVE-2025-47278: whatever the order, the primary key alone signs.
#[test]
fn s7_a_verify_only_key_never_signs() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        sessions.set_keys(then(format, OTHER_KEY, KEY)).unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        sessions
            .set_keys(then(format, OTHER_KEY, OTHER_KEY))
            .unwrap();
        assert_eq!(why(&sessions, &cookie), None, "{format}");
        sessions.set_keys(then(format, KEY, KEY)).unwrap();
        assert_eq!(
            why(&sessions, &cookie),
            Some(Rejected::BadSignature),
            "{format}"
        );
    }
}

#[test]
fn keys_end_by_themselves() {
    let time = ManualClock::at(NOW);
    let old = ours(&time).build().unwrap();
    let cookie = cookie_with(&old, "a", 1);
    let json = format!(
        r#"{{"SECRET_KEY": "{OTHER_KEY}", "SESSION_VERIFY_ONLY_KEYS": [{{"key": "{KEY}", "until": {}}}]}}"#,
        NOW + 60
    );
    let config: session_core::Config = serde_json::from_str(&json).unwrap();
    let built = config
        .builder()
        .unwrap()
        .clock(time.clone())
        .build()
        .unwrap();
    let swapped = ours(&time).build().unwrap();
    let ring = KeyRing::new(key(OTHER_KEY)).verify_only_until(key(KEY), at(NOW + 60));
    swapped.set_keys(ring).unwrap();
    let by_builder = Sessions::builder(key(OTHER_KEY))
        .verify_only_until(key(KEY), at(NOW + 60))
        .clock(time.clone());
    for sessions in [built, swapped, by_builder.build().unwrap()] {
        time.set(NOW + 59);
        assert_eq!(why(&sessions, &cookie), None);
        time.set(NOW + 60);
        assert_eq!(why(&sessions, &cookie), Some(Rejected::BadSignature));
    }
}

#[test]
fn while_keys_are_swapped_every_request_sees_one_ring() {
    let sessions = Sessions::new(key(KEY));
    let cookie = cookie_with(&sessions, "a", 1);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let session = sessions.open(&request(&[&cookie]));
                    assert_eq!(session.rejected(), None);
                    session.increment("a", 1).unwrap();
                    sessions
                        .close(&session, &mut http::HeaderMap::new())
                        .unwrap();
                }
            });
        }
        for turn in 0..500 {
            let (primary, other) = if turn % 2 == 0 {
                (OTHER_KEY, KEY)
            } else {
                (KEY, OTHER_KEY)
            };
            sessions.set_keys(then("ours", primary, other)).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// S11: of the whole application.
#[test]
fn s11_the_applications_epoch() {
    for encrypted in [false, true] {
        let epoch = |epoch| {
            let builder = Sessions::builder(key(KEY)).epoch(epoch);
            if encrypted {
                builder.encrypted()
            } else {
                builder
            }
            .build()
            .unwrap()
        };
        let cookie = cookie_with(&epoch(1), "a", 1);
        assert_eq!(why(&epoch(1), &cookie), None);
        assert_eq!(why(&epoch(0), &cookie), None); // the least, so a server that is behind accepts it
        assert_eq!(why(&epoch(2), &cookie), Some(Rejected::Revoked));
        // Written again by a server that is behind, it stays of its epoch.
        let closed = visit(&epoch(0), &[&cookie], |session| session.insert("b", 1)).unwrap();
        assert_eq!(why(&epoch(1), closed.cookie().unwrap()), None);
        let anew = visit(&epoch(2), &[&cookie], |session| session.insert("b", 1)).unwrap();
        assert_eq!(why(&epoch(2), anew.cookie().unwrap()), None);
    }
}

/// S11: of one user.
#[test]
fn s11_the_users_epoch() {
    let sessions = Sessions::builder(key(KEY)).epoch(9).build().unwrap();
    let login = visit(&sessions, &[], |session| {
        session.log_in("ada")?;
        session.insert("user", "ada")?;
        session.set_epoch(3)
    });
    let cookie = login.unwrap().cookie().unwrap().to_owned();
    for counts in [0, 3] {
        let closed = visit(&sessions, &[&cookie], |session| {
            Ok(assert!(session.require_epoch(counts)?))
        });
        assert_eq!(closed.unwrap().set_cookie(), None);
    }
    let behind = visit(&sessions, &[&cookie], |session| {
        assert!(!session.require_epoch(4)?);
        assert_eq!(
            (session.len(), session.rejected()),
            (0, Some(Rejected::Revoked))
        );
        assert!(!session.authenticated_within(Duration::MAX));
        Ok(())
    });
    let behind = behind.unwrap();
    assert!(behind.removes());
    assert_eq!(
        behind.kinds(),
        [EventKind::Rejected(Rejected::Revoked), EventKind::Cleared]
    );
    // What is set after it is a new session; nothing of the old one is left, the epoch included.
    let anew = visit(&sessions, &[&cookie], |session| {
        session.require_epoch(4)?;
        session.insert("cart", 1)
    });
    let session = sessions.open(&request(&[anew.unwrap().cookie().unwrap()]));
    assert_eq!(session.keys(), ["cart"]);
    assert!(!session.require_epoch(1).unwrap());
    // Another user's login in the same session begins at none.
    let other = visit(&sessions, &[&cookie], |session| session.log_in("eve")).unwrap();
    assert!(
        !sessions
            .open(&request(&[other.cookie().unwrap()]))
            .require_epoch(1)
            .unwrap()
    );
}

#[test]
fn flask_has_no_epochs_and_says_so() {
    let sessions = Sessions::flask("dev").unwrap();
    let session = sessions.open(&http::HeaderMap::new());
    assert_eq!(
        (session.set_epoch(1), session.require_epoch(1)),
        (Err(Error::NoEpoch), Err(Error::NoEpoch))
    );
    for builder in [
        Sessions::flask_builder("dev").epoch(1),
        Sessions::flask_builder("dev").renamed_from(old_name(NOW)),
    ] {
        assert!(matches!(builder.build(), Err(ConfigError::Format { .. })));
    }
}

fn old_name(renamed: u64) -> PreviousCookie {
    PreviousCookie::new("session", at(renamed))
}

fn set_cookies(closed: &common::Closed) -> Vec<&str> {
    closed
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .map(|header| header.to_str().unwrap())
        .collect()
}

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
        // A refresh is a writing, too.
        time.advance(Duration::from_secs(TENTH));
        assert_eq!(
            set_cookies(&visit(&sessions, &[&old], read).unwrap()).len(),
            2
        );

        // Created since then: a neighbour has had it made, and planted it.
        assert_eq!(why(&sessions, &planted), Some(Rejected::Revoked));
        // Beside one of the new name, good or bad, it is nothing; and it goes with the next writing.
        let both = format!("{old}; {new}");
        assert_eq!(sessions.open(&request(&[&both])).keys(), ["a", "b"]);
        assert_eq!(
            why(&sessions, &format!("{old}; __Host-session=x")),
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
        // Under another name its text is nothing: the name is in the key (S3).
        let moved = old.replacen("session=", "__Host-session=", 1);
        assert_eq!(why(&sessions, &moved), Some(Rejected::BadSignature));
    }
}

/// A browser: with the old cookie's scope it is left with one cookie (C5).
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

/// Servers are told before it happens, and one clock is ahead of the others.
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
    // What browsers keep, a cookie may have been called.
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
