//! Encrypted cookies.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use common::{KEY, ManualClock, cookie_with, key, request, visit};
use session_core::{Builder, Config, ConfigError, EntropyError, Error, Rejected, Sessions};

const NOW: u64 = 1_700_000_000;

fn ours(time: &ManualClock) -> Builder {
    Sessions::builder(key(KEY)).clock(time.clone())
}

fn rejection(sessions: &Sessions, cookie: &str) -> Option<Rejected> {
    sessions.open(&request(&[cookie])).rejected()
}

fn bytes(cookie: &str) -> Vec<u8> {
    use base64::Engine;
    let value = cookie.split_once('=').unwrap().1;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(value)
        .unwrap()
}

#[test]
fn an_encrypted_cookie_tells_nothing_but_its_length() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).encrypted().build().unwrap();
    let cookie = cookie_with(&sessions, "diagnosis", "a secret word");
    let raw = bytes(&cookie);
    // Nonce and tag, stamp, `{"diagnosis":"a secret word"}`.
    assert_eq!(raw.len(), 12 + 16 + 18 + 29);
    assert!(!raw.windows(6).any(|window| window == b"secret"));
    // The time is not visible either: two cookies of one second have nothing in common.
    let other = bytes(&cookie_with(&sessions, "diagnosis", "a secret word"));
    let same = raw.iter().zip(&other).filter(|(a, b)| a == b).count();
    assert!(same < 8, "{same} bytes are equal");
    // Never compressed, and an error where it does not fit.
    let long = cookie_with(&sessions, "a", "a".repeat(2900));
    assert_eq!(bytes(&long).len(), 12 + 16 + 18 + 2908);
    let large = visit(&sessions, &[], |session| {
        session.insert("a", "a".repeat(3100))
    });
    assert!(matches!(large, Err(Error::TooLarge { limit: 4096, .. })));
}

#[test]
fn padding_hides_lengths() {
    let time = ManualClock::at(NOW);
    for block in [16, 64, 1000] {
        let sessions = ours(&time).padding(block).build().unwrap();
        let mut lengths = HashSet::new();
        for length in 0..200 {
            let cookie = cookie_with(&sessions, "a", "a".repeat(length));
            assert_eq!(
                sessions
                    .open(&request(&[&cookie]))
                    .get::<String>("a")
                    .unwrap()
                    .unwrap()
                    .len(),
                length
            );
            lengths.insert(bytes(&cookie).len() - 28);
        }
        assert!(
            lengths.iter().all(|length| length % block == 0),
            "{lengths:?}"
        );
        assert!(lengths.len() <= 200 / block + 2);
        // A server with another padding reads it as well.
        let cookie = cookie_with(&sessions, "a", 1);
        assert_eq!(
            rejection(&ours(&time).encrypted().build().unwrap(), &cookie),
            None
        );
    }
}

/// S8: a repeated nonce reveals that two texts are equal, and nothing else.
#[test]
fn s8_a_repeated_nonce_is_harmless() {
    let stuck = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok(())
    };
    let sessions = ours(&ManualClock::at(NOW))
        .encrypted()
        .random(stuck)
        .build()
        .unwrap();
    let [a, b, same] = ["aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaa"]
        .map(|text| bytes(&cookie_with(&sessions, "a", text)));
    assert_eq!(a, same);
    assert_eq!(a[..12], b[..12]);
    // In counter mode with one nonce, all bytes but the last ones would be equal.
    let equal = a[12..].iter().zip(&b[12..]).filter(|(a, b)| a == b).count();
    assert!(equal < 6, "{equal}");
}

/// T2: without a nonce there is no cookie.
#[test]
fn t2_without_random_bytes_nothing_is_encrypted() {
    let broken = |_: &mut [u8]| Err(EntropyError);
    let sessions = ours(&ManualClock::at(NOW))
        .encrypted()
        .random(broken)
        .build()
        .unwrap();
    let closed = visit(&sessions, &[], |session| session.insert("a", 1));
    assert_eq!(closed.unwrap_err(), Error::Entropy(EntropyError));
}

#[test]
fn nonces_do_not_repeat() {
    let sessions = ours(&ManualClock::at(NOW)).encrypted().build().unwrap();
    let nonces: HashSet<Vec<u8>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..500)
                        .map(|_| bytes(&cookie_with(&sessions, "a", 1))[..12].to_vec())
                        .collect()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| -> Vec<Vec<u8>> { thread.join().unwrap() })
            .collect()
    });
    assert_eq!(nonces.len(), 2000);
}

/// S1: any changed bit, and any cut.
#[test]
fn s1_any_change_is_refused() {
    let sessions = ours(&ManualClock::at(NOW)).encrypted().build().unwrap();
    let cookie = cookie_with(&sessions, "a", 1);
    let start = "__Host-session=".len();
    for at in start..cookie.len() {
        for bit in 0..8 {
            let mut changed = cookie.clone().into_bytes();
            changed[at] ^= 1 << bit;
            if !changed[at].is_ascii_graphic() || matches!(changed[at], b';' | b',' | b'"') {
                continue;
            }
            let changed = String::from_utf8(changed).unwrap();
            let reason = rejection(&sessions, &changed);
            assert!(
                matches!(reason, Some(Rejected::BadSignature | Rejected::Malformed)),
                "{changed}"
            );
        }
        assert!(rejection(&sessions, &cookie[..at]).is_some());
    }
}

