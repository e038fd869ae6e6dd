//! Values of Python's types, built from tagged JSON so that they can be inserted as typed values;
//! and a comparison of JSON texts that knows NaN, big integers and lone surrogates.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;
use session_core::tagged::{Bytes, DateTime, Markup, Tuple, Uuid};

/// A value of one of the types that Flask's sessions can hold.
pub enum Python {
    Plain(Value),
    List(Vec<Python>),
    Dict(BTreeMap<String, Python>),
    Tuple(Tuple<Vec<Python>>),
    Bytes(Bytes),
    Markup(Markup),
    Uuid(Uuid),
    DateTime(DateTime),
}

impl Serialize for Python {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Dict(entries) => entries.serialize(serializer),
            Self::Tuple(tuple) => tuple.serialize(serializer),
            Self::Bytes(bytes) => bytes.serialize(serializer),
            Self::Markup(markup) => markup.serialize(serializer),
            Self::Uuid(uuid) => uuid.serialize(serializer),
            Self::DateTime(then) => then.serialize(serializer),
        }
    }
}

impl Python {
    pub fn untag(value: &Value) -> Self {
        let Value::Object(entries) = value else {
            return match value {
                Value::Array(items) => Self::List(items.iter().map(Self::untag).collect()),
                plain => Self::Plain(plain.clone()),
            };
        };
        if let Some((key, inner)) = entries.iter().next().filter(|_| entries.len() == 1) {
            let text = || inner.as_str().unwrap();
            match key.as_str() {
                " t" => {
                    return Self::Tuple(Tuple(
                        inner.as_array().unwrap().iter().map(Self::untag).collect(),
                    ));
                }
                " b" => {
                    use base64::{Engine, engine::general_purpose::STANDARD};
                    return Self::Bytes(Bytes::new(STANDARD.decode(text()).unwrap()));
                }
                " m" => return Self::Markup(Markup::new(text())),
                " u" => {
                    return Self::Uuid(Uuid(
                        u128::from_str_radix(text(), 16).unwrap().to_be_bytes(),
                    ));
                }
                " d" => return Self::DateTime(date(text())),
                " di" => {
                    let (key, value) = inner.as_object().unwrap().iter().next().unwrap();
                    let key = key.strip_suffix("__").unwrap().to_owned();
                    return Self::Dict([(key, Self::untag(value))].into());
                }
                _ => {}
            }
        }
        Self::Dict(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), Self::untag(value)))
                .collect(),
        )
    }

    /// Returns the entries of a session.
    pub fn session(tagged: &str) -> BTreeMap<String, Self> {
        match Self::untag(&serde_json::from_str(tagged).unwrap()) {
            Self::Dict(entries) => entries,
            _ => panic!("no session: {tagged}"),
        }
    }
}

/// Parses a date with the parser of the crate `cookie`, which is independent of ours.
fn date(text: &str) -> DateTime {
    let cookie = cookie::Cookie::parse(format!("a=b; Expires={text}")).unwrap();
    match cookie.expires_datetime() {
        // That parser moves years below 100 into a century, as Python does.
        Some(then) if !text.contains(" 0001 ") => {
            DateTime::from_unix(then.unix_timestamp()).unwrap()
        }
        _ => DateTime::from_unix(-62_135_596_800).unwrap(),
    }
}

/// Returns a canonical form of a JSON text. It is equal for texts that Python reads as equal
/// values.
pub fn canonical(json: &str) -> String {
    let mut rest = json;
    let mut out = String::new();
    value(&mut rest, &mut out);
    assert!(rest.trim().is_empty(), "{json}: {rest:?} is left");
    out
}

fn value(rest: &mut &str, out: &mut String) {
    *rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('{') {
        let mut entries = BTreeMap::new();
        *rest = after.trim_start();
        while !rest.starts_with('}') {
            let (mut key, mut inner) = (String::new(), String::new());
            value(rest, &mut key);
            *rest = rest.trim_start().strip_prefix(':').unwrap();
            value(rest, &mut inner);
            entries.insert(key, inner);
            *rest = rest.trim_start().trim_start_matches(',').trim_start();
        }
        *rest = &rest[1..];
        out.push_str(&format!("{entries:?}"));
    } else if let Some(after) = rest.strip_prefix('[') {
        let mut items = Vec::new();
        *rest = after.trim_start();
        while !rest.starts_with(']') {
            let mut inner = String::new();
            value(rest, &mut inner);
            items.push(inner);
            *rest = rest.trim_start().trim_start_matches(',').trim_start();
        }
        *rest = &rest[1..];
        out.push_str(&format!("{items:?}"));
    } else if rest.starts_with('"') {
        let end = (1..)
            .find(|&at| rest.as_bytes()[at] == b'"' && !escaped(&rest[..at]))
            .unwrap();
        // As UTF-16, where a lone surrogate is a unit like any other.
        let mut units: Vec<u16> = Vec::new();
        let mut text = &rest[1..end];
        while let Some(c) = text.chars().next() {
            text = &text[c.len_utf8()..];
            if c != '\\' {
                units.extend(c.encode_utf16(&mut [0; 2]).iter());
            } else if let Some(hex) = text.strip_prefix('u') {
                units.push(u16::from_str_radix(&hex[..4], 16).unwrap());
                text = &hex[4..];
            } else {
                let simple: String =
                    serde_json::from_str(&format!("\"\\{}\"", &text[..1])).unwrap();
                units.extend(simple.encode_utf16());
                text = &text[1..];
            }
        }
        *rest = &rest[end + 1..];
        out.push_str(&format!("{units:x?}"));
    } else {
        let end = rest
            .find([',', ']', '}', ' ', '\n', '\t', '\r', ':'])
            .unwrap_or(rest.len());
        let token = &rest[..end];
        *rest = &rest[end..];
        let integer = token
            .trim_start_matches('-')
            .bytes()
            .all(|b| b.is_ascii_digit());
        match token.parse::<f64>() {
            Ok(_) if integer => out.push_str(if token == "-0" { "0" } else { token }),
            Ok(float) => out.push_str(&format!("float {:x}", float.to_bits())),
            Err(_) => out.push_str(token),
        }
    }
}

fn escaped(before: &str) -> bool {
    before.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}
