//! A JSON text as Python would write it after reading it: `json.dumps(json.loads(text))`, tags left as they are.

use crate::json::scan::{Cursor, NotJson, unescape};
use crate::json::tag::Tag;
use crate::json::{tag, text};

/// What an object is that looks like one of Flask's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    /// A tag: the text is trusted, and left as it is.
    Kept,
    /// An object like any other, which is guarded: whoever wrote the text knows no tags.
    Guarded,
}

/// The canonical text of a JSON text of at most `depth` levels, guards included: objects sorted by key with the last of
/// equal ones, strings and floats as Flask writes them, no whitespace. Recursive, as deep as the scanner allows.
pub(crate) fn canonical(
    json: &str,
    depth: usize,
    ascii: bool,
    tags: Tags,
) -> Result<String, NotJson> {
    let mut cursor = Cursor::new(json);
    cursor.value(depth)?;
    cursor.end()?;
    let mut out = String::with_capacity(json.len());
    value(&mut Cursor::new(json), ascii, tags, &mut out)?;
    if tags == Tags::Guarded {
        // A guard is one level more.
        Cursor::new(&out).value(depth)?;
    }
    Ok(out)
}

fn value(
    cursor: &mut Cursor<'_>,
    ascii: bool,
    tags: Tags,
    out: &mut String,
) -> Result<(), NotJson> {
    cursor.space();
    match cursor.peek() {
        Some(b'{') => object(cursor, ascii, tags, out),
        Some(b'[') => {
            cursor.expect(b'[')?;
            out.push('[');
            while !cursor.eat(b']') {
                value(cursor, ascii, tags, out)?;
                if cursor.eat(b',') {
                    out.push(',');
                }
            }
            out.push(']');
            Ok(())
        }
        Some(b'"') => {
            let token = cursor.string()?;
            text::wtf8(out, &unescape(&cursor.text()[token.range]), ascii);
            Ok(())
        }
        _ => {
            let range = cursor.value(1)?;
            scalar(out, &cursor.text()[range]);
            Ok(())
        }
    }
}

fn object(
    cursor: &mut Cursor<'_>,
    ascii: bool,
    tags: Tags,
    out: &mut String,
) -> Result<(), NotJson> {
    let mut entries = std::collections::BTreeMap::new();
    cursor.expect(b'{')?;
    while !cursor.eat(b'}') {
        let token = cursor.key()?;
        let key = unescape(&cursor.text()[token.range]);
        let mut inner = String::new();
        value(cursor, ascii, tags, &mut inner)?;
        entries.insert(key, inner);
        cursor.eat(b',');
    }
    let only = entries
        .first_key_value()
        .filter(|_| tags == Tags::Guarded && entries.len() == 1);
    match only.and_then(|(key, value)| Some((Tag::of_bytes(key)?, value))) {
        Some((tag, value)) => tag::guard(out, tag.key().as_bytes(), value),
        None => text::object(out, ascii, &entries),
    }
    Ok(())
}

/// Integers keep their digits, whatever their size; -0 is 0, as Python's integers have no other.
fn scalar(out: &mut String, token: &str) {
    let is_float = token.contains(['.', 'e', 'E']) && token.bytes().any(|b| b.is_ascii_digit());
    match token.parse::<f64>() {
        Ok(float) if is_float => text::float(out, float),
        _ if token == "-0" => out.push('0'),
        _ => out.push_str(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_python_writes() {
        for (json, expected) in [
            (
                r#" { "b" : 1 , "a" : [ 1E5 , 1e-7, 0e0, -0, -0.0, 1e400 ] } "#,
                r#"{"a":[100000.0,1e-07,0.0,0,-0.0,Infinity],"b":1}"#,
            ),
            (
                r#"{"a":1,"a":{"z":1,"y":[{}]},"\u0062":"\/é"}"#,
                r#"{"a":{"y":[{}],"z":1},"b":"/\u00e9"}"#,
            ),
            (
                r#"{" di":{" t__":{" t":[1,2]}},"\ud800":"\ud83d\ude00"}"#,
                r#"{" di":{" t__":{" t":[1,2]}},"\ud800":"\ud83d\ude00"}"#,
            ),
            (
                "[true,false,null,NaN,-Infinity]",
                "[true,false,null,NaN,-Infinity]",
            ),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ] {
            assert_eq!(
                canonical(json, 10, true, Tags::Kept).as_deref(),
                Ok(expected)
            );
        }
        assert_eq!(canonical("[1,]", 10, true, Tags::Kept), Err(NotJson));
        assert_eq!(canonical("[[]]", 1, true, Tags::Kept), Err(NotJson));
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(canonical(&deep, 1000, true, Tags::Kept), Ok(deep));
    }

    #[test]
    fn a_guard_is_a_level() {
        let tag = r#"{"\u0020t": [{" m" : "<b>"}]}"#;
        let guarded = r#"{" di":{" t__":[{" di":{" m__":"<b>"}}]}}"#;
        assert_eq!(
            canonical(tag, 5, true, Tags::Guarded).as_deref(),
            Ok(guarded)
        );
        assert_eq!(canonical(tag, 4, true, Tags::Guarded), Err(NotJson));
        assert_eq!(
            canonical(tag, 3, true, Tags::Kept).as_deref(),
            Ok(r#"{" t":[{" m":"<b>"}]}"#)
        );
    }

    proptest! {
        #[test]
        fn what_we_write_is_canonical(value in crate::json::tests::any_json(), ascii: bool) {
            let text = crate::json::ser::to_text(&value, ascii).unwrap();
            prop_assert_eq!(canonical(&text, 128, ascii, Tags::Kept), Ok(text.clone()));
            // As JSON it is the value that it was written from, tags or not.
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(canonical(&json, 128, ascii, Tags::Guarded), Ok(text));
        }
    }
}
