//! The contents of a cookie.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use session_core::tagged::DateTime;
use session_core::{Error, Rejected, Session, Sessions};

use crate::common::visit;
use crate::helpers::{NOW, flask, opened, signed, signed_at};

#[test]
fn a_payload_that_cannot_be_read_is_an_empty_session() {
    let not_utf_8 = URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}");
    let long = format!("{{\"a\":{}}}", "9".repeat(4301));
    for payload in [
        URL_SAFE_NO_PAD.encode("{\"a\":"),
        not_utf_8,
        URL_SAFE_NO_PAD.encode(long),
        ".AAAA".to_owned(),
    ] {
        let session = opened(&signed_at(&payload, NOW));
        assert!(
            session.is_empty() && session.rejected() == Some(Rejected::Unreadable),
            "{payload}"
        );
    }
}

#[test]
fn a_tag_twice_is_a_dict_and_as_the_whole_no_session() {
    let session = opened(&signed(r#"{"a":{" t":[1]," t":[2]}}"#));
    assert_eq!(session.to_json(), r#"{"a":{" t":[1]," t":[2]}}"#);
    let session = opened(&signed(r#"{" t":[1]," t":[2]}"#));
    assert_eq!(session.rejected(), Some(Rejected::Unreadable));
}

#[test]
fn times_after_the_year_9999_are_refused_and_capped() {
    for at in [253_402_300_800, u64::MAX] {
        let session = opened(&signed_at(&URL_SAFE_NO_PAD.encode("{\"a\":1}"), at));
        assert_eq!(session.rejected(), Some(Rejected::Future));
    }
    // The last date that Python can format has a year of four digits.
    let sessions = Sessions::flask_builder("dev")
        .idle_lifetime(Duration::MAX)
        .build()
        .unwrap();
    let closed = visit(&sessions, &[], |session| session.set_permanent(true)).unwrap();
    assert!(
        closed
            .set_cookie()
            .unwrap()
            .contains("; Expires=Fri, 31 Dec 9999 23:59:59 GMT")
    );
    assert!(
        DateTime::from_unix(253_402_300_799).is_some()
            && DateTime::from_unix(253_402_300_800).is_none()
    );
}

#[test]
fn a_value_of_more_than_120_levels_is_read_and_not_written() {
    let nested = |levels: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(levels - 1),
            "]".repeat(levels - 1)
        )
    };
    let session = flask().open(&HeaderMap::new());
    assert!(session.insert_tagged_json(&nested(120)).is_ok());
    assert_eq!(
        session.insert_tagged_json(&nested(121)),
        Err(Error::NotAnObject { depth: 120 })
    );
    assert!(session.insert_json(&nested(121)).is_err());
    // A value that came with the cookie is written again.
    let session = opened(&signed(&nested(500)));
    session.insert("b", 1).unwrap();
    assert_eq!(session.payload(), nested(500).replace("}", ",\"b\":1}"));
    assert!(opened(&signed(&nested(1001))).rejected().is_some());
}

#[test]
fn keys_with_lone_surrogates_stay_and_cannot_be_named() {
    let session = opened(&signed(r#"{"\ud800":1,"b":2}"#));
    assert_eq!(
        (session.len(), session.keys()),
        (
            2,
            vec!["b".to_owned(), "\u{fffd}\u{fffd}\u{fffd}".to_owned()]
        )
    );
    for key in session.keys().iter().filter(|key| *key != "b") {
        assert!(!session.contains_key(key) && !session.remove(key).unwrap());
    }
    session.insert("b", 3).unwrap();
    assert_eq!(session.payload(), r#"{"b":3,"\ud800":1}"#);
    assert!(session.insert_tagged_json(r#"{"\ud800":1}"#).is_err());
    session.clear().unwrap();
    assert!(session.is_empty());
}

#[test]
fn cookies_larger_than_a_header_are_refused() {
    let session = opened(&format!("session={}", "a".repeat((16 << 10) + 1)));
    assert_eq!(session.rejected(), Some(Rejected::TooLong));
    // A compression bomb of some kilobytes.
    let json = format!("{{\"a\":\"{}\"}}", "a".repeat(4 << 20));
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflate, json.as_bytes()).unwrap();
    let payload = format!(".{}", URL_SAFE_NO_PAD.encode(deflate.finish().unwrap()));
    let session = opened(&signed_at(&payload, NOW));
    assert_eq!(session.rejected(), Some(Rejected::Unreadable));
}

#[test]
fn the_cookies_of_a_custom_tag_go_back_as_they_came() {
    let sessions = flask();
    for json in [
        r#"{" di":{"od__":1}}"#,
        r#"{" di":{" od__":[1,{" t":[2]}]}}"#,
        r#"{" di":{"\u00e9\"__":1}}"#,
    ] {
        let session = opened(&signed(json));
        assert_eq!(
            (session.rejected(), session.len(), &*session.payload()),
            (None, 1, json)
        );
        let key = session.keys().remove(0);
        session.insert(&key, 2).unwrap();
        let guarded = &json[..json.find("__").unwrap()];
        assert_eq!(session.payload(), format!("{guarded}__\":2}}}}"));
        // A dict with two keys is not a tag.
        session.insert("zz", 1).unwrap();
        assert!(!session.payload().contains(" di"));
        session.remove("zz").unwrap();
        assert!(session.payload().starts_with(guarded));
        session.remove(&key).unwrap();
        session.insert("zz", 1).unwrap();
        assert_eq!(session.payload(), r#"{"zz":1}"#);
        // Read, then written again without a change.
        let closed = visit(&sessions, &[&signed(json)], Session::mark_modified).unwrap();
        assert_eq!(opened(closed.cookie().unwrap()).payload(), json);
    }
    // Inside a session the custom tag means nothing, and stays as it is.
    let nested = r#"{"a":{" di":{"od__":1}}}"#;
    let session = opened(&signed(nested));
    assert!(session.get::<serde_json::Value>("a").is_err());
    assert_eq!((&*session.payload(), &*session.to_json()), (nested, nested));
}

#[test]
fn datetimes_are_of_the_years_1_to_9999() {
    let session = flask().open(&HeaderMap::new());
    let year_1 = DateTime::from_unix(-62_135_596_800).unwrap();
    session.insert("then", year_1).unwrap();
    assert_eq!(session.get::<DateTime>("then").unwrap(), Some(year_1));
    assert!(DateTime::from_unix(-62_135_596_801).is_none());
}
