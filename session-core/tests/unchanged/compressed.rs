//! Sessions near the limit of a cookie: they are compressed so that they fit.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{Error, Session};

use crate::common::{ManualClock, cookie_with, request, visit};
use crate::helpers::{NEAR_LIMIT, NOW, TENTH, flask, noise, ours, read};

/// zlib-rs at level 6 makes some of them longer than browsers store. After a change such a session
/// is compressed as much as possible.
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
fn our_sessions_are_compressed_as_much_as_possible_before_an_error() {
    let time = ManualClock::at(NOW);
    // Lists of similar texts, where level 6 is worst.
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
    // A lower limit that the application sets is a reason to compress, too.
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

/// A text that no longer fits as it came is compressed, although a refresh otherwise keeps its
/// bytes.
#[test]
fn sessions_that_fit_compressed_are_compressed() {
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
