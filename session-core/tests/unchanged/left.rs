//! Sessions that cannot be written again: their cookies stay as they are.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use session_core::{
    Builder, EntropyError, Error, EventKind, KeyRing, Prefix, PreviousCookie, Session, Sessions,
};

use crate::common::{Closed, KEY, ManualClock, OTHER_KEY, cookie_with, key, visit};
use crate::helpers::{NOW, TENTH, at, flask, largest, noise, ours, read, signed_by_flask, written};

/// Asserts that a session that was only read sends no cookie but its event.
fn assert_left(closed: &Closed, limit: usize, case: &str) {
    let kinds = closed.kinds();
    let [EventKind::NotRewritten { size, limit: found }] = kinds[..] else {
        panic!("{case}: {kinds:?}")
    };
    assert!(size > limit && found == limit, "{case}: {size} {found}");
    assert_eq!(closed.set_cookie(), None, "{case}");
    assert_eq!(closed.header(VARY), Some("Cookie"), "{case}");
}

/// Each way in which an unchanged session can become too large for its cookie.
#[test]
fn sessions_that_cannot_be_written_are_left_as_they_are() {
    let time = ManualClock::at(NOW);
    let later = |seconds| at(NOW + seconds);
    let before = ours(&time).build().unwrap();
    let unprefixed = ours(&time).prefix(Prefix::None).build().unwrap();
    let encrypted_before = ours(&time).encrypted().build().unwrap();
    let full = largest(&before, noise);
    // 20,000 letters; JSON of more than 3,015 bytes does not fit into an encrypted cookie.
    let compressed = cookie_with(&before, "x", "x".repeat(20_000));
    let encryption = |builder: Builder| {
        builder
            .encrypted()
            .accept_signed_until(later(100 * TENTH))
            .build()
            .unwrap()
    };
    let renaming = |old: &str, new: &str| {
        let old = PreviousCookie::new(old, later(1));
        ours(&time)
            .prefix(Prefix::None)
            .cookie_name(new)
            .renamed_from(old)
            .build()
            .unwrap()
    };
    let limited = |builder: Builder| builder.max_cookie_size(1000).build().unwrap();
    let cases = [
        (
            "signed to encrypted",
            encryption(ours(&time)),
            compressed,
            4096,
        ),
        (
            "signed to encrypted, full",
            encryption(ours(&time)),
            full.clone(),
            4096,
        ),
        (
            "signed to padded",
            encryption(ours(&time).padding(1024)),
            cookie_with(&before, "x", noise(2500)),
            4096,
        ),
        (
            "encrypted to more padding",
            ours(&time).padding(1024).build().unwrap(),
            cookie_with(&encrypted_before, "x", noise(2500)),
            4096,
        ),
        (
            "a longer name",
            renaming("session", "a-longer-name"),
            largest(&unprefixed, noise),
            4096,
        ),
        (
            "a prefix",
            ours(&time)
                .renamed_from(PreviousCookie::new("session", later(1)))
                .build()
                .unwrap(),
            largest(&unprefixed, noise),
            4096,
        ),
        ("a lower limit", limited(ours(&time)), full.clone(), 1000),
        (
            "a lower limit, encrypted",
            limited(ours(&time).encrypted()),
            cookie_with(&encrypted_before, "x", noise(900)),
            1000,
        ),
        (
            "a lower limit and a new key",
            {
                let ring = KeyRing::new(key(OTHER_KEY)).verify_only(key(KEY));
                limited(Sessions::builder(ring).clock(time.clone()))
            },
            full,
            1000,
        ),
    ];
    for (case, sessions, cookie, limit) in cases {
        for day in [4, 10, 30] {
            time.set(NOW + day * 24 * 60 * 60);
            let closed = read(&sessions, &cookie);
            assert_left(&closed, limit, case);
            assert_eq!(closed.header(CACHE_CONTROL), Some("private"), "{case}");
        }
        // A change is an error because it does not fit; a change that makes the session smaller is
        // written.
        let changed = visit(&sessions, &[&cookie], |session| session.insert("y", 1)).unwrap_err();
        assert!(
            matches!(changed, Error::TooLarge { .. }),
            "{case}: {changed}"
        );
        let smaller = visit(&sessions, &[&cookie], |session| session.insert("x", 1)).unwrap();
        assert!(
            !smaller
                .headers
                .get_all(SET_COOKIE)
                .iter()
                .next()
                .unwrap()
                .is_empty(),
            "{case}"
        );
        time.set(NOW);
    }
}

#[test]
fn flask_sessions_that_cannot_be_written_are_left_as_they_are() {
    let time = ManualClock::at(NOW);
    let sessions = flask(&time);
    // From a client that is no browser: browsers store no cookie of this size.
    let long = signed_by_flask(
        &URL_SAFE_NO_PAD.encode(format!(r#"{{"_permanent":true,"x":"{}"}}"#, noise(4000))),
    );
    let closed = read(&sessions, &long);
    assert_left(&closed, 4096, "flask");
    assert_eq!(closed.header(CACHE_CONTROL), None);
    // If the handler does not open the session, the event is reported as well, and the response
    // does not depend on the session.
    let unasked = crate::common::respond::<fn(&Session) -> Result<(), Error>>(
        &sessions,
        &[&long],
        HeaderMap::new(),
        None,
    )
    .unwrap();
    assert!(unasked.headers.is_empty());
    assert!(matches!(
        unasked.kinds()[..],
        [EventKind::NotRewritten { limit: 4096, .. }]
    ));
    // Above MAX_COOKIE_SIZE, but small enough for browsers: sent, as Flask does.
    let small = Sessions::flask_builder("dev")
        .max_cookie_size(100)
        .clock(time.clone())
        .build()
        .unwrap();
    let permanent = |session: &Session| {
        session
            .insert("x", noise(100))
            .and_then(|()| session.set_permanent(true))
    };
    let cookie = written(&visit(&small, &[], permanent).unwrap());
    assert!(matches!(
        read(&small, &cookie).kinds()[..],
        [EventKind::Oversized { limit: 100, .. }]
    ));
}

#[test]
fn t2_a_reader_needs_no_random_bytes() {
    let time = ManualClock::at(NOW);
    let cookie = cookie_with(&ours(&time).encrypted().build().unwrap(), "a", 1);
    time.advance(Duration::from_secs(TENTH));
    let broken = ours(&time)
        .encrypted()
        .random(|_: &mut [u8]| Err(EntropyError))
        .build()
        .unwrap();
    let closed = read(&broken, &cookie);
    assert_eq!(
        (closed.set_cookie(), closed.kinds()),
        (None, vec![EventKind::NotRewrittenWithoutEntropy])
    );
    let changed = visit(&broken, &[&cookie], |session| session.insert("a", 2));
    assert_eq!(changed.unwrap_err(), Error::Entropy(EntropyError));
}
