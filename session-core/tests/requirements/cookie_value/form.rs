//! S1, S2, S6, S10: values that are refused before they are read, by their form or signature.

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use ::http::header::COOKIE;
use ::http::{HeaderMap, HeaderValue};
use session_core::testing;
use session_core::{Builder, Digest, Rejected, Sessions};

use crate::common::{KEY, ManualClock, cookie_with, request};
use crate::cookie_value::helpers::{b64, opening, rejection, signed, signed_by_flask, value, zlib};
use crate::{NOW, ours};

/// Allocations show how much the deserializer works: for a refused cookie not at all.
#[test]
fn s1_a_refused_cookie_is_not_decoded() {
    let flask = Sessions::flask_builder(KEY)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    for sessions in [ours(&ManualClock::at(NOW)).build().unwrap(), flask] {
        let mut pair = cookie_with(
            &sessions,
            "list",
            (0..600).map(|n| n % 7).collect::<Vec<u32>>(),
        );
        let headers = request(&[&pair]);
        opening(&sessions, &headers); // the first may fill thread locals
        let without = opening(&sessions, &HeaderMap::new()).count_total;
        assert!(opening(&sessions, &headers).count_total > without);
        let last = if pair.ends_with('A') { 'B' } else { 'A' };
        let at = pair.len() - 5;
        let other = if pair.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        pair.replace_range(at..=at, other);
        let forged = request(&[&pair]);
        assert_eq!(
            sessions.open(&forged).rejected(),
            Some(Rejected::BadSignature),
            "{last}"
        );
        assert_eq!(opening(&sessions, &forged).count_total, without);
    }
}

