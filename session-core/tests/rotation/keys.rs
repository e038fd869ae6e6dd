//! Key rings that are replaced while cookies of the former keys exist.

use std::time::Duration;

use session_core::{ConfigError, KeyRing, Rejected, Sessions, Warning};

use crate::common::{KEY, ManualClock, OTHER_KEY, cookie_with, formats, key, request, visit};
use crate::helpers::{NOW, TENTH, at, ours, read, rejection, then};

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
        // Read: the cookie stays as it is, so that a reader cannot overwrite a concurrent writer.
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
            rejection(&sessions, &cookie),
            Some(Rejected::BadSignature),
            "{format}"
        );
        for closed in [written, refreshed] {
            assert_eq!(
                rejection(&sessions, closed.cookie().unwrap()),
                None,
                "{format}"
            );
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
            assert_eq!(rejection(&sessions, &cookie), None);
        }
    }
}

/// S7 and CVE-2025-47278: in any order, the primary key alone signs.
#[test]
fn s7_a_verify_only_key_never_signs() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        sessions.set_keys(then(format, OTHER_KEY, KEY)).unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        sessions
            .set_keys(then(format, OTHER_KEY, OTHER_KEY))
            .unwrap();
        assert_eq!(rejection(&sessions, &cookie), None, "{format}");
        sessions.set_keys(then(format, KEY, KEY)).unwrap();
        assert_eq!(
            rejection(&sessions, &cookie),
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
        assert_eq!(rejection(&sessions, &cookie), None);
        time.set(NOW + 60);
        assert_eq!(rejection(&sessions, &cookie), Some(Rejected::BadSignature));
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
