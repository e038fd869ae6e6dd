//! Tests `arbitrary_precision` and `raw_value`: a value that serde_json holds as text is a number,
//! or a value, in the session.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Number, Value, json};
use session_core::tagged::{Markup, Tuple};
use session_core::testing::{reopen, respond};
use session_core::{Config, SecretKey, Session, Sessions};

const LONG: &str = "123456789012345678901234567890123456789012345678901234567890";

fn both() -> [Sessions; 2] {
    [
        Sessions::flask("dev").unwrap(),
        Sessions::new(SecretKey::generate().unwrap()),
    ]
}

fn empty(sessions: &Sessions) -> Session {
    sessions.open(&HeaderMap::new())
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

#[test]
fn the_features_are_on() {
    assert_eq!(
        serde_json::from_str::<Value>(LONG).unwrap().to_string(),
        LONG
    );
}

#[test]
fn numbers_are_numbers() {
    for sessions in both() {
        let session = empty(&sessions);
        session.insert("v", json!(5)).unwrap();
        session
            .insert(
                "user",
                json!({"id": 7, "score": 1.5, "list": [-1, 1e300, 0.1]}),
            )
            .unwrap();
        assert_eq!(
            session.payload(),
            r#"{"user":{"id":7,"list":[-1,1e+300,0.1],"score":1.5},"v":5}"#
        );
        assert_eq!(session.get::<i64>("v").unwrap(), Some(5));
        assert_eq!(session.increment("v", 1).unwrap(), 6);
        assert_eq!(
            session.get::<Value>("user").unwrap().unwrap()["list"],
            json!([-1, 1e300, 0.1])
        );
        assert_eq!(session.get::<f64>("v").unwrap(), Some(6.0));
        session.push("l", Number::from(7)).unwrap();
        session.flash(json!({"n": 1}), "info").unwrap();
        let flash = session.take_flashes().unwrap().remove(0);
        assert_eq!(flash.message_as::<Value>().unwrap(), json!({"n": 1}));
        assert!(
            !session.payload().contains("$serde_json"),
            "{}",
            session.payload()
        );
    }
}

#[test]
fn long_integers_keep_their_digits() {
    let beyond = [
        "18446744073709551616",
        "-9223372036854775809",
        "340282366920938463463374607431768211456",
        LONG,
    ];
    for sessions in both() {
        for digits in beyond {
            let number: Number = serde_json::from_str(digits).unwrap();
            let response = respond(&sessions, &HeaderMap::new(), |session| {
                session.insert("n", &number)?;
                session.insert("in", (1, BTreeMap::from([("k", Some(&number))])))
            });
            let session = reopen(&sessions, &response.unwrap());
            assert_eq!(
                session.payload(),
                format!(r#"{{"in":[1,{{"k":{digits}}}],"n":{digits}}}"#)
            );
            assert_eq!(session.get::<Number>("n").unwrap().unwrap(), number);
            assert_eq!(
                session.get::<Value>("n").unwrap().unwrap(),
                Value::Number(number.clone())
            );
            let inside: (i64, BTreeMap<String, Option<Number>>) =
                session.get("in").unwrap().unwrap();
            assert_eq!(inside.1["k"], Some(number.clone()));
            let value: Value = session.get("in").unwrap().unwrap();
            assert_eq!(value[1]["k"], Value::Number(number.clone()));
            session.insert("in", value).unwrap();
            assert_eq!(
                session.payload(),
                format!(r#"{{"in":[1,{{"k":{digits}}}],"n":{digits}}}"#)
            );
            // Read as another type it is an error, and no object.
            assert!(session.get::<i64>("n").is_err() && session.get::<String>("n").is_err());
            assert!(session.get::<BTreeMap<String, String>>("n").is_err());
        }
    }
}

/// The double in its shortest form, as Python reads and writes it and as `insert_json` does.
#[test]
fn floats_are_doubles() {
    for sessions in both() {
        for (text, expected) in [
            ("1.50", "1.5"),
            ("1E2", "100.0"),
            ("2.98023223876953125e-08", "2.9802322387695312e-08"),
            ("0.1000000000000000055511151231257827", "0.1"),
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
        ] {
            let session = empty(&sessions);
            session
                .insert("v", serde_json::from_str::<Value>(text).unwrap())
                .unwrap();
            assert_eq!(session.payload(), format!("{{\"v\":{expected}}}"));
            let json = empty(&sessions);
            json.insert_json(&format!("{{\"v\":{text}}}")).unwrap();
            assert_eq!(json.payload(), session.payload());
            let back: Value = session.get("v").unwrap().unwrap();
            assert_eq!(back.as_f64(), text.parse().ok());
            session.insert("v", back).unwrap();
            assert_eq!(session.payload(), json.payload());
        }
    }
}

#[test]
fn raw_values_are_values() {
    for sessions in both() {
        let session = empty(&sessions);
        session
            .insert("v", raw("[1, {\"b\": 2, \"a\": 1E1}]"))
            .unwrap();
        assert_eq!(session.payload(), r#"{"v":[1,{"a":10.0,"b":2}]}"#);
        assert_eq!(
            session.get::<Box<RawValue>>("v").unwrap().unwrap().get(),
            r#"[1,{"a":10.0,"b":2}]"#
        );
        session.insert("v", raw(LONG)).unwrap();
        assert_eq!(
            session.get::<Box<RawValue>>("v").unwrap().unwrap().get(),
            LONG
        );
        session
            .insert_tagged_json(r#"{"v": NaN, "list": [1, Infinity]}"#)
            .unwrap();
        assert_eq!(
            session.get::<Box<RawValue>>("v").unwrap().unwrap().get(),
            "NaN"
        );
        let list: Vec<Box<RawValue>> = session.get("list").unwrap().unwrap();
        assert_eq!(
            list.iter().map(|raw| raw.get()).collect::<Vec<_>>(),
            ["1", "Infinity"]
        );
    }
}

/// A user may have sent it: it has no tags, and none come back.
#[test]
fn raw_values_have_no_tags() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Page {
        body: Box<RawValue>,
    }
    for sessions in both() {
        let session = empty(&sessions);
        let typed = r#"{" m":"<script>"}"#;
        session.insert("v", raw(typed)).unwrap();
        session.insert("page", Page { body: raw(typed) }).unwrap();
        assert!(session.get::<Markup>("v").is_err());
        assert_eq!(
            session.get::<Box<RawValue>>("v").unwrap().unwrap().get(),
            typed
        );
        let page: Page = session.get("page").unwrap().unwrap();
        assert_eq!(page.body.get(), typed);
        session
            .insert("v", Tuple((Markup::new("<b>"), raw(typed))))
            .unwrap();
        assert_eq!(
            session.get::<Box<RawValue>>("v").unwrap().unwrap().get(),
            format!("[\"<b>\",{typed}]")
        );
        let (html, rest): (Markup, Value) = session.get::<Tuple<_>>("v").unwrap().unwrap().0;
        assert_eq!(
            (html, rest),
            (Markup::new("<b>"), json!({" m": "<script>"}))
        );
    }
}

/// An object does not become a number by being stored, not even with a key of serde_json's own.
#[test]
fn an_object_stays_an_object() {
    let text = r#"{"$serde_json::private::Number":"5"}"#;
    for sessions in both() {
        let session = empty(&sessions);
        session.insert_json(&format!("{{\"v\":{text}}}")).unwrap();
        session
            .insert(
                "map",
                BTreeMap::from([("$serde_json::private::Number", "5")]),
            )
            .unwrap();
        assert_eq!(
            session.payload(),
            format!("{{\"map\":{text},\"v\":{text}}}")
        );
        assert!(session.increment("v", 1).is_err() && session.get::<i64>("v").is_err());
    }
}

#[test]
fn settings_are_numbers() {
    let text = r#"{"SECRET_KEY": "dev", "PERMANENT_SESSION_LIFETIME": 1.5, "MAX_COOKIE_SIZE": 0}"#;
    let value: Value = serde_json::from_str(text).unwrap();
    for config in [
        serde_json::from_str::<Config>(text),
        serde_json::from_value(value),
    ] {
        config.unwrap().build_flask().unwrap();
    }
    let variables = [
        ("FLASK_SECRET_KEY", "dev"),
        ("FLASK_PERMANENT_SESSION_LIFETIME", "3600"),
        ("FLASK_MAX_COOKIE_SIZE", "4093"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::from_vars("FLASK", variables)
        .unwrap()
        .build_flask()
        .unwrap();
}
