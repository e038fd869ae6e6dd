//! Sessions that nobody changed: written anew with the payload that came, or, where they cannot be written, left as they are. A
//! request that only reads never fails by its session.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Closed, KEY, ManualClock, OTHER_KEY, cookie_with, key, request, visit};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use session_core::{
    Builder, EntropyError, Error, EventKind, KeyRing, Prefix, PreviousCookie, Refresh, Session,
    Sessions,
};
use sha1::Sha1;

const NOW: u64 = 1_700_000_000;
const TENTH: u64 = 31 * 24 * 60 * 6;
/// Cookies that Flask wrote, by `tests/data/flask-near-limit.py`.
const NEAR_LIMIT: &str = include_str!("data/flask-near-limit.txt");

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn ours(time: &ManualClock) -> Builder {
    Sessions::builder(key(KEY)).clock(time.clone())
}

fn flask(time: &ManualClock) -> Sessions {
    Sessions::flask_builder("dev")
        .clock(time.clone())
        .build()
        .unwrap()
}

/// Text that zlib makes no shorter than its six bits a letter.
fn noise(length: usize) -> String {
    let mut state = 12_345_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(
            b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
                [(state >> 33) as usize % 64],
        )
    };
    (0..length).map(|_| next()).collect()
}

/// The largest session of this kind that goes into a cookie; its cookie.
fn largest(sessions: &Sessions, value: impl Fn(usize) -> String) -> String {
    let (mut fits, mut too_long) = (0, 20_000);
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        match visit(sessions, &[], |session| session.insert("x", value(middle))) {
            Ok(_) => fits = middle,
            Err(_) => too_long = middle,
        }
    }
    cookie_with(sessions, "x", value(fits))
}

/// A request that only reads, through each of the two doors: they do the same. Its session is accepted.
fn read(sessions: &Sessions, cookie: &str) -> Closed {
    let closed = visit(sessions, &[cookie], |session| {
        assert_eq!(session.rejected(), None);
        Ok(())
    });
    let closed = closed.unwrap();
    let session = sessions.open(&request(&[cookie]));
    let mut headers = HeaderMap::new();
    sessions.close(&session, &mut headers).unwrap();
    assert_eq!(headers.len(), closed.headers.len());
    let by_both = closed
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .zip(headers.get_all(SET_COOKIE));
    for (one, other) in by_both {
        let is_encrypted = !one
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .contains('.');
        assert!(
            one == other || (is_encrypted && one.len() == other.len()),
            "{one:?} {other:?}"
        );
    }
    closed
}

fn written(closed: &Closed) -> String {
    let first = closed.headers.get_all(SET_COOKIE).iter().next().unwrap();
    first
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

/// The payload of a cookie; the stamp and the signature.
fn parts(cookie: &str) -> (&str, &str, &str) {
    let (_, value) = cookie.split_once('=').unwrap();
    let (signed, signature) = value.rsplit_once('.').unwrap();
    let (payload, stamp) = signed.rsplit_once('.').unwrap();
    (payload, stamp, signature)
}

fn assert_signed_anew(old: &str, new: &str) {
    let ((payload, stamp, signature), new) = (parts(old), parts(new));
    assert_eq!(new.0, payload);
    assert!(new.1 != stamp && new.2 != signature, "{new:?}");
}

#[test]
fn a_refresh_writes_the_payload_that_came() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let plain = cookie_with(&sessions, "a", 1);
    // Compressed for a limit that there is no more: written from its map, it would be plain.
    let limited = ours(&time).max_cookie_size(1000).build().unwrap();
    let compressed = cookie_with(&limited, "a", "a".repeat(2000));
    assert!(compressed.contains("=."));
    let with_flash = visit(&sessions, &[], |session| session.flash("welcome", "info")).unwrap();
    let with_flash = with_flash.cookie().unwrap().to_owned();
    for cookie in [plain, compressed, with_flash] {
        time.set(NOW + TENTH);
        let refreshed = read(&sessions, &cookie);
        assert_eq!(refreshed.kinds(), []);
        assert_signed_anew(&cookie, &written(&refreshed));
        time.set(NOW + 2 * TENTH);
        // Again, of what was signed anew.
        assert_signed_anew(&cookie, &written(&read(&sessions, &written(&refreshed))));
        // With a new key, and under a new name.
        let ring = || KeyRing::new(key(OTHER_KEY)).verify_only(key(KEY));
        let rotated = Sessions::builder(ring())
            .clock(time.clone())
            .build()
            .unwrap();
        let resigned = written(&read(&rotated, &cookie));
        assert_signed_anew(&cookie, &resigned);
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
        assert_signed_anew(&cookie, &moved);
        assert_eq!(renamed.open(&request(&[&moved])).rejected(), None);
        time.set(NOW);
    }
}

