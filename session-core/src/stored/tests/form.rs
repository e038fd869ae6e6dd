//! The form of an id: lengths, alphabet, and its room in a cookie.

#![allow(clippy::unwrap_used, clippy::panic)]

use crate::error::Rejected;
use crate::keys::secret_key::SecretKey;
use crate::sessions::Sessions;
use crate::stored::tests::{KEY, server, visit};

/// What has not the lengths of an id is told from what somebody else has signed.
#[test]
fn of_another_length() {
    let server = server(|builder| builder);
    let id = server.begin(visit).split_off("__Host-session=".len());
    let [payload, stamp, signature] = id.split('.').collect::<Vec<_>>()[..] else {
        panic!("{id}")
    };
    for (value, expected) in [
        (format!("{id}A"), Rejected::TooLong),
        (
            format!("{}.{stamp}.{signature}", &payload[1..]),
            Rejected::Malformed,
        ),
        (
            format!("{payload}.{}.{signature}", &stamp[1..]),
            Rejected::Malformed,
        ),
        (
            format!("{payload}.{stamp}.{}", &signature[1..]),
            Rejected::Malformed,
        ),
        (
            format!("{payload}A.{}.{signature}", &stamp[1..]),
            Rejected::Malformed,
        ),
        (
            format!("{}.{stamp}.{signature}A", &payload[1..]),
            Rejected::Malformed,
        ),
        (
            format!("{payload}.*{}.{signature}", &stamp[1..]),
            Rejected::Malformed,
        ),
        (
            format!("{}A.{stamp}.{signature}", &payload[1..]),
            Rejected::BadSignature,
        ),
    ] {
        let (_exchange, session) = server.open(&format!("__Host-session={value}"));
        assert_eq!(session.rejected(), Some(expected), "{value}");
    }
}

/// A configuration whose ids fit exactly can be built, and one with an octet less says how long they are.
#[test]
fn ids_that_just_fit() {
    let build = |limit| {
        let builder = Sessions::builder(SecretKey::new(KEY).unwrap());
        builder
            .max_cookie_size(limit)
            .build_stored()
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let least = (1..).find(|limit| build(*limit).is_ok()).unwrap();
    let error = build(least - 1).unwrap_err();
    let expected = format!(
        "the cookie of a stored session takes {least} octets, the limit is {}",
        least - 1
    );
    assert!(error.contains(&expected), "{error}");
}
