//! JSON: our scanner, our canonical writer and our reader compared with the naive ones, and with
//! serde_json's where its rules are equal.

use http::HeaderMap;
use serde::de::IgnoredAny;
use serde_json::Value;
use session_core::Sessions;
use session_core::tagged::{Bytes, Markup, Tuple, Uuid};

use super::naive::json::{Json, string};
use super::{FLASK, OURS, naive};

/// The depth that `insert_json` and `insert_tagged_json` accept.
const DEPTH: usize = 120;

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // serde_json has neither NaN nor a limit of digits; `IgnoredAny` has no limit of depth either.
    if !text.contains("NaN") && !text.contains("Infinity") && text.len() < 1000 {
        let expected = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(Json::read(text, usize::MAX).is_some(), expected, "{text}");
    }
    let json = Json::read(text, DEPTH);
    for sessions in [&*OURS, &*FLASK] {
        let flask = sessions.is_flask();
        check_plain(sessions, text, json.clone());
        // Accepted is an object whose keys are texts; in Flask's format the whole must not be a
        // tag, except for the guarded one.
        let map = json
            .clone()
            .filter(|json| matches!(json, Json::Object(_)))
            .map(without_doubles);
        let taken = if flask {
            map.and_then(naive::flask::dict)
        } else {
            map
        };
        let taken = taken.filter(|json| members(json).iter().all(|(key, _)| string(key).is_some()));
        let session = sessions.open(&HeaderMap::new());
        let inserted = session.insert_tagged_json(text);
        let Some(taken) = taken else {
            assert!(
                inserted.is_err() && session.is_empty() && !session.is_modified(),
                "{text}"
            );
            continue;
        };
        inserted.unwrap();
        let payload = session.payload();
        let expected = if flask {
            naive::flask::guard(taken.clone())
        } else {
            taken.clone()
        };
        assert_eq!(payload, expected.write(flask));
        for (key, value) in members(&taken) {
            // Reading drops tags, which the naive implementation does not do.
            if !value.write(true).contains("{\" ") {
                let key = string(key).unwrap();
                assert_eq!(
                    session.get::<Value>(&key).ok().flatten(),
                    value.value(),
                    "{key}"
                );
            }
        }
        let again = sessions.open(&HeaderMap::new());
        again.insert_tagged_json(&payload).unwrap();
        assert_eq!(again.payload(), payload, "canonical text does not change");
    }
}

/// Checks `insert_json`: it reads no tags, and stores the values that serde_json reads as `insert`
/// stores them.
fn check_plain(sessions: &Sessions, text: &str, json: Option<Json>) {
    let session = sessions.open(&HeaderMap::new());
    let inserted = session.insert_json(text);
    let map = json
        .filter(|json| matches!(json, Json::Object(_)))
        .map(without_doubles);
    let map = map.filter(|json| members(json).iter().all(|(key, _)| string(key).is_some()));
    let plain = map
        .map(naive::flask::guard_inside)
        .filter(|json| Json::read(&json.write(true), DEPTH).is_some());
    let Some(plain) = plain else {
        assert!(
            inserted.is_err() && session.is_empty() && !session.is_modified(),
            "{text}"
        );
        return;
    };
    inserted.unwrap();
    let flask = sessions.is_flask();
    let whole = if flask {
        naive::flask::guard(plain.clone())
    } else {
        plain.clone()
    };
    assert_eq!(session.payload(), whole.write(flask));
    for key in session.keys() {
        assert!(
            session.get::<Markup>(&key).is_err() && session.get::<Uuid>(&key).is_err(),
            "{text}"
        );
        assert!(
            session.get::<Tuple<IgnoredAny>>(&key).is_err() && session.get::<Bytes>(&key).is_err(),
            "{text}"
        );
    }
    let Ok(Value::Object(values)) = serde_json::from_str(text) else {
        return;
    };
    if values.values().any(has_float) {
        return; // serde_json reads large integers as floats, and some floats a little off.
    }
    let other = sessions.open(&HeaderMap::new());
    values
        .iter()
        .for_each(|(key, value)| other.insert(key, value).unwrap());
    assert_eq!(other.payload(), session.payload());
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(members) => members.values().any(has_float),
        _ => false,
    }
}

fn members(json: &Json) -> &[(Vec<u32>, Json)] {
    match json {
        Json::Object(members) => members,
        _ => panic!("no object"),
    }
}

/// Returns the content of canonical text: sorted, without duplicate keys.
fn without_doubles(json: Json) -> Json {
    Json::read(&json.write(true), DEPTH).unwrap()
}