/// A request that takes long, and whose session's refresh falls due meanwhile.
#[test]
fn a_refresh_that_falls_due_under_way_is_not_missed() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).build().unwrap();
    let cookie = cookie_with(&sessions, "a", "a".repeat(4000));
    let closed = visit(&sessions, &[&cookie], |_| {
        time.advance(Duration::from_secs(TENTH));
        Ok(())
    });
    assert_signed_anew(&cookie, closed.unwrap().cookie().unwrap());
}

/// A change writes the text anew, and an encrypted payload stands under the new stamp's authentication.
#[test]
fn what_was_changed_or_is_encrypted_is_written_anew() {
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

/// `SecureCookieSessionInterface`'s signature over any payload.
fn signed_by_flask(payload: &str) -> String {
    let sha1 = |key: &[u8], text: &[u8]| {
        Hmac::<Sha1>::new_from_slice(key)
            .unwrap()
            .chain_update(text)
            .finalize()
            .into_bytes()
    };
    let text = format!("{payload}.ZVPxAA");
    let signature = sha1(&sha1(b"dev", b"cookie-session"), text.as_bytes());
    format!("session={text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// No zlib runs for a refresh in Flask's format, and no JSON is written: what neither would give comes back.
#[test]
fn a_refresh_signs_flasks_own_payload() {
    let (time, json) = (
        ManualClock::at(NOW),
        r#"{ "b": "\u00e9", "a": [1, 2], "_permanent": true }"#,
    );
    let sessions = flask(&time);
    let mut odd = vec![URL_SAFE_NO_PAD.encode(json)];
    // Streams that no level of our zlib makes: a stored block, and bytes behind the end, which Python ignores.
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
        assert_signed_anew(&cookie, &written(&refreshed));
        assert!(refreshed.set_cookie().unwrap().contains("; Expires="));
        // Nobody asked for it: as Flask, and the same bytes.
        let unasked = common::respond::<fn(&Session) -> Result<(), Error>>(
            &sessions,
            &[&cookie],
            HeaderMap::new(),
            None,
        );
        assert_eq!(written(&unasked.unwrap()), written(&refreshed));
        // A fallback's cookie is signed with the key that signs now.
        let ring = KeyRing::flask("new").fallback("dev");
        let rotated = Sessions::flask_builder("new")
            .clock(time.clone())
            .build()
            .unwrap();
        rotated.set_keys(ring).unwrap();
        assert_signed_anew(&cookie, &written(&read(&rotated, &cookie)));
    }
}

/// zlib-rs at level 6 makes some of them longer than a browser keeps; what was changed is then made as short as it gets.
#[test]
fn a_flask_session_that_is_changed_fits_as_it_did_for_flask() {
    let sessions = flask(&ManualClock::at(NOW + 5));
    for cookie in NEAR_LIMIT.lines() {
        let changed = visit(&sessions, &[cookie], |session| {
            session.increment("visits", 1).map(drop)
        })
        .unwrap();
        let new = changed.cookie().unwrap();
        assert!(new.len() - 1 <= 4096, "{} {}", cookie.len(), new.len());
        assert_eq!(
            sessions
                .open(&request(&[new]))
                .get::<i64>("visits")
                .unwrap(),
            Some(42)
        );
    }
}

#[test]
fn our_sessions_are_made_as_short_as_they_get_before_it_is_an_error() {
    let time = ManualClock::at(NOW);
    // Lists of similar texts: level 6 leaves the most.
    let permissions = |count: usize| -> Vec<String> {
        let words = [
            "alpha", "beta", "gamma", "delta", "user", "role", "admin", "cart", "item", "price",
            "token",
        ];
        let letters = noise(3 * count).into_bytes();
        let word = |letter: &u8| words[usize::from(*letter) % words.len()];
        letters
            .chunks(3)
            .map(|three| format!("{}.view_{}{}", word(&three[0]), word(&three[1]), three[2]))
            .collect()
    };
    let sessions = ours(&time).build().unwrap();
    let by_level_6 = |count: usize| {
        let json = serde_json::json!({ "permissions": permissions(count) }).to_string();
        let mut deflate = flate2::Compress::new(flate2::Compression::new(6), true);
        let mut stream = Vec::with_capacity(20_000);
        deflate
            .compress_vec(json.as_bytes(), &mut stream, flate2::FlushCompress::Finish)
            .unwrap();
        "__Host-session".len() + 1 + URL_SAFE_NO_PAD.encode(stream).len() + 2 + 24 + 43
    };
    let counts: Vec<usize> = (100..2000).collect();
    let count = counts[counts.partition_point(|count| by_level_6(*count) <= 4096)];
    assert!((4097..4120).contains(&by_level_6(count)));
    let insert = |session: &Session| session.insert("permissions", permissions(count));
    let written = visit(&sessions, &[], insert).unwrap();
    let session = sessions.open(&request(&[written.cookie().unwrap()]));
    assert_eq!(
        session.get::<Vec<String>>("permissions").unwrap().unwrap(),
        permissions(count)
    );
    // A lower limit of the application's is a reason to compress, too.
    let limited = ours(&time).max_cookie_size(600).build().unwrap();
    let written = visit(&limited, &[], |session| {
        session.insert("a", "a".repeat(600))
    })
    .unwrap();
    assert!(written.set_cookie().unwrap().len() <= 600 && written.cookie().unwrap().contains("=."));
    let error = visit(&limited, &[], |session| session.insert("a", noise(600))).unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { limit: 600, .. }),
        "{error}"
    );
}

