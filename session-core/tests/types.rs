//! No type turns into another: what a user typed stays text, and what Flask tagged stays what it was.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashMap;

use common::formats;
use http::HeaderMap;
use serde_json::{Value, json};
use session_core::tagged::{Bytes, Markup, Tuple};
use session_core::testing::{reopen, respond};
use session_core::{Error, Session, Sessions};

/// A session of each format.
fn each() -> impl Iterator<Item = Session> {
    formats().into_iter().map(|(_, builder)| builder.build().unwrap().open(&HeaderMap::new()))
}

#[test]
fn a_users_json_has_no_tags() {
    let typed =
        r#"{"a": {" m": "<script>"}, "b": [{"\u0020t": [{" u": "x"}]}], " d": {" di": {" t__": []}}}"#;
    for session in each() {
        session.insert_json(typed).unwrap();
        assert!(session.get::<Markup>("a").is_err());
        assert!(session.get::<Vec<Tuple<Value>>>("b").is_err());
        let expected: Value = serde_json::from_str(typed).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&session.to_json()).unwrap(), expected);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(session.get::<Value>(key).unwrap().as_ref(), Some(value));
        }
    }
    // As `insert` of the same value, to the byte; also where it is the whole of a session of Flask's.
    let flask = |fill: &dyn Fn(&Session) -> Result<(), Error>| {
        let session = Sessions::flask("dev").unwrap().open(&HeaderMap::new());
        fill(&session).unwrap();
        session.payload()
    };
    let json = flask(&|session| session.insert_json(r#"{" m": {" m": "<script>"}}"#));
    assert_eq!(json, flask(&|session| session.insert(" m", json!({" m": "<script>"}))));
    assert_eq!(json, r#"{" di":{" m__":{" di":{" m__":"<script>"}}}}"#);
}

#[test]
fn an_applications_json_has_tags() {
    for session in each() {
        session.insert_tagged_json(r#"{"a": {" m": "<b>"}}"#).unwrap();
        assert_eq!(session.get::<Markup>("a").unwrap(), Some(Markup::new("<b>")));
    }
}

/// A guard is a level of the text, so that it counts: a session that is stored can be opened again.
#[test]
fn guards_cannot_make_a_session_that_does_not_open() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |value, _| json!({ " t": value }));
    for (_, builder) in formats() {
        let sessions = builder.build().unwrap();
        let session = sessions.open(&HeaderMap::new());
        for levels in [61, 119] {
            let error = session.insert("a", nested(levels)).unwrap_err();
            assert!(matches!(error, Error::NotSerializable { .. }), "{error}");
            let error = session.insert_json(&json!({ "a": nested(levels) }).to_string()).unwrap_err();
            assert!(matches!(error, Error::NotAnObject { .. }), "{error}");
        }
        assert!(session.is_empty());
        let response = respond(&sessions, &HeaderMap::new(), |session| {
            session.insert("a", nested(60))?;
            session.insert_json(&json!({ "b": nested(59) }).to_string())
        });
        let again = reopen(&sessions, &response.unwrap());
        assert_eq!(again.get::<Value>("a").unwrap(), Some(nested(60)));
        assert_eq!(again.get::<Value>("b").unwrap(), Some(nested(59)));
    }
}

#[test]
fn a_float_counter_stays_one() {
    for session in each() {
        session.insert("n", 41.0).unwrap();
        assert_eq!(session.increment("n", 1).unwrap(), 42);
        assert_eq!(session.to_json(), r#"{"n":42.0}"#);
        assert_eq!(session.get::<f64>("n").unwrap(), Some(42.0));
        assert!(session.get::<i64>("n").is_err(), "a float is no integer");
        for other in [json!(0.5), json!(1e300), json!(null), json!(true), json!("1")] {
            session.insert("n", &other).unwrap();
            let error = session.increment("n", 1).unwrap_err();
            assert!(
                matches!(&error, Error::WrongType { reason, .. } if reason.contains("`update`")),
                "{error}"
            );
            assert_eq!(session.get::<Value>("n").unwrap(), Some(other));
        }
        session.insert("n", 9_007_199_254_740_992.0).unwrap();
        assert!(matches!(session.increment("n", 1), Err(Error::Overflow { .. })));
        assert_eq!(session.increment("n", -1).unwrap(), 9_007_199_254_740_991);
    }
}

#[test]
fn a_stored_null_is_there_and_is_no_text() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    enum Theme {
        Dark,
    }
    for session in each() {
        session.insert_tagged_json(r#"{"k": null}"#).unwrap();
        assert_eq!(session.get::<Option<String>>("k").unwrap(), Some(None));
        assert_eq!(session.get::<Option<Markup>>("k").unwrap(), Some(None));
        assert_eq!(session.get::<Value>("k").unwrap(), Some(Value::Null));
        assert_eq!(session.get::<()>("k").unwrap(), Some(()));
        let errors = [
            session.get::<String>("k").unwrap_err(),
            session.get::<i64>("k").unwrap_err(),
            session.get::<f64>("k").unwrap_err(),
            session.get::<bool>("k").unwrap_err(),
            session.get::<Vec<String>>("k").unwrap_err(),
            session.get::<(String, i64)>("k").unwrap_err(),
            session.get::<HashMap<String, i64>>("k").unwrap_err(),
            session.get::<Theme>("k").unwrap_err(),
            session.get::<Markup>("k").unwrap_err(),
            session.get::<Bytes>("k").unwrap_err(),
            session.take::<String>("k").unwrap_err(),
            session.get_or_insert_with("k", String::new).unwrap_err(),
            session.update("k", |text: &mut String| text.push('!')).unwrap_err(),
        ];
        for error in errors {
            let Error::WrongType { key, reason } = &error else { unreachable!("{error}") };
            assert_eq!(key, "k");
            assert!(
                reason.starts_with("found null, expected ") && reason.ends_with("read an Option"),
                "{error}"
            );
        }
        assert_eq!(session.take::<Option<String>>("k").unwrap(), Some(None));
        assert!(!session.contains_key("k"));
    }
}
