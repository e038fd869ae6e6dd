//! The core finds the values in a Cookie header that the `cookie` crate finds; in Flask's format, those that a second
//! implementation of Werkzeug's rules finds.
//!
//! Two differences from the crate are intended: the core trims only space and tab, and it reads bytes that are not UTF-8. So the
//! crate gets private characters in the place of bytes that are not ASCII, which it does not trim. A header has no control
//! characters.

#![no_main]

use cookie::Cookie;
use http::HeaderValue;
use session_fuzz::property::naive;

/// The first byte of the input chooses the name, the rest is the header.
fn check(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let Ok(header) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let name = ["a", "session", "__Host-session", "__Secure-a.b"][usize::from(*choice) % 4];
    let text: String = bytes.iter().map(to_char).collect();
    let cookies = Cookie::split_parse(&*text)
        .filter_map(Result::ok)
        .filter(|cookie| cookie.name() == name);
    let expected: Vec<Vec<u8>> = cookies.map(|cookie| to_bytes(cookie.value())).collect();
    assert_eq!(session_core::fuzzing::values(name, &header), expected);

    let pairs = naive::cookie::pairs(bytes)
        .into_iter()
        .filter(|pair| pair.0 == name.as_bytes());
    let expected: Vec<Vec<u8>> = pairs.map(|pair| pair.1).collect();
    assert_eq!(
        session_core::fuzzing::values_of_flask(name, &header),
        expected
    );
}

/// ASCII as it is, other bytes as characters of the private use area.
fn to_char(byte: &u8) -> char {
    if byte.is_ascii() {
        char::from(*byte)
    } else {
        char::from_u32(0xe000 + u32::from(*byte)).unwrap()
    }
}

/// The inverse of `to_char`, for each character: the private use area begins at a multiple of 256.
fn to_bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u32::from(c).to_le_bytes()[0])
        .collect()
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
