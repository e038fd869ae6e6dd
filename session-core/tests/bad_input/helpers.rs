//! Our format and Flask's written a second time, from their descriptions, so that a test can sign
//! any payload.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use session_core::{Rejected, Sessions};
use sha1::Sha1;
use sha2::Sha256;

use crate::common::{KEY, ManualClock, key, request};

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn hmac256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Signs any payload in our format.
pub(crate) fn sign_ours(secret: &str, name: &str, payload: &str, stamp: &[u8]) -> String {
    let mut context = b"rust-session\x00\x01\x01".to_vec();
    for part in [name, ""] {
        context.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        context.extend(part.as_bytes());
    }
    let signed = format!("{payload}.{}", base64(stamp));
    let signature = hmac256(&hmac256(secret.as_bytes(), &context), signed.as_bytes());
    format!("{name}={signed}.{}", base64(&signature))
}

pub(crate) fn stamp(issued: u64) -> Vec<u8> {
    let mut stamp = vec![0];
    stamp.extend(&issued.to_be_bytes()[3..]);
    stamp.extend([0; 4]);
    stamp.extend([255; 4]);
    stamp.extend([0; 4]);
    stamp
}

/// Signs any payload in Flask's format.
pub(crate) fn sign_flask(secret: &str, payload: &str, issued: u64) -> String {
    let hmac1 = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let issued = issued.to_be_bytes();
    let zeros = issued.iter().take_while(|byte| **byte == 0).count();
    let signed = format!("{payload}.{}", base64(&issued[zeros..]));
    let key = hmac1(secret.as_bytes(), b"cookie-session");
    format!(
        "session={signed}.{}",
        base64(&hmac1(&key, signed.as_bytes()))
    )
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn ours() -> Sessions {
    Sessions::builder(key(KEY))
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap()
}

pub(crate) fn flask() -> Sessions {
    Sessions::flask_builder("dev")
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap()
}

pub(crate) fn rejection(sessions: &Sessions, cookie: &str) -> Option<Rejected> {
    let session = sessions.open(&request(&[cookie]));
    if session.rejected().is_some() {
        assert!(session.is_empty() && session.keys().is_empty() && session.written().is_none());
        assert_eq!(session.get::<i64>("a").unwrap(), None);
    }
    session.rejected()
}
