//! Values that serde buffers before it knows their type: tags are not read there.

use std::collections::HashMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use session_core::tagged::{Bytes, DateTime, Markup, Tuple, Uuid};
use session_core::{Error, Session};

use crate::helpers::each;

/// Each kind of buffer in which serde holds values before it knows their type.
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

/// Reads `value` (JSON with tags) as a `T` through each of serde's buffers. Every read must fail.
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
    // A buffer that the application makes itself.
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

/// Three things are not a tagged value: a text that looks like the content of a tag, a dict that
/// looks like the tag, and, in a buffer, the tag itself.
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
            // Read directly from the session it is a tagged value, at any depth.
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
