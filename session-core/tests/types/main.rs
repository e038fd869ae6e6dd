//! No type turns into another: what a user typed stays text, and what Flask tagged stays what it was.

#![allow(clippy::unwrap_used)]
#![allow(dead_code, reason = "most fields are read by serde alone")]

#[path = "../common/mod.rs"]
mod common;

use std::collections::HashMap;
use std::fmt::Debug;

use common::formats;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session_core::tagged::{Bytes, DateTime, Markup, Tuple, Uuid};
use session_core::testing::{reopen, respond};
use session_core::{Error, Session, Sessions};

/// A session of each format.
fn each() -> impl Iterator<Item = Session> {
    formats()
        .into_iter()
        .map(|(_, builder)| builder.build().unwrap().open(&HeaderMap::new()))
}

/// Each kind of buffer that serde keeps values in before it knows their type.
#[derive(Debug, Deserialize)]
struct Inner<T> {
    value: T,
}

#[derive(Debug, Deserialize)]
struct Flattened<T> {
    #[serde(flatten)]
    inner: Inner<T>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Either<T> {
    It(T),
    Other(Value),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind")]
enum Internally<T> {
    A { value: T },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "z", content = "value")]
enum ContentFirst<T> {
    A(T),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Nested<T> {
    Many(Vec<HashMap<String, Option<T>>>),
    Deep(Box<Flattened<Either<T>>>),
    Other(Value),
}

/// What is read of `value` (JSON with tags) as a `T` from within each buffer: nothing, at all times.
fn refused_in_buffers<T: DeserializeOwned + Debug>(session: &Session, value: &str) {
    session
        .insert_tagged_json(&format!(
            r#"{{"v": {value}, "s": {{"value": {value}, "kind": "A", "z": "A"}}, "many": [{{"k": {value}}}]}}"#
        ))
        .unwrap();
    let errors = [
        session.get::<Flattened<T>>("s").map(drop).unwrap_err(),
        session.get::<Internally<T>>("s").map(drop).unwrap_err(),
        session.get::<ContentFirst<T>>("s").map(drop).unwrap_err(),
        session
            .get::<Option<Flattened<Vec<T>>>>("s")
            .map(drop)
            .unwrap_err(),
    ];
    assert!(
        errors[0].to_string().contains("straight from a session"),
        "{}",
        errors[0]
    );
    assert!(
        errors
            .iter()
            .all(|error| matches!(error, Error::WrongType { .. }))
    );
    assert!(matches!(
        session.get::<Either<T>>("v").unwrap(),
        Some(Either::Other(_))
    ));
    assert!(matches!(
        session
            .get::<Vec<HashMap<String, Either<T>>>>("many")
            .unwrap()
            .unwrap()[0]["k"],
        Either::Other(_)
    ));
    assert!(matches!(
        session.get::<Nested<T>>("many").unwrap(),
        Some(Nested::Other(_))
    ));
    let deep = session.get::<Nested<T>>("s").unwrap().unwrap();
    assert!(matches!(deep, Nested::Deep(deep) if matches!(deep.inner.value, Either::Other(_))));
    // A buffer by hand.
    assert!(serde_json::from_value::<T>(session.get("v").unwrap().unwrap()).is_err());

    session
        .flash(session.get::<Value>("v").unwrap().unwrap(), "info")
        .unwrap();
    let flash = session.take_flashes().unwrap().remove(0);
    assert!(flash.message_as::<T>().is_err());
    assert!(matches!(
        flash.message_as::<Either<T>>().unwrap(),
        Either::Other(_)
    ));
    session.clear().unwrap();
}

/// A text that looks like what is under a tag is none, nor is a dict that looks like the tag, nor, in a buffer, the tag.
#[test]
fn a_wrapper_reads_nothing_that_serde_has_buffered() {
    fn all<T: DeserializeOwned + Debug>(key: &str, inside: &str) {
        for typed in [
            inside.to_owned(),
            format!(r#"{{" di":{{"{key}__":{inside}}}}}"#),
            format!(r#"[["{key}",{inside}]]"#),
            format!(r#"{{"{key}":{inside},"x":1}}"#),
        ] {
            for session in each() {
                session
                    .insert_tagged_json(&format!(r#"{{"v": {typed}}}"#))
                    .unwrap();
                assert!(session.get::<T>("v").is_err(), "{typed}");
                refused_in_buffers::<T>(&session, &typed);
            }
        }
        for session in each() {
            let tagged = format!(r#"{{"{key}":{inside}}}"#);
            refused_in_buffers::<T>(&session, &tagged);
            // Straight from the session, at any depth, it is read.
            let deep =
                format!(r#"{{"v": [{{"k": {tagged}}}], "e": {{"A": {{"value": {tagged}}}}}}}"#);
            session.insert_tagged_json(&deep).unwrap();
            session
                .get::<Vec<HashMap<String, Option<T>>>>("v")
                .unwrap()
                .unwrap()[0]["k"]
                .as_ref()
                .unwrap();
            session.get::<Externally<T>>("e").unwrap().unwrap();
        }
    }
    #[derive(Debug, Deserialize)]
    enum Externally<T> {
        A { value: T },
    }
    all::<Markup>(" m", r#""<script>""#);
    all::<Uuid>(" u", r#""00112233445566778899aabbccddeeff""#);
    all::<DateTime>(" d", r#""Thu, 02 Jan 2020 03:04:05 GMT""#);
    all::<Bytes>(" b", r#""AQID""#);
    all::<Tuple<Vec<i64>>>(" t", "[1,2]");
    all::<Tuple<(i64, Value)>>(" t", "[1,2]");
}

#[test]
fn a_map_has_no_keys_with_tags() {
    for session in each() {
        session.insert("m", json!({"<script>": 1})).unwrap();
        let error = session.get::<HashMap<Markup, i64>>("m").unwrap_err();
        assert!(error.to_string().contains("key"), "{error}");
        assert!(
            session
                .insert("m", HashMap::from([(Markup::new("<b>"), 1)]))
                .is_err()
        );
    }
}

/// Whatever buffers on the way in: what was tagged is tagged in the session, and nothing else is.
#[test]
fn tags_are_written_through_buffers() {
    #[derive(Serialize)]
    struct Note {
        html: Markup,
        id: Uuid,
        pair: Tuple<(i64, Bytes)>,
        then: DateTime,
        text: &'static str,
    }
    #[derive(Serialize)]
    struct Flat {
        #[serde(flatten)]
        note: Note,
    }
    #[derive(Serialize)]
    #[serde(tag = "kind")]
    enum Outer {
        Internally(Variants),
    }
    #[derive(Serialize)]
    enum Variants {
        Tuple(Markup, Note),
    }
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Untagged {
        Note(Note),
    }
    #[derive(Serialize)]
    #[serde(tag = "kind", content = "value")]
    enum Adjacently {
        Note(Note),
    }
    let note = || Note {
        html: Markup::new("<b>"),
        id: Uuid([0x12; 16]),
        pair: Tuple((1, Bytes::new([1, 2, 3]))),
        then: DateTime::from_unix(0).unwrap(),
        text: "<b>",
    };
    let text = r#"{"html":{" m":"<b>"},"id":{" u":"12121212121212121212121212121212"},"pair":{" t":[1,{" b":"AQID"}]},"text":"<b>","then":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}}"#;
    for session in each() {
        let written = |value: &dyn Fn() -> Result<(), Error>| {
            value().unwrap();
            let payload = session.payload();
            payload
                .strip_prefix(r#"{"n":"#)
                .unwrap()
                .strip_suffix('}')
                .unwrap()
                .to_owned()
        };
        assert_eq!(written(&|| session.insert("n", note())), text);
        assert_eq!(
            written(&|| session.insert("n", Flat { note: note() })),
            text
        );
        assert_eq!(
            written(&|| session.insert("n", Untagged::Note(note()))),
            text
        );
        let adjacently = written(&|| session.insert("n", Adjacently::Note(note())));
        assert_eq!(adjacently, format!(r#"{{"kind":"Note","value":{text}}}"#));
        let tuple = Outer::Internally(Variants::Tuple(Markup::new("<i>"), note()));
        let internally = written(&|| session.insert("n", &tuple));
        assert_eq!(
            internally,
            format!(r#"{{"Tuple":[{{" m":"<i>"}},{text}],"kind":"Internally"}}"#)
        );
        // Through serde_json the tags are gone, and do not come back.
        let value = serde_json::to_value(note()).unwrap();
        let plain = json!({"html": "<b>", "id": "12121212121212121212121212121212", "pair": [1, [1, 2, 3]], "text": "<b>", "then": "Thu, 01 Jan 1970 00:00:00 GMT"});
        assert_eq!(value, plain);
        assert_eq!(written(&|| session.insert("n", &value)), plain.to_string());
    }
}

#[test]
fn a_users_json_has_no_tags() {
    let typed = r#"{"a": {" m": "<script>"}, "b": [{"\u0020t": [{" u": "x"}]}], " d": {" di": {" t__": []}}}"#;
    for session in each() {
        session.insert_json(typed).unwrap();
        assert!(session.get::<Markup>("a").is_err());
        assert!(session.get::<Vec<Tuple<Value>>>("b").is_err());
        let expected: Value = serde_json::from_str(typed).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&session.to_json()).unwrap(),
            expected
        );
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
    assert_eq!(
        json,
        flask(&|session| session.insert(" m", json!({" m": "<script>"})))
    );
    assert_eq!(json, r#"{" di":{" m__":{" di":{" m__":"<script>"}}}}"#);
}

#[test]
fn an_applications_json_has_tags() {
    for session in each() {
        session
            .insert_tagged_json(r#"{"a": {" m": "<b>"}}"#)
            .unwrap();
        assert_eq!(
            session.get::<Markup>("a").unwrap(),
            Some(Markup::new("<b>"))
        );
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
            let error = session
                .insert_json(&json!({ "a": nested(levels) }).to_string())
                .unwrap_err();
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
        for other in [
            json!(0.5),
            json!(1e300),
            json!(null),
            json!(true),
            json!("1"),
        ] {
            session.insert("n", &other).unwrap();
            let error = session.increment("n", 1).unwrap_err();
            assert!(
                matches!(&error, Error::WrongType { reason, .. } if reason.contains("`update`")),
                "{error}"
            );
            assert_eq!(session.get::<Value>("n").unwrap(), Some(other));
        }
        session.insert("n", 9_007_199_254_740_992.0).unwrap();
        assert!(matches!(
            session.increment("n", 1),
            Err(Error::Overflow { .. })
        ));
        assert_eq!(session.increment("n", -1).unwrap(), 9_007_199_254_740_991);
    }
}

#[test]
fn a_stored_null_is_there_and_is_no_text() {
    #[derive(Debug, PartialEq, Deserialize)]
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
            session
                .update("k", |text: &mut String| text.push('!'))
                .unwrap_err(),
        ];
        for error in errors {
            let Error::WrongType { key, reason } = &error else {
                unreachable!("{error}")
            };
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
