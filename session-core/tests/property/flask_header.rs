//! In Flask's format a session opens exactly where the naive reading of the Cookie header finds its
//! cookie.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue, header};

use super::{FLASK, assert_nothing, naive};

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let request = session_core::testing::request(&FLASK, |session| session.insert("a", 1)).unwrap();
    request["cookie"]
        .as_bytes()
        .strip_prefix(b"session=")
        .unwrap()
        .to_vec()
});

/// Each byte chooses the next part of the header.
pub fn check(data: &[u8]) {
    let parts: [&[u8]; 16] = [
        &GOOD,
        b"session",
        b"=",
        b";",
        b"\"",
        b"\\",
        b" ",
        b"\t",
        b"session=",
        b"a",
        b"b=1",
        b"\\\"",
        b"\\145",
        b"; ",
        b"\xa0",
        b"=\"",
    ];
    let chosen = data
        .iter()
        .take(100)
        .map(|byte| parts[usize::from(*byte) % parts.len()]);
    let text = chosen.collect::<Vec<_>>().concat();
    let request = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(&text).unwrap())]);
    let session = FLASK.open(&request);
    let pairs = naive::cookie::pairs(&text);
    let mut values = pairs
        .iter()
        .filter(|pair| pair.0 == b"session")
        .map(|pair| &pair.1);
    // Only the first is read.
    if values.next() == Some(&*GOOD) {
        assert_eq!(
            (session.rejected(), session.len()),
            (None, 1),
            "{}",
            text.escape_ascii()
        );
    } else {
        assert_nothing(&session);
    }
}
