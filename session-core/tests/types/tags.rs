//! Where tags are written, and where they are not.

use std::collections::HashMap;

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};
use session_core::tagged::{Bytes, DateTime, Markup, Tuple, Uuid};
use session_core::testing::{reopen, respond};
use session_core::{Error, Session, Sessions};

use crate::common::formats;
use crate::helpers::each;

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

/// Through every buffer of serde's serializers, tagged values are tagged in the session, and other
/// values are not.
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
        // serde_json drops the tags, and they do not come back.
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
    // The bytes are those of `insert` with this value, also where it is all that a session in
    // Flask's format holds.
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

/// A guard adds a level to the text and is part of the depth that is limited, so that every stored
/// session can be opened again.
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
