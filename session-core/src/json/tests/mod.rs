//! Rust values to text and back.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json::de::from_text;
use crate::json::scan::Cursor;
use crate::json::ser::to_text;
use crate::json::tagged::{Bytes, DateTime, Markup, Tuple, Uuid};
use crate::json::untag::untagged;

mod limits;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { zeta: u8, alpha: Option<f64> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    shapes: Vec<Shape>,
    wide: (i128, u128),
    small: (i8, u8, f32, char, bool, ()),
    numbered: HashMap<u32, bool>,
    lettered: BTreeMap<char, i64>,
    others: (HashMap<bool, u8>, BTreeMap<Option<i8>, u8>),
    nested: Option<Box<Everything>>,
    tagged: (Tuple<(u8, Markup)>, Bytes, Uuid, DateTime),
    keyed: BTreeMap<String, Shape>,
}

fn everything() -> Everything {
    let shapes = vec![
        Shape::Unit,
        Shape::Newtype(7),
        Shape::Tuple(1, "é\u{7f}😀".into()),
        Shape::Struct {
            zeta: 1,
            alpha: Some(0.1),
        },
        Shape::Struct {
            zeta: 2,
            alpha: None,
        },
    ];
    Everything {
        keyed: [(" t".to_owned(), Shape::Newtype(1))].into(),
        shapes,
        wide: (i128::MIN, u128::MAX),
        small: (-128, 255, 0.1, '"', true, ()),
        numbered: [(10, true), (9, false)].into(),
        lettered: [('b', -1), (' ', i64::MIN)].into(),
        others: ([(true, 1)].into(), [(Some(-1), 1)].into()),
        nested: None,
        tagged: (
            Tuple((1, Markup::new("<b>"))),
            Bytes::new((0..=255).collect::<Vec<u8>>()),
            Uuid([0xab; 16]),
            DateTime::from_unix(0).unwrap(),
        ),
    }
}

#[test]
fn every_kind_of_value_survives() {
    let value = Everything {
        nested: Some(Box::new(everything())),
        ..everything()
    };
    for ascii in [true, false] {
        let text = to_text(&value, ascii).unwrap();
        let mut cursor = Cursor::new(&text);
        assert!(cursor.value(128).is_ok() && cursor.end().is_ok());
        assert_eq!(from_text::<Everything>(&text).unwrap(), value);
    }
}

