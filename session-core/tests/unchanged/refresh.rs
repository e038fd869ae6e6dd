//! A refresh signs the payload that came in the request.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use session_core::{Error, KeyRing, PreviousCookie, Refresh, Session, Sessions};

use crate::common::{KEY, ManualClock, OTHER_KEY, cookie_with, key, request, visit};
use crate::helpers::{
    NEAR_LIMIT, NOW, TENTH, assert_signed_again, at, flask, ours, parts, read, signed_by_flask,
    written,
};

#[test]
fn a_refresh_writes_the_payload_that_came() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let plain = cookie_with(&sessions, "a", 1);
    // Compressed for a limit that no longer exists: encoded again, it would be uncompressed.
    let limited = ours(&time).max_cookie_size(1000).build().unwrap();
    let compressed = cookie_with(&limited, "a", "a".repeat(2000));
    assert!(compressed.contains("=."));
    let with_flash = visit(&sessions, &[], |session| session.flash("welcome", "info")).unwrap();
    let with_flash = with_flash.new_cookie();
    for cookie in [plain, compressed, with_flash] {
        time.set(NOW + TENTH);
        let refreshed = read(&sessions, &cookie);
        assert_eq!(refreshed.kinds(), []);
        assert_signed_again(&cookie, &written(&refreshed));
        time.set(NOW + 2 * TENTH);
        // A second refresh, of the cookie that the first one wrote.
        assert_signed_again(&cookie, &written(&read(&sessions, &written(&refreshed))));
        // With a new key, and under a new name.
        let ring = || KeyRing::new(key(OTHER_KEY)).verify_only(key(KEY));
        let rotated = Sessions::builder(ring())
            .clock(time.clone())
            .build()
            .unwrap();
        let resigned = written(&read(&rotated, &cookie));
        assert_signed_again(&cookie, &resigned);
        rotated.set_keys(key(OTHER_KEY)).unwrap();
        assert_eq!(rotated.open(&request(&[&resigned])).rejected(), None);
        let old = PreviousCookie::new("__Host-session", at(NOW + TENTH));
        let renamed = ours(&time)
            .cookie_name("id")
            .renamed_from(old)
            .build()
            .unwrap();
        let moved = written(&read(&renamed, &cookie));
        assert!(moved.starts_with("__Host-id="));
        assert_signed_again(&cookie, &moved);
        assert_eq!(renamed.open(&request(&[&moved])).rejected(), None);
        time.set(NOW);
    }
}

/// A refresh falls due while a long request runs.
#[test]
fn a_refresh_that_falls_due_under_way_is_not_missed() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let cookie = cookie_with(&sessions, "a", "a".repeat(4000));
    let closed = visit(&sessions, &[&cookie], |_| {
        time.advance(Duration::from_secs(TENTH));
        Ok(())
    });
    assert_signed_again(&cookie, closed.unwrap().cookie().unwrap());
}

/// After a change the text is encoded again, and an encrypted payload is encrypted again with its
/// new stamp.
#[test]
fn changed_or_encrypted_sessions_are_encoded_again() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let compressed = cookie_with(&sessions, "a", "a".repeat(4000));
    let changed = visit(&sessions, &[&compressed], |session| session.insert("a", 1)).unwrap();
    assert_eq!(
        parts(changed.cookie().unwrap()).0,
        URL_SAFE_NO_PAD.encode(r#"{"a":1}"#)
    );
    let encrypted = ours(&time).encrypted().build().unwrap();
    let cookie = cookie_with(&encrypted, "a", 1);
    time.advance(Duration::from_secs(TENTH));
    let refreshed = read(&encrypted, &cookie);
    assert_eq!(
        encrypted
            .open(&request(&[refreshed.cookie().unwrap()]))
            .payload(),
        r#"{"a":1}"#
    );
}

/// A refresh in Flask's format runs no zlib and writes no JSON: payloads that neither would produce
/// come back.
#[test]
fn a_refresh_signs_flasks_own_payload() {
    let (time, json) = (
        ManualClock::at(NOW),
        r#"{ "b": "\u00e9", "a": [1, 2], "_permanent": true }"#,
    );
    let sessions = flask(&time);
    let mut odd = vec![URL_SAFE_NO_PAD.encode(json)];
    // Streams that no level of our zlib produces: a stored block, and bytes behind the end, which
    // Python ignores.
    let length = u16::try_from(json.len()).unwrap();
    let mut stored = [
        &[0x78, 0x01, 1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        json.as_bytes(),
    ]
    .concat();
    let (a, b) = json.bytes().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (a + b) % 65521)
    });
    stored.extend((b << 16 | a).to_be_bytes());
    odd.push(format!(".{}", URL_SAFE_NO_PAD.encode(&stored)));
    stored.extend(b"more");
    odd.push(format!(".{}", URL_SAFE_NO_PAD.encode(&stored)));
    let near_limit = NEAR_LIMIT.lines().map(str::to_owned);
    for cookie in odd
        .iter()
        .map(|payload| signed_by_flask(payload))
        .chain(near_limit)
    {
        time.set(NOW + 5);
        let refreshed = read(&sessions, &cookie);
        assert_signed_again(&cookie, &written(&refreshed));
        assert!(refreshed.set_cookie().unwrap().contains("; Expires="));
        // The handler does not open the session: refreshed as in Flask, with equal bytes.
        let unasked = crate::common::respond::<fn(&Session) -> Result<(), Error>>(
            &sessions,
            &[&cookie],
            HeaderMap::new(),
            None,
        );
        assert_eq!(written(&unasked.unwrap()), written(&refreshed));
        // A cookie of a fallback key is signed with the primary key.
        let ring = KeyRing::flask("new").fallback("dev");
        let rotated = Sessions::flask_builder("new")
            .clock(time.clone())
            .build()
            .unwrap();
        rotated.set_keys(ring).unwrap();
        assert_signed_again(&cookie, &written(&read(&rotated, &cookie)));
    }
}

/// By default Flask writes permanent sessions with each response; ours can be configured to do so.
#[test]
fn each_request_writes_the_payload_that_came() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).refresh(Refresh::EachRequest).build().unwrap();
    let cookie = cookie_with(&sessions, "a", "a".repeat(4000));
    time.advance(Duration::from_secs(1));
    assert_signed_again(&cookie, &written(&read(&sessions, &cookie)));
}
