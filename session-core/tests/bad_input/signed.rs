//! Cookies with a valid signature whose time or payload is refused.

use std::time::Duration;

use session_core::{Rejected, Sessions};

use crate::common::{KEY, ManualClock, OTHER_KEY, key};
use crate::helpers::{NOW, base64, flask, ours, rejection, sign_flask, sign_ours, stamp, zlib};

#[test]
fn times() {
    let payload = base64(b"{}");
    let day = 24 * 60 * 60;
    for (issued, ours_says, flask_says) in [
        (NOW - 31 * day, None, None),
        (
            NOW - 31 * day - 1,
            Some(Rejected::Idle),
            Some(Rejected::Idle),
        ),
        (NOW + 1, None, Some(Rejected::Future)),
        (NOW + 60, None, Some(Rejected::Future)),
        (NOW + 61, Some(Rejected::Future), Some(Rejected::Future)),
    ] {
        let cookie = sign_ours(KEY, "__Host-session", &payload, &stamp(issued));
        assert_eq!(rejection(&ours(), &cookie), ours_says, "{issued}");
        assert_eq!(
            rejection(&flask(), &sign_flask("dev", &payload, issued)),
            flask_says,
            "{issued}"
        );
    }
    assert_eq!(
        rejection(&flask(), &sign_flask("dev", &payload, u64::MAX)),
        Some(Rejected::Future)
    );
    let since = std::time::UNIX_EPOCH + Duration::from_secs(NOW);
    let after = Sessions::builder(key(KEY))
        .not_created_before(since)
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap();
    let sign = |issued| sign_ours(KEY, "__Host-session", &payload, &stamp(issued));
    assert_eq!(rejection(&after, &sign(NOW - 1)), Some(Rejected::Revoked));
    assert_eq!(rejection(&after, &sign(NOW)), None);
}

#[test]
fn signed_but_unreadable() {
    let bomb = zlib(format!("{{\"a\":\"{}\"}}", "0".repeat(64 << 20)).as_bytes());
    let small_bomb = zlib(format!("{{\"a\":\"{}\"}}", "0".repeat(2 << 20)).as_bytes());
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    let deflated = |bytes: &[u8]| format!(".{}", base64(&zlib(bytes)));
    let cases = [
        ("a list", base64(b"[1]"), true, true),
        ("a number", base64(b"5"), true, true),
        ("null", base64(b"null"), true, true),
        ("a text", base64(b"\"\""), true, true),
        ("nothing", String::new(), true, true),
        ("not JSON", base64(b"hello"), true, true),
        ("not UTF-8", base64(b"{\"a\":\"\xff\"}"), true, true),
        ("cut JSON", base64(b"{\"a\":1"), true, true),
        (
            "a byte order mark",
            base64("\u{feff}{}".as_bytes()),
            true,
            true,
        ),
        ("not base64", "A".to_owned(), true, true),
        (
            "10,000 nested arrays",
            deflated(nested.as_bytes()),
            true,
            true,
        ),
        ("500 nested arrays", deflated(deep.as_bytes()), true, false),
        ("not zlib", format!(".{}", base64(b"{}")), true, true),
        (
            "cut zlib",
            format!(".{}", base64(&zlib(b"{\"a\":1}")[..12])),
            true,
            true,
        ),
        ("2 MB", format!(".{}", base64(&small_bomb)), true, false),
        ("flashes that are none", base64(b"[{},[1]]"), true, true),
    ];
    for (name, payload, ours_refuses, flask_refuses) in cases {
        let refused = |refuses: bool| refuses.then_some(Rejected::Unreadable);
        let cookie = sign_ours(KEY, "__Host-session", &payload, &stamp(NOW));
        assert!(cookie.len() < 4096, "{name}: {}", cookie.len());
        assert_eq!(
            rejection(&ours(), &cookie),
            refused(ours_refuses),
            "ours: {name}"
        );
        assert_eq!(
            rejection(&flask(), &sign_flask("dev", &payload, NOW)),
            refused(flask_refuses),
            "flask: {name}"
        );
    }
    // 64 MB in 64 KB: too long for a cookie.
    let payload = format!(".{}", base64(&bomb));
    assert_eq!(
        rejection(&flask(), &sign_flask("dev", &payload, NOW)),
        Some(Rejected::TooLong)
    );
    // 11 MB in a cookie of an accepted length: not inflated.
    let fits = zlib("0".repeat(11 << 20).as_bytes());
    assert!(fits.len() < 12 << 10, "{}", fits.len());
    let payload = format!(".{}", base64(&fits));
    assert_eq!(
        rejection(&flask(), &sign_flask("dev", &payload, NOW)),
        Some(Rejected::Unreadable)
    );
    let mut unknown_flag = stamp(NOW);
    unknown_flag[0] = 2;
    let cookie = sign_ours(KEY, "__Host-session", &base64(b"{}"), &unknown_flag);
    assert_eq!(rejection(&ours(), &cookie), Some(Rejected::Unreadable));
}

/// S1: the signature is checked before anything is read. These payloads cannot be read, and a
/// reader would report that.
#[test]
fn s1_nothing_is_parsed_before_the_signature() {
    for payload in [base64(b"not JSON"), format!(".{}", base64(b"not zlib"))] {
        let ours_signed = sign_ours(KEY, "__Host-session", &payload, &stamp(NOW));
        let flask_signed = sign_flask("dev", &payload, NOW);
        for (sessions, cookie) in [(ours(), ours_signed), (flask(), flask_signed)] {
            assert_eq!(rejection(&sessions, &cookie), Some(Rejected::Unreadable));
            let forged = cookie.replacen("=.", "=.A", 1).replacen("=b", "=c", 1);
            assert_ne!(forged, cookie);
            assert_eq!(rejection(&sessions, &forged), Some(Rejected::BadSignature));
        }
    }
    // The times are not read before the signature either: an old forgery is reported as a forgery.
    let old = sign_ours(OTHER_KEY, "__Host-session", &base64(b"{}"), &stamp(0));
    assert_eq!(rejection(&ours(), &old), Some(Rejected::BadSignature));
}
