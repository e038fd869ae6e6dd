//! The values that serde_json keeps as text: with its feature `arbitrary_precision` each number, with `raw_value` a
//! `RawValue`. Features unify, so any crate of an application can turn them on.
//!
//! serde_json shows them to other formats as a struct with a name of its own, whose one field has that name, too, and holds
//! the text; it recognises them by the struct's name, and so does this crate. A map with such a key is a map.

/// A kind of such values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbatim {
    Number,
    Raw,
}

impl Verbatim {
    /// The kind that a struct's name, or a newtype's, stands for.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Number, Self::Raw]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

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

    /// serde_json's protocol for what it keeps as text, by hand: with its features on, its own types are in
    /// `tests/compatibility/serde-json`.
    struct Kept(&'static str, &'static str);

    const NUMBER: &str = "$serde_json::private::Number";
    const RAW: &str = "$serde_json::private::RawValue";

    impl Serialize for Kept {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut s = s.serialize_struct(self.0, 1)?;
            s.serialize_field(self.0, self.1)?;
            s.end()
        }
    }

    #[test]
    fn what_serde_json_keeps_as_text_is_written_as_what_it_is() {
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
            assert_eq!(to_text(&Kept(kind, json), true).unwrap(), expected);
            let nested: BTreeMap<&str, _> = [("x", (1, Some(Kept(kind, json))))].into();
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
            assert!(to_text(&Kept(kind, json), true).is_err(), "{json}");
        }
        // A map with such a key is a map, and so is another struct.
        let map: BTreeMap<&str, &str> = [(NUMBER, "5")].into();
        assert_eq!(
            to_text(&map, true).unwrap(),
            format!("{{\"{NUMBER}\":\"5\"}}")
        );
        assert_eq!(
            to_text(&Kept("Number", "5"), true).unwrap(),
            r#"{"Number":"5"}"#
        );
    }

    #[test]
    fn what_serde_json_keeps_as_text_has_as_many_levels_as_it_has() {
        struct Around(usize, Kept);
        impl Serialize for Around {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                match self.0 {
                    0 => self.1.serialize(s),
                    levels => s.collect_seq([Around(levels - 1, Kept(self.1.0, self.1.1))]),
                }
            }
        }
        let fits = |levels, kind, json| to_text(&Around(levels, Kept(kind, json)), false).is_ok();
        assert!(fits(DEEPEST_VALUE, NUMBER, "1") && fits(DEEPEST_VALUE, RAW, "1"));
        assert!(fits(DEEPEST_VALUE - 2, RAW, "[[]]") && !fits(DEEPEST_VALUE - 1, RAW, "[[]]"));
        assert!(
            fits(DEEPEST_VALUE - 2, RAW, r#"{" t":1}"#)
                && !fits(DEEPEST_VALUE - 1, RAW, r#"{" t":1}"#)
        );
        assert!(!fits(DEEPEST_VALUE + 1, NUMBER, "1"));
    }

    /// As `RawValue` asks for its text.
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

    /// No object takes the place of a number, whatever would read one.
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