/// CVE-2026-39324: a value that did not open in the strong format was tried again in a weaker one.
#[test]
fn s2_unencrypted_values_are_refused() {
    let time = ManualClock::at(NOW);
    let encrypted = ours(&time).encrypted().build().unwrap();
    let signed = ours(&time).build().unwrap();
    let flask = Sessions::flask_builder(KEY)
        .clock(time.clone())
        .build()
        .unwrap();
    let plain = b64(br#"{"admin":true}"#);
    let by_signed = value(&cookie_with(&signed, "admin", true)).to_owned();
    let by_flask = value(&cookie_with(&flask, "admin", true)).to_owned();
    let by_encrypted = value(&cookie_with(&encrypted, "admin", true)).to_owned();
    // One character is replaced, so that the value does not open.
    let other = if by_encrypted.as_bytes()[40] == b'A' {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{other}{}", &by_encrypted[..40], &by_encrypted[41..]);
    assert_eq!(rejection(&encrypted, &by_encrypted), None);
    for legacy in [
        &by_signed,
        &by_flask,
        &plain,
        &format!("{plain}.."),
        &forged,
    ] {
        assert!(rejection(&encrypted, legacy).is_some(), "{legacy}");
    }
    assert!(
        rejection(&signed, &by_encrypted).is_some() && rejection(&flask, &by_encrypted).is_some()
    );
    // While both formats are read, everything else is still refused.
    let both = ours(&time)
        .encrypted()
        .accept_signed_until(UNIX_EPOCH + Duration::from_secs(NOW + 60))
        .build()
        .unwrap();
    assert_eq!(
        (
            rejection(&both, &by_signed),
            rejection(&both, &by_encrypted)
        ),
        (None, None)
    );
    for legacy in [&by_flask, &plain, &format!("{plain}.."), &forged] {
        assert!(rejection(&both, legacy).is_some(), "{legacy}");
    }
}

/// Configuration alone decides about format and keys; a token names neither an algorithm nor a key.
#[test]
fn s6_a_token_of_anything_else_is_refused() {
    let sessions = ours(&ManualClock::at(NOW)).context("shop").build().unwrap();
    let name = sessions.cookie_name();
    let payload = b64(br#"{"a":1}"#);
    assert_eq!(
        rejection(&sessions, &signed([0, 1], 1, name, "shop", &payload)),
        None
    );
    assert_eq!(
        value(&cookie_with(&sessions, "a", 1)),
        signed([0, 1], 1, name, "shop", &payload),
        "the value is payload, times and signature, and nothing else"
    );
    let elsewhere = |builder: Builder| {
        let sessions = builder.clock(ManualClock::at(NOW)).build().unwrap();
        value(&cookie_with(&sessions, "a", 1)).to_owned()
    };
    let stored = ours(&ManualClock::at(NOW))
        .context("shop")
        .build_stored()
        .unwrap();
    let id = testing::stored_request(&stored)[COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    let refused = [
        ("a later version", signed([0, 2], 1, name, "shop", &payload)),
        ("another version", signed([1, 1], 1, name, "shop", &payload)),
        (
            "an encrypted payload",
            signed([0, 1], 2, name, "shop", &payload),
        ),
        ("an id", signed([0, 1], 3, name, "shop", &payload)),
        ("a record", signed([0, 1], 4, name, "shop", &payload)),
        (
            "a digest of logs",
            signed([0, 1], 5, name, "shop", &payload),
        ),
        ("an id of ours", value(&id).to_owned()),
        (
            "another name",
            signed([0, 1], 1, "__Host-admin", "shop", &payload),
        ),
        ("another context", signed([0, 1], 1, name, "blog", &payload)),
        ("no context", signed([0, 1], 1, name, "", &payload)),
        ("Flask's format", signed_by_flask(&payload)),
        (
            "Flask's with SHA-256",
            elsewhere(Sessions::flask_builder(KEY).digest(Digest::Sha256)),
        ),
        (
            "Flask's with our salt",
            elsewhere(Sessions::flask_builder(KEY).salt("rust-session")),
        ),
        (
            "JWT's none",
            format!("{}.{payload}.", b64(br#"{"alg":"none"}"#)),
        ),
        ("an unsigned payload", payload.clone()),
    ];
    for (what, value) in &refused {
        let reason = rejection(&sessions, value);
        assert!(
            matches!(reason, Some(Rejected::BadSignature | Rejected::Malformed)),
            "{what}: {reason:?}"
        );
    }
    let different: HashSet<&String> = refused.iter().map(|(_, value)| value).collect();
    assert_eq!(different.len(), refused.len());
    // Our values are not valid in Flask's format.
    let flask = Sessions::flask_builder(KEY)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    assert_eq!(rejection(&flask, &signed_by_flask(&payload)), None);
    assert!(rejection(&flask, &signed([0, 1], 1, "session", "", &payload)).is_some());
}

/// zlib expands one byte to 1,032 bytes at most, so these payloads are about as large as a cookie
/// can hold. Refusing them has bounded costs, and refusing one without a signature costs nothing.
#[test]
fn s10_a_bomb_is_refused_and_costs_little() {
    let bomb = |bytes: usize| {
        format!(
            ".{}",
            b64(&zlib(&format!("{{\"a\":\"{}\"}}", "0".repeat(bytes))))
        )
    };
    let flask = Sessions::flask_builder(KEY)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    let sessions = ours(&ManualClock::at(NOW)).build().unwrap();
    let small = signed([0, 1], 1, sessions.cookie_name(), "", &bomb(2_800_000));
    let large = signed_by_flask(&bomb(11 << 20));
    assert!((3_500..4_096).contains(&small.len()), "{}", small.len());
    assert!((14_000..16 << 10).contains(&large.len()), "{}", large.len());
    for (sessions, value, most) in [(&sessions, small, 1 << 20), (&flask, large, 16 << 20)] {
        let pair = format!("{}={value}", sessions.cookie_name());
        let headers = request(&[&pair]);
        assert_eq!(
            sessions.open(&headers).rejected(),
            Some(Rejected::Unreadable)
        );
        let took = opening(sessions, &headers).bytes_max;
        assert!(took < most, "{took} bytes");
        let forged = HeaderMap::from_iter([(
            COOKIE,
            HeaderValue::try_from(pair.replacen("=.", "=.A", 1)).unwrap(),
        )]);
        assert!(matches!(
            sessions.open(&forged).rejected(),
            Some(Rejected::BadSignature)
        ));
        let without = opening(sessions, &HeaderMap::new());
        assert_eq!(opening(sessions, &forged).bytes_total, without.bytes_total);
    }
}
