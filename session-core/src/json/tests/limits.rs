//! Values that JSON, or a Rust type, cannot hold.

use crate::json::de::from_text;
use crate::json::ser::{DEEPEST_VALUE, to_text};
use crate::json::tagged::Uuid;
use crate::json::tests::Shape;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

#[test]
fn numbers_out_of_range_are_errors_and_not_wrong_values() {
    assert_eq!(from_text::<i64>("-0").unwrap(), 0);
    assert_eq!(from_text::<f64>("5").unwrap(), 5.0);
    assert!(from_text::<f64>("NaN").unwrap().is_nan());
    assert_eq!(from_text::<f64>("-Infinity").unwrap(), f64::NEG_INFINITY);
    assert_eq!(
        from_text::<i128>("18446744073709551616").unwrap(),
        18_446_744_073_709_551_616
    );
    assert!(from_text::<Value>("18446744073709551616").is_err());
    assert!(
        from_text::<u8>("256").is_err()
            && from_text::<i64>("1.0").is_err()
            && from_text::<u8>("-1").is_err()
    );
    assert!(from_text::<String>(r#""\ud800""#).is_err());
}

#[test]
fn no_error_quotes_a_value() {
    let secret = r#""hunter2""#;
    let list = r#"["hunter2",1]"#;
    let object = r#"{"hunter2":"hunter2"}"#;
    let errors = [
        from_text::<u8>(secret).unwrap_err(),
        from_text::<Shape>(secret).unwrap_err(),
        from_text::<Shape>(object).unwrap_err(),
        from_text::<Uuid>(r#"{" u":"hunter2"}"#).unwrap_err(),
        from_text::<char>(secret).unwrap_err(),
        from_text::<(u8, u8)>(list).unwrap_err(),
        from_text::<[String; 1]>(list).unwrap_err(),
        from_text::<HashMap<u8, u8>>(object).unwrap_err(),
        from_text::<std::net::IpAddr>(secret).unwrap_err(),
    ];
    for error in errors {
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert_eq!(
        from_text::<u8>(secret).unwrap_err().to_string(),
        "found a string, expected u8"
    );
}

#[test]
fn depth() {
    #[derive(Serialize)]
    struct Endless<'a>(#[serde(serialize_with = "deeper")] &'a ());
    fn deeper<S: serde::Serializer>(_: &(), s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq([Endless(&())])
    }
    let error = to_text(&Endless(&()), true).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("it is nested deeper than {DEEPEST_VALUE} levels")
    );

    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(from_text::<Value>(&nested(128)).is_ok());
    assert!(from_text::<Value>(&nested(129)).is_err());
    assert!(from_text::<serde::de::IgnoredAny>(&nested(1000)).is_ok());
}

/// Neither a write that failed before nor one inside another leaves anything in a text.
#[test]
fn a_text_holds_its_value_alone() {
    struct Nested;
    impl Serialize for Nested {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.serialize_str(&to_text("inner", false).unwrap())
        }
    }
    let bad: HashMap<Vec<u8>, u8> = [(vec![1], 1)].into();
    for large in [10, 10_000] {
        assert!(to_text(&bad, true).is_err());
        assert_eq!(
            to_text(&(1, Nested, true), true).unwrap(),
            r#"[1,"\"inner\"",true]"#
        );
        assert_eq!(
            to_text(&"é".repeat(large), false).unwrap().len(),
            2 * large + 2
        );
        assert_eq!(to_text(&i64::MIN, true).unwrap(), i64::MIN.to_string());
    }
}

#[test]
fn map_keys_are_strings() {
    let bad: HashMap<Vec<u8>, u8> = [(vec![1], 1)].into();
    assert!(to_text(&bad, true).is_err());
    let doubled = vec![("a", 1), ("b", 2), ("a", 3)];
    struct Doubled(Vec<(&'static str, i32)>);
    impl Serialize for Doubled {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.collect_map(self.0.iter().copied())
        }
    }
    assert_eq!(
        to_text(&Doubled(doubled), true).unwrap(),
        r#"{"a":3,"b":2}"#
    );
}
