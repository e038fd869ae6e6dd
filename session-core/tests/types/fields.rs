//! An error of a struct names its field: the program's own word. It names no key and no value of the session.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use session_core::Error;

use crate::helpers::each;

#[derive(Debug, Deserialize)]
struct Cart {
    owner: String,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    article: u32,
}

#[derive(Debug, Deserialize)]
enum Payment {
    Card { digits: u8 },
}

/// Returns the reason of the error when `value` is read as a `T`, in each format.
fn reason<T: DeserializeOwned>(value: &serde_json::Value) -> String {
    let mut reasons = Vec::new();
    for session in each() {
        session.insert("cart", value).unwrap();
        match session.get::<T>("cart") {
            Err(Error::WrongType { reason, .. }) => reasons.push(reason),
            _ => reasons.push("no error".to_owned()),
        }
    }
    reasons.dedup();
    assert_eq!(reasons.len(), 1, "one text for all formats: {reasons:?}");
    reasons.remove(0)
}

#[test]
fn a_missing_field_is_named_with_its_remedy() {
    let missing = reason::<Cart>(&json!({"owner": "hunter"}));
    assert_eq!(
        missing,
        "the field \"lines\" is missing; #[serde(default)] reads values from before the field was added"
    );
}

#[test]
fn a_field_of_another_type_is_named_with_the_way_to_it() {
    let deep = reason::<Cart>(&json!({"owner": "ada", "lines": [{"article": "hunter"}]}));
    assert_eq!(
        deep,
        "field \"lines\": field \"article\": found a string, expected u32"
    );
    let null = reason::<Cart>(&json!({"owner": null, "lines": []}));
    assert!(
        null.starts_with("field \"owner\": found null, expected a string"),
        "{null}"
    );
    let variant = reason::<Payment>(&json!({"Card": {"digits": 4711}}));
    assert!(
        variant.starts_with("field \"digits\": found an integer"),
        "{variant}"
    );
}

#[test]
fn the_length_is_named() {
    let length = reason::<(u8, u8)>(&json!([1]));
    assert_eq!(length, "found 1 elements, expected a tuple of size 2");
}

/// A key is a value of the session, also where a struct is read.
#[test]
fn keys_of_the_session_are_never_quoted() {
    let unknown = reason::<Line>(&json!({"article": 1, "hunter": 2}));
    assert_eq!(
        unknown,
        "found an unknown field, expected one of [\"article\"]"
    );
    let map = reason::<HashMap<String, u8>>(&json!({"hunter": "hunter"}));
    assert_eq!(map, "found a string, expected u8");
}