#[test]
fn values_are_written_as_flask_writes_them() {
    let text = |value: &dyn erased::Text| value.text();
    assert_eq!(
        text(&json!({"b": 1, "a": [true, null, 1.0, 1e16, -0.0], "_": "é"})),
        { r#"{"_":"\u00e9","a":[true,null,1.0,1e+16,-0.0],"b":1}"# }
    );
    assert_eq!(text(&Tuple((1, Tuple((2,))))), r#"{" t":[1,{" t":[2]}]}"#);
    assert_eq!(text(&Bytes::new(b"\xff\xfe".to_vec())), r#"{" b":"//4="}"#);
    assert_eq!(
        text(&Uuid([0x12; 16])),
        r#"{" u":"12121212121212121212121212121212"}"#
    );
    assert_eq!(
        text(&DateTime::from_unix(1_577_934_245).unwrap()),
        r#"{" d":"Thu, 02 Jan 2020 03:04:05 GMT"}"#
    );
    assert_eq!(text(&Shape::Tuple(1, "x".into())), r#"{"Tuple":[1,"x"]}"#);
    assert_eq!(
        text(&Shape::Struct {
            zeta: 1,
            alpha: None
        }),
        r#"{"Struct":{"alpha":null,"zeta":1}}"#
    );
    assert_eq!(text(&f64::NAN), "NaN");
    assert_eq!(text(&0.1_f32), "0.1");
}

mod erased {
    /// Any value's text, so that a table can hold several types.
    pub(super) trait Text {
        fn text(&self) -> String;
    }
    impl<T: serde::Serialize> Text for T {
        fn text(&self) -> String {
            super::to_text(self, true).unwrap()
        }
    }
}

#[test]
fn an_object_that_looks_like_a_tag_is_escaped() {
    for (value, expected) in [
        (json!({" t": 1}), r#"{" di":{" t__":1}}"#),
        (
            json!({" di": {" t": [1]}}),
            r#"{" di":{" di__":{" di":{" t__":[1]}}}}"#,
        ),
        (json!({" t__": 1}), r#"{" t__":1}"#),
        (json!({" zz": 1}), r#"{" zz":1}"#),
        (
            json!({" t": 1, "x": {" b": "YQ=="}}),
            r#"{" t":1,"x":{" di":{" b__":"YQ=="}}}"#,
        ),
    ] {
        let text = to_text(&value, true).unwrap();
        assert_eq!(text, expected);
        assert_eq!(from_text::<Value>(&text).unwrap(), value);
        assert!(from_text::<Markup>(&text).is_err());
    }
}

#[test]
fn plain_types_read_the_value_under_a_tag() {
    assert_eq!(from_text::<Vec<u8>>(r#"{" t":[1,2]}"#).unwrap(), [1, 2]);
    assert_eq!(
        from_text::<Value>(r#"{" t":[{" m":"<b>"},{"x":{" t":[]}}]}"#).unwrap(),
        json!(["<b>", {"x": []}])
    );
    let id = r#"{" u":"00112233445566778899aabbccddeeff"}"#;
    assert_eq!(
        from_text::<String>(id).unwrap(),
        "00112233-4455-6677-8899-aabbccddeeff"
    );
    assert_eq!(
        from_text::<Option<String>>(r#"{ " m" : "x" }"#)
            .unwrap()
            .as_deref(),
        Some("x")
    );
    assert_eq!(from_text::<String>("{\"\\u0020m\":\"x\"}").unwrap(), "x");
}

#[test]
fn wrappers_read_nothing_else() {
    assert!(
        from_text::<Markup>(r#""<b>""#).is_err(),
        "a user may have typed it"
    );
    assert!(from_text::<Tuple<Vec<u8>>>("[1]").is_err());
    assert!(from_text::<Bytes>("[1]").is_err());
    assert!(from_text::<Bytes>(r#"{" m":"YQ=="}"#).is_err());
    for text in [
        "12345678-1234-5678-1234-567812345678",
        "ABCDEF00112233445566778899aabbcc",
        "",
        "é",
    ] {
        assert!(
            from_text::<Uuid>(&format!("{{\" u\":\"{text}\"}}")).is_err(),
            "{text}"
        );
    }
    for text in [
        "Fri, 02 Jan 2020 03:04:05 GMT",
        "Thu, 02 Jan 2020 03:04:05 +0000",
        "Thu, 2 Jan 2020 03:04:05 GMT",
        "2020-01-02T03:04:05Z",
        "Sun, 30 Feb 2020 00:00:00 GMT",
        "Sat, 01 Jan 0000 00:00:00 GMT",
        "Thu, +2 Jan 2020 03:04:05 GMT",
        "é",
    ] {
        assert!(
            from_text::<DateTime>(&format!("{{\" d\":\"{text}\"}}")).is_err(),
            "{text}"
        );
    }
    for text in [
        r#"{" t":"abc"}"#,
        r#"{" m":null}"#,
        r#"{" di":{"a":1}}"#,
        r#"{" di":{" t__":1,"b":2}}"#,
    ] {
        assert!(from_text::<Value>(text).is_err(), "{text}");
    }
}

#[test]
fn datetimes_of_all_years() {
    for seconds in [
        -62_135_596_800,
        -1,
        0,
        951_782_400,
        1_577_934_245,
        253_402_300_799,
    ] {
        let then = DateTime::from_unix(seconds).unwrap();
        assert_eq!(
            from_text::<DateTime>(&to_text(&then, true).unwrap())
                .unwrap()
                .unix(),
            seconds
        );
        let time = std::time::SystemTime::from(then);
        assert_eq!(DateTime::from(time), then);
    }
    assert!(
        DateTime::from_unix(-62_135_596_801).is_none()
            && DateTime::from_unix(253_402_300_800).is_none()
    );
    let half = std::time::UNIX_EPOCH - std::time::Duration::from_millis(500);
    assert_eq!(DateTime::from(half).unix(), -1);
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        4 => any::<String>(),
        1 => prop::sample::select(vec![" t", " di", " b", " m", " u", " d", " t__", " di__", " "]).prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no other", |f| f.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_value_survives(value in any_json(), ascii: bool) {
        let text = to_text(&value, ascii).unwrap();
        prop_assert!(!ascii || text.is_ascii());
        let mut cursor = Cursor::new(&text);
        prop_assert!(cursor.value(128).is_ok() && cursor.end().is_ok());
        prop_assert_eq!(from_text::<Value>(&text).unwrap(), value);
    }

    /// Reading any JSON may fail, but never panics.
    #[test]
    fn reading_never_panics(text in r#"[\[\]{}":,0-9eE tdimub_\\-]{0,24}"#) {
        let mut cursor = Cursor::new(&text);
        if let Ok(range) = cursor.value(128) {
            let text = &text[range];
            let _ = from_text::<Value>(text);
            let _ = from_text::<Shape>(text);
            let _ = from_text::<Tuple<Vec<Bytes>>>(text);
            let _ = from_text::<HashMap<i8, Option<DateTime>>>(text);
            prop_assert!(Cursor::new(&untagged(text)).value(128).is_ok());
        }
    }
}
