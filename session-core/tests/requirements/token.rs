//! T: ids.

use ::http::header::COOKIE;
use ::http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use session_core::{Rejected, Session, StoredSessions, protocol::Step, testing};

use crate::common::ManualClock;
use crate::{NOW, ours};

fn stored() -> StoredSessions {
    ours(&ManualClock::at(NOW)).build_stored().unwrap()
}

/// Opens the session of a cookie with this value. Returns `None` if a store would be asked for it.
fn unasked(sessions: &StoredSessions, value: &[u8]) -> Option<Session> {
    let pair = HeaderValue::from_bytes(&[b"__Host-session=", value].concat()).unwrap();
    match sessions
        .exchange(&HeaderMap::from_iter([(COOKIE, pair)]))
        .open()
    {
        Step::Done(session) => Some(session.unwrap()),
        Step::Pending(_) => None,
    }
}

/// Returns a cookie value that reaches the store.
fn good(sessions: &StoredSessions) -> String {
    let value = testing::stored_request(sessions)[COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    let value = value.strip_prefix("__Host-session=").unwrap().to_owned();
    assert!(
        unasked(sessions, value.as_bytes()).is_none(),
        "the store is asked for a valid id"
    );
    value
}

#[test]
fn t4_no_id_of_another_form_reaches_a_store() {
    let sessions = stored();
    let good = good(&sessions);
    let (id, rest) = good.split_once('.').unwrap();
    let signature = rest.split_once('.').unwrap().1;
    let hostile = [
        String::new(),
        "../../../../etc/passwd".to_owned(),
        "..%2f..%2fetc%2fpasswd".to_owned(),
        "..\\..\\boot.ini".to_owned(),
        "sessions:*".to_owned(),
        "' OR '1'='1".to_owned(),
        "%00".to_owned(),
        "\u{1f600}".repeat(33),
        "\u{ff0e}\u{ff0f}".to_owned(),
        "A".repeat(1 << 20),
        "A".repeat(good.len()),
        id.to_owned(),
        format!("{id}."),
        format!("{id}.{signature}"),
        format!("{id}..{signature}"),
        format!("{}.{rest}", &id[..63]),
        format!("{id}A.{rest}"),
        format!("{id}=.{rest}"),
        format!("../{}.{rest}", &id[3..]),
        format!("{}/.{rest}", &id[..63]),
        good.to_uppercase(),
        good.repeat(2),
        format!("\"{good}\""),
    ];
    for value in &hostile {
        let session = unasked(&sessions, value.as_bytes()).unwrap_or_else(|| panic!("{value}"));
        assert!(matches!(
            session.rejected(),
            Some(Rejected::Malformed | Rejected::TooLong | Rejected::BadSignature)
        ));
    }
    // NUL and line breaks are not valid in a header.
    for never in [&b"a\0b"[..], b"a\r\nb", b"a\nb"] {
        assert!(HeaderValue::from_bytes(never).is_err());
    }
}

proptest! {
    #[test]
    fn t4_no_noise_reaches_a_store(
        noise in prop::collection::vec(prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8, Just(b'\t')], 0..300),
        at in any::<prop::sample::Index>(),
        other in prop_oneof![0x21..=0x3a_u8, 0x3c..=0x7e_u8, 0x80..=0xff_u8],
    ) {
        let sessions = stored();
        prop_assert!(unasked(&sessions, &noise).is_some());
        // One character of a valid id is replaced.
        let mut value = good(&sessions).into_bytes();
        let at = at.index(value.len());
        prop_assume!(value[at] != other);
        value[at] = other;
        let session = unasked(&sessions, &value);
        prop_assert!(session.is_some_and(|session| session.rejected().is_some() && session.is_empty()));
    }
}
