//! Values of both formats, written a second time from their descriptions.

use std::io::Write;

use ::http::HeaderMap;
use allocation_counter::{AllocationInfo, measure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use session_core::{Rejected, Sessions};
use sha1::Sha1;
use sha2::Sha256;

use crate::NOW;
use crate::common::{KEY, request};

pub(crate) const DAY: u64 = 24 * 60 * 60;

pub(crate) fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn hmac256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Signs a value of our format, from its description, for any context.
pub(crate) fn signed(
    version: [u8; 2],
    purpose: u8,
    name: &str,
    context: &str,
    payload: &str,
) -> String {
    let mut message = b"rust-session".to_vec();
    message.extend(version);
    message.push(purpose);
    for part in [name, context] {
        message.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        message.extend(part.as_bytes());
    }
    let mut stamp = vec![0];
    stamp.extend(&NOW.to_be_bytes()[3..]);
    stamp.extend([[0; 4], [255; 4], [0; 4]].concat());
    let text = format!("{payload}.{}", b64(&stamp));
    let signature = hmac256(&hmac256(KEY.as_bytes(), &message), text.as_bytes());
    format!("{text}.{}", b64(&signature))
}

pub(crate) fn signed_by_flask(payload: &str) -> String {
    let hmac1 = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let text = format!(
        "{payload}.{}",
        b64(&u32::try_from(NOW).unwrap().to_be_bytes())
    );
    format!(
        "{text}.{}",
        b64(&hmac1(
            &hmac1(KEY.as_bytes(), b"cookie-session"),
            text.as_bytes()
        ))
    )
}

pub(crate) fn rejection(sessions: &Sessions, value: &str) -> Option<Rejected> {
    let session = sessions.open(&request(&[&format!("{}={value}", sessions.cookie_name())]));
    assert_eq!(session.rejected().is_some(), session.written().is_none());
    session.rejected()
}

pub(crate) fn value(pair: &str) -> &str {
    pair.split_once('=').unwrap().1
}

/// Measures the allocations of opening a session from these headers.
pub(crate) fn opening(sessions: &Sessions, headers: &HeaderMap) -> AllocationInfo {
    measure(|| drop(sessions.open(headers)))
}

pub(crate) fn zlib(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}
