//! The values that serde_json holds as text: each number with its feature `arbitrary_precision`, a `RawValue` with
//! `raw_value`. Features unify, so any crate of an application can turn them on.
//!
//! serde_json shows them to other formats as a struct with a name of its own, whose one field has that name, too, and holds
//! the text. It recognises them by the struct's name, and so does this crate. A map with such a key is a map.

/// A kind of such values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbatim {
    Number,
    Raw,
}

impl Verbatim {
    /// Returns the kind with this name of a struct or a newtype.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut kinds = [Self::Number, Self::Raw].into_iter();
        kinds.find(|kind| kind.name() == name)
    }

    /// Returns the name of the struct and of its field.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Number => "$serde_json::private::Number",
            Self::Raw => "$serde_json::private::RawValue",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use serde::ser::SerializeStruct;
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    use crate::json::de::from_text;
    use crate::json::ser::{DEEPEST_VALUE, to_text};

    /// serde_json's protocol for values that it holds as text, by hand. Its own types, with its features on, are in
    /// `tests/compatibility/serde-json`.
    struct Held(&'static str, &'static str);

    const NUMBER: &str = "$serde_json::private::Number";
    const RAW: &str = "$serde_json::private::RawValue";

    impl Serialize for Held {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut s = s.serialize_struct(self.0, 1)?;
            s.serialize_field(self.0, self.1)?;
            s.end()
        }
    }

    #[test]
    fn serde_json_text_is_written_as_the_json_that_it_holds() {
        for (kind, json, expected) in [
            (NUMBER, "5", "5"),
            (NUMBER, "-0", "0"),
            (NUMBER, "1E5", "100000.0"),
            (NUMBER, "2.98023223876953125e-08", "2.9802322387695312e-08"),
            (
                NUMBER,
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            (
                RAW,
                " [1, {\"b\" : NaN , \"a\":\"\u{e9}\"}] ",
                r#"[1,{"a":"\u00e9","b":NaN}]"#,
            ),
            (RAW, r#"{" m": "<b>"}"#, r#"{" di":{" m__":"<b>"}}"#),
            (RAW, "\"\\ud800\"", "\"\\ud800\""),
        ] {
            assert_eq!(to_text(&Held(kind, json), true).unwrap(), expected);
            let nested: BTreeMap<&str, _> = [("x", (1, Some(Held(kind, json))))].into();
            assert_eq!(
                to_text(&nested, true).unwrap(),
                format!("{{\"x\":[1,{expected}]}}")
            );
        }
        for (kind, json) in [
            (NUMBER, "[1]"),
            (NUMBER, "\"5\""),
            (NUMBER, "5 5"),
            (NUMBER, ""),
            (NUMBER, "NaN"),
            (RAW, "{"),
            (RAW, ""),
        ] {
            assert!(to_text(&Held(kind, json), true).is_err(), "{json}");
        }
        // A map with such a key is a map, and so is another struct.
        let map: BTreeMap<&str, &str> = [(NUMBER, "5")].into();
        assert_eq!(
            to_text(&map, true).unwrap(),
            format!("{{\"{NUMBER}\":\"5\"}}")
        );
        assert_eq!(
            to_text(&Held("Number", "5"), true).unwrap(),
            r#"{"Number":"5"}"#
        );
    }

    #[test]
    fn serde_json_text_has_the_levels_of_its_json() {
        struct Around(usize, Held);
        impl Serialize for Around {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                match self.0 {
                    0 => self.1.serialize(s),
                    levels => s.collect_seq([Around(levels - 1, Held(self.1.0, self.1.1))]),
                }
            }
        }
        let fits = |levels, kind, json| to_text(&Around(levels, Held(kind, json)), false).is_ok();
        assert!(fits(DEEPEST_VALUE, NUMBER, "1") && fits(DEEPEST_VALUE, RAW, "1"));
        assert!(fits(DEEPEST_VALUE - 2, RAW, "[[]]") && !fits(DEEPEST_VALUE - 1, RAW, "[[]]"));
        assert!(
            fits(DEEPEST_VALUE - 2, RAW, r#"{" t":1}"#)
                && !fits(DEEPEST_VALUE - 1, RAW, r#"{" t":1}"#)
        );
        assert!(!fits(DEEPEST_VALUE + 1, NUMBER, "1"));
    }

    /// Asks for its text as `RawValue` does.
    struct RawText(String);

    impl<'de> Deserialize<'de> for RawText {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = RawText;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("any JSON value")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<RawText, A::Error> {
                    assert_eq!(map.next_key::<&str>()?, Some(RAW));
                    let text = RawText(map.next_value()?);
                    assert_eq!(map.next_key::<&str>()?, None);
                    Ok(text)
                }
            }
            deserializer.deserialize_newtype_struct(RAW, Visitor)
        }
    }

    #[test]
    fn any_value_is_read_as_text() {
        for (json, expected) in [
            ("NaN", "NaN"),
            (r#"[ 1 , {" t":[2]}]"#, "[ 1 , [2]]"),
            (r#"{" di":{" m__":"<b>"}}"#, r#"{" m":"<b>"}"#),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ] {
            assert_eq!(from_text::<RawText>(json).unwrap().0, expected);
            let list: Vec<Option<RawText>> = from_text(&format!("[{json},{json}]")).unwrap();
            assert!(list.len() == 2 && list.iter().flatten().all(|text| text.0 == expected));
        }
    }

    /// No type that reads an object reads a number.
    #[test]
    fn a_long_integer_is_no_object() {
        #[derive(Debug, Deserialize)]
        #[serde(default)]
        #[derive(Default)]
        struct Lenient {
            #[allow(dead_code)]
            name: String,
        }
        let long = "18446744073709551616";
        assert!(from_text::<HashMap<String, String>>(long).is_err());
        assert!(from_text::<Lenient>(long).is_err() && from_text::<()>(long).is_err());
        assert_eq!(
            from_text::<Value>(long).unwrap_err().to_string(),
            "found an integer beyond 64 bits"
        );
    }
}
