//! The values of our cookie in a header are those that the `cookie` crate finds; in Flask's format, those that a second
//! writing of Werkzeug's rules finds.
//!
//! From the crate, two differences are meant: we trim space and tab and nothing else, and we read bytes that are no UTF-8. So
//! the crate is shown bytes beyond ASCII as characters that it does not trim; a control character cannot stand in a header.

#![no_main]

use cookie::Cookie;
use http::HeaderValue;
use session_fuzz::property::naive;

/// The first byte chooses the name, the rest is the header.
fn check(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let Ok(header) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let name = ["a", "session", "__Host-session", "__Secure-a.b"][usize::from(*choice) % 4];
    let private_use = |byte: &u8| {
        if byte.is_ascii() {
            char::from(*byte)
        } else {
            shown(*byte)
        }
    };
    let shown: String = bytes.iter().map(private_use).collect();
    let cookies = Cookie::split_parse(&*shown)
        .filter_map(Result::ok)
        .filter(|cookie| cookie.name() == name);
    let expected: Vec<Vec<u8>> = cookies.map(|cookie| hidden(cookie.value())).collect();
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

fn shown(byte: u8) -> char {
    char::from_u32(0xe000 + u32::from(byte)).unwrap()
}

fn hidden(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u32::from(c).to_le_bytes()[0])
        .collect()
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