/// What goes out for a session that was only read, and the event.
fn assert_left(closed: &Closed, limit: usize, case: &str) {
    let kinds = closed.kinds();
    let [EventKind::NotRewritten { size, limit: found }] = kinds[..] else {
        panic!("{case}: {kinds:?}")
    };
    assert!(size > limit && found == limit, "{case}: {size} {found}");
    assert_eq!(closed.set_cookie(), None, "{case}");
    assert_eq!(closed.header(VARY), Some("Cookie"), "{case}");
}

/// Each way in which a session that nobody changed can have become too large for its cookie.
#[test]
fn what_cannot_be_written_again_is_left_as_it_is() {
    let time = ManualClock::at(NOW);
    let later = |seconds| at(NOW + seconds);
    let before = ours(&time).build().unwrap();
    let unprefixed = ours(&time).prefix(Prefix::None).build().unwrap();
    let encrypted_before = ours(&time).encrypted().build().unwrap();
    let full = largest(&before, noise);
    // Of 20,000 letters; JSON of more than 3,015 octets does not fit into an encrypted cookie.
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
        // Who changes it learns that it does not fit; who makes it smaller can write it.
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
fn flasks_too() {
    let time = ManualClock::at(NOW);
    let sessions = flask(&time);
    // From a client that is no browser: those keep no such cookie.
    let long = signed_by_flask(
        &URL_SAFE_NO_PAD.encode(format!(r#"{{"_permanent":true,"x":"{}"}}"#, noise(4000))),
    );
    let closed = read(&sessions, &long);
    assert_left(&closed, 4096, "flask");
    assert_eq!(closed.header(CACHE_CONTROL), None);
    // Nor is one found where nobody asks for the session, and nothing then depends on it.
    let unasked = common::respond::<fn(&Session) -> Result<(), Error>>(
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
    // Beyond MAX_COOKIE_SIZE, but such that a browser keeps it, it is sent, as Flask does.
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

/// A text that does not fit as it came may fit compressed, and is not lost for the sake of its bytes.
#[test]
fn what_fits_compressed_is_compressed() {
    let time = ManualClock::at(NOW);
    let before = ours(&time).build().unwrap();
    let cookie = cookie_with(&before, "x", "x".repeat(2000));
    assert!(!cookie.contains("=."));
    let sessions = ours(&time).max_cookie_size(1000).build().unwrap();
    time.advance(Duration::from_secs(TENTH));
    let refreshed = read(&sessions, &cookie);
    assert_eq!(refreshed.kinds(), []);
    let new = refreshed.cookie().unwrap();
    assert!(new.contains("=.") && refreshed.set_cookie().unwrap().len() <= 1000);
    assert_eq!(
        sessions
            .open(&request(&[new]))
            .get::<String>("x")
            .unwrap()
            .unwrap()
            .len(),
        2000
    );
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

/// The figures of `docs/rotation.md`, and the event by which such sessions are found before encryption begins.
#[test]
fn sessions_that_are_too_large_to_encrypt_are_found_before() {
    let time = ManualClock::at(NOW);
    let encrypted = ours(&time).encrypted().build().unwrap();
    let next = ours(&time)
        .accept_encrypted_until(at(NOW + 100 * TENTH))
        .build()
        .unwrap();
    let insert = |length: usize| {
        move |session: &Session| session.insert("x", "x".repeat(length - r#"{"x":""}"#.len()))
    };
    // JSON that a signed cookie holds uncompressed, and that an encrypted one holds.
    for (octets, compressed, too_large) in [
        (3009, false, false),
        (3010, true, false),
        (3015, true, false),
        (3016, true, true),
    ] {
        let closed = visit(&next, &[], insert(octets)).unwrap();
        assert_eq!(
            closed.cookie().unwrap().contains("=."),
            compressed,
            "{octets}"
        );
        let found: Vec<_> = closed
            .kinds()
            .into_iter()
            .filter(|kind| *kind != EventKind::Created)
            .collect();
        let expected = EventKind::TooLargeToEncrypt {
            size: 4097,
            limit: 4096,
        };
        assert_eq!(
            found,
            if too_large { vec![expected] } else { vec![] },
            "{octets}"
        );
        match visit(&encrypted, &[], insert(octets)) {
            Ok(_) => assert!(!too_large, "{octets}"),
            Err(error) => {
                assert!(
                    too_large && matches!(error, Error::TooLarge { size: 4097, .. }),
                    "{octets} {error}"
                )
            }
        }
    }
    for (block, most) in [(16, 3006), (64, 2990), (256, 2798), (1024, 2030)] {
        let padded = ours(&time).padding(block).build().unwrap();
        assert!(visit(&padded, &[], insert(most)).is_ok(), "{block}");
        assert!(visit(&padded, &[], insert(most + 1)).is_err(), "{block}");
    }
    // Read without a change: with its next refresh, not with each request.
    let cookie = written(&visit(&next, &[], insert(5000)).unwrap());
    assert_eq!(read(&next, &cookie).kinds(), []);
    time.advance(Duration::from_secs(TENTH));
    assert!(matches!(
        read(&next, &cookie).kinds()[..],
        [EventKind::TooLargeToEncrypt {
            size: 6742,
            limit: 4096
        }]
    ));
    // Not beyond the window, and not where nobody is about to encrypt.
    time.set(NOW + 100 * TENTH);
    assert_eq!(
        visit(&next, &[], insert(5000)).unwrap().kinds(),
        [EventKind::Created]
    );
    let signed = ours(&time).build().unwrap();
    assert_eq!(
        visit(&signed, &[], insert(5000)).unwrap().kinds(),
        [EventKind::Created]
    );
    // A limit of the application's counts as well.
    let limited = ours(&time)
        .max_cookie_size(1000)
        .accept_encrypted_until(at(NOW + 200 * TENTH))
        .build()
        .unwrap();
    let kinds = visit(&limited, &[], insert(1000)).unwrap().kinds();
    assert!(
        matches!(
            kinds[..],
            [
                EventKind::TooLargeToEncrypt { limit: 1000, .. },
                EventKind::Created
            ]
        ),
        "{kinds:?}"
    );
}

/// The default of Flask is to write permanent sessions with each response; ours can be told to.
#[test]
fn each_request_writes_the_payload_that_came() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time).refresh(Refresh::EachRequest).build().unwrap();
    let cookie = cookie_with(&sessions, "a", "a".repeat(4000));
    time.advance(Duration::from_secs(1));
    assert_signed_anew(&cookie, &written(&read(&sessions, &cookie)));
}
