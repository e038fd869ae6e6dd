//! The content of a record, for an operator's tool: without an id, and with the key only if it is
//! encrypted.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{KEY, OTHER_KEY, key};
use http::HeaderMap;
use session_core::protocol::{Record, Step, StoreRequest};
use session_core::{Builder, RecordKey, Sessions, StoredSessions};

fn sessions(configure: impl FnOnce(Builder) -> Builder) -> StoredSessions {
    configure(Sessions::builder(key(KEY)))
        .build_stored()
        .unwrap()
}

/// Returns the record that a new session is stored as.
fn stored(sessions: &StoredSessions) -> (RecordKey, Record) {
    let exchange = sessions.exchange(&HeaderMap::new());
    let session = exchange.open().done().unwrap().unwrap();
    session.insert("a", 1).unwrap();
    session.flash("hello", "info").unwrap();
    let Step::Pending(pending) = exchange.close() else {
        panic!("nothing is stored");
    };
    match pending.request() {
        StoreRequest::Insert { key, record, .. } => (*key, record.clone()),
        other => panic!("{other:?}"),
    }
}

/// Whether this is the content. A flash has a random number.
fn is_content(json: Option<String>) -> bool {
    let json = json.unwrap_or_default();
    json.starts_with(r#"[{"a":1},[["#) && json.ends_with(r#","info","hello"]]]"#)
}

#[test]
fn a_plain_record_needs_no_key() {
    let (key, record) = stored(&sessions(|builder| builder));
    let other = Sessions::builder(common::key(OTHER_KEY))
        .build_stored()
        .unwrap();
    assert!(!record.is_encrypted());
    assert!(is_content(other.record_content(key, &record)));
    // Where records are encrypted, a plain one may be an attacker's.
    let encrypting = sessions(Builder::encrypted);
    assert_eq!(encrypting.record_content(key, &record), None);
}

#[test]
fn an_encrypted_record_needs_its_key_and_its_place() {
    let encrypting = sessions(Builder::encrypted);
    let (key, record) = stored(&encrypting);
    assert!(record.is_encrypted());
    assert!(is_content(encrypting.record_content(key, &record)));
    let elsewhere = RecordKey::from_bytes([7; 32]);
    assert_eq!(encrypting.record_content(elsewhere, &record), None);
    let of_ada = Record {
        user: Some("ada".into()),
        ..record.clone()
    };
    assert_eq!(encrypting.record_content(key, &of_ada), None);
    let context = sessions(|builder| builder.encrypted().context("shop"));
    assert_eq!(context.record_content(key, &record), None);
    let other = Sessions::builder(common::key(OTHER_KEY)).encrypted();
    let other = other.build_stored().unwrap();
    assert_eq!(other.record_content(key, &record), None);
    assert_eq!(sessions(|b| b).record_content(key, &record), None);
}
