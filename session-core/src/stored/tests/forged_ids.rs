//! Ids that this server did not sign.

use crate::error::Rejected;
use crate::keys::secret_key::SecretKey;
use crate::sessions::Sessions;
use crate::stored::tests::{KEY, server, visit};
use crate::testing;
use http::header::COOKIE;

/// T4, S1: with any bit flipped, no request is sent to the store. T5: a record's key is no cookie.
#[test]
fn t4_a_forged_id_reaches_no_store() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let start = "__Host-session=".len();
    for byte in start..cookie.len() {
        for bit in 0..8 {
            let mut forged = cookie.clone().into_bytes();
            forged[byte] ^= 1 << bit;
            let Some(forged) = String::from_utf8(forged)
                .ok()
                .filter(|text| http::HeaderValue::try_from(text).is_ok())
            else {
                continue;
            };
            assert!(server.open(&forged).1.is_empty(), "{forged}");
        }
    }
    let key = *server.store.lock().unwrap().slots.keys().next().unwrap();
    let text = crate::base64::encode(&[&key.as_bytes()[..], &[0; 16]].concat());
    let replayed = format!("__Host-session={text}{}", &cookie[start + 64..]);
    for hostile in [
        replayed.as_str(),
        "__Host-session=../../x",
        "__Host-session=\u{1f600}",
        "__Host-session=",
    ] {
        assert!(server.open(hostile).1.is_empty());
    }
    // Signed by us, for another purpose, name or context.
    let key = || SecretKey::new(KEY).unwrap();
    let plain = Sessions::builder(key())
        .clock(server.time.clone())
        .build()
        .unwrap();
    let signed = testing::request(&plain, |session| session.insert("a", 1)).unwrap();
    assert!(
        server
            .open(signed[COOKIE].to_str().unwrap())
            .1
            .rejected()
            .is_some()
    );
    for other in [
        Sessions::builder(key()).cookie_name("other"),
        Sessions::builder(key()).context("other"),
    ] {
        let other = other.clock(server.time.clone()).build_stored().unwrap();
        let id = testing::stored_request(&other);
        let pair = format!(
            "__Host-session={}",
            id[COOKIE].to_str().unwrap().split_once('=').unwrap().1
        );
        assert_eq!(
            server.open(&pair).1.rejected(),
            Some(Rejected::BadSignature)
        );
    }
    assert!(server.verbs().is_empty());
    assert_eq!(server.json(&cookie), r#"{"visits":1}"#);
}