/// S3 and S6: bound to the cookie's name, the context and the purpose.
#[test]
fn s3_bound_to_name_context_and_purpose() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).encrypted().build().unwrap();
    let cookie = cookie_with(&sessions, "a", 1);
    let others = [
        ours(&time).encrypted().cookie_name("admin"),
        ours(&time).encrypted().context("shop"),
    ];
    for other in others {
        let other = other.build().unwrap();
        let moved = format!(
            "{}={}",
            other.cookie_name(),
            cookie.split_once('=').unwrap().1
        );
        assert_eq!(rejection(&other, &moved), Some(Rejected::BadSignature));
    }
}

/// S2 and O3: a cookie's form shows which of the two formats it has. The other format is refused
/// unread, except within a window.
#[test]
fn o3_from_signed_to_encrypted_and_back_within_windows() {
    let time = ManualClock::at(NOW);
    let end = UNIX_EPOCH + Duration::from_secs(NOW + 1000);
    let signed = ours(&time).build().unwrap();
    let readers = ours(&time).accept_encrypted_until(end).build().unwrap();
    let writers = ours(&time)
        .encrypted()
        .accept_signed_until(end)
        .build()
        .unwrap();
    let encrypted = ours(&time).encrypted().build().unwrap();
    let by_signed = cookie_with(&signed, "a", 1);
    let by_encrypted = cookie_with(&encrypted, "a", 1);
    // Before: each format refuses the other.
    assert_eq!(rejection(&encrypted, &by_signed), Some(Rejected::Malformed));
    assert_eq!(rejection(&signed, &by_encrypted), Some(Rejected::Malformed));
    for _ in 0..2 {
        // Within: servers of both steps read both formats, in any order in which a browser meets
        // them.
        let mut cookie = by_signed.clone();
        for (number, server) in [&readers, &writers, &readers, &writers, &writers]
            .into_iter()
            .enumerate()
        {
            let closed = visit(server, &[&cookie], |session| {
                assert_eq!(session.rejected(), None);
                session.increment("a", 1).map(drop)
            });
            cookie = closed.unwrap().new_cookie();
            let is_encrypted = !cookie.contains('.');
            assert_eq!(is_encrypted, matches!(number, 1 | 3 | 4));
        }
        assert_eq!(
            encrypted
                .open(&request(&[&cookie]))
                .get::<i64>("a")
                .unwrap(),
            Some(6)
        );
        // A cookie that is only read stays as it is.
        assert_eq!(
            visit(&writers, &[&by_signed], |_| Ok(()))
                .unwrap()
                .set_cookie(),
            None
        );
        time.advance(Duration::from_secs(400));
    }
    // After.
    time.set(NOW + 1000);
    assert_eq!(rejection(&writers, &by_signed), Some(Rejected::Malformed));
    assert_eq!(
        rejection(&readers, &by_encrypted),
        Some(Rejected::Malformed)
    );
    assert_eq!(rejection(&writers, &by_encrypted), None);
}

#[test]
fn windows_belong_to_their_formats() {
    let time = ManualClock::at(NOW);
    let end = UNIX_EPOCH + Duration::from_secs(NOW);
    for (builder, setting) in [
        (ours(&time).accept_signed_until(end), "accept_signed_until"),
        (
            ours(&time).encrypted().accept_encrypted_until(end),
            "accept_encrypted_until",
        ),
        (Sessions::flask_builder("dev").encrypted(), "encrypted"),
        (
            Sessions::flask_builder("dev").accept_encrypted_until(end),
            "accept_encrypted_until",
        ),
        (
            Sessions::flask_builder("dev").accept_signed_until(end),
            "accept_signed_until",
        ),
    ] {
        match builder.build() {
            Err(ConfigError::Format { setting: found, .. }) => assert_eq!(found, setting),
            other => panic!("{setting}: {other:?}"),
        }
    }
}

#[test]
fn configured_by_data() {
    let config = |settings: &str| {
        let json = format!(r#"{{"SECRET_KEY": "{KEY}", {settings}}}"#);
        serde_json::from_str::<Config>(&json).unwrap().build()
    };
    let time = ManualClock::at(NOW);
    let by_signed = cookie_with(&ours(&time).build().unwrap(), "a", 1);
    let by_encrypted = cookie_with(&ours(&time).encrypted().build().unwrap(), "a", 1);
    let open = |settings: &str, cookie: &str| {
        let json = format!(r#"{{"SECRET_KEY": "{KEY}", {settings}}}"#);
        let config: Config = serde_json::from_str(&json).unwrap();
        rejection(
            &config
                .builder()
                .unwrap()
                .clock(time.clone())
                .build()
                .unwrap(),
            cookie,
        )
    };
    let later = NOW + 1;
    assert_eq!(open(r#""SESSION_ENCRYPTED": true"#, &by_encrypted), None);
    assert_eq!(
        open(
            r#""SESSION_ENCRYPTED": true, "SESSION_PADDING": 64"#,
            &by_encrypted
        ),
        None
    );
    assert!(open(r#""SESSION_ENCRYPTED": true"#, &by_signed).is_some());
    let window = format!(r#""SESSION_ENCRYPTED": true, "SESSION_ACCEPT_SIGNED_UNTIL": {later}"#);
    assert_eq!(open(&window, &by_signed), None);
    assert_eq!(
        open(
            &format!(r#""SESSION_ACCEPT_ENCRYPTED_UNTIL": {later}"#),
            &by_encrypted
        ),
        None
    );
    assert!(open(r#""SESSION_ENCRYPTED": false"#, &by_encrypted).is_some());
    assert_eq!(
        config(r#""SESSION_PADDING": 64"#).unwrap_err().to_string(),
        "SESSION_PADDING: it needs SESSION_ENCRYPTED"
    );
    assert!(config(&format!(r#""SESSION_ACCEPT_SIGNED_UNTIL": {later}"#)).is_err());
}
