//! Writes a JSON text as Python would after reading it: `json.dumps(json.loads(text))`.

use std::collections::BTreeMap;

use crate::json::float::write_float;
use crate::json::object::object;
use crate::json::scan::{Cursor, NotJson};
use crate::json::tag::Tag;
use crate::json::unescape::unescape;
use crate::json::view::Kind;
use crate::json::{tag, text};

/// The treatment of an object that looks like one of Flask's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    /// It is a tag, and stays as it is: the text is trusted.
    Keep,
    /// It is an object like any other, and is escaped: the author of the text knows no tags.
    Escape,
}

/// Returns the canonical text of a JSON text: objects sorted by key, with the last of equal keys; strings and floats as Flask
/// writes them; no whitespace.
///
/// The result has at most `depth` levels, those of escapes included. Recursive, as deep as the scanner allows.
pub(crate) fn canonical(
    json: &str,
    depth: usize,
    ascii: bool,
    tags: Tags,
) -> Result<String, NotJson> {
    let mut cursor = Cursor::new(json);
    cursor.value(depth)?;
    cursor.end()?;
    let mut writer = Writer {
        out: String::with_capacity(json.len()),
        ascii,
        tags,
    };
    writer.value(&mut Cursor::new(json))?;
    if tags == Tags::Escape {
        // An escape is one level more.
        Cursor::new(&writer.out).value(depth)?;
    }
    Ok(writer.out)
}

struct Writer {
    out: String,
    ascii: bool,
    tags: Tags,
}

impl Writer {
    /// Writes the value at the cursor and takes it.
    fn value(&mut self, cursor: &mut Cursor<'_>) -> Result<(), NotJson> {
        match cursor.kind() {
            Kind::Object => self.object(cursor),
            Kind::List => self.list(cursor),
            Kind::String => {
                let token = cursor.string()?;
                let string = unescape(&cursor.text[token.range]);
                text::wtf8(&mut self.out, &string, self.ascii);
                Ok(())
            }
            Kind::Number | Kind::Boolean | Kind::Null => {
                let place = cursor.value(1)?;
                self.scalar(&cursor.text[place]);
                Ok(())
            }
        }
    }

    fn list(&mut self, cursor: &mut Cursor<'_>) -> Result<(), NotJson> {
        cursor.expect(b'[')?;
        self.out.push('[');
        let start = self.out.len();
        while cursor.next_item() {
            if self.out.len() > start {
                self.out.push(',');
            }
            self.value(cursor)?;
        }
        self.out.push(']');
        cursor.expect(b']')
    }

    fn object(&mut self, cursor: &mut Cursor<'_>) -> Result<(), NotJson> {
        cursor.expect(b'{')?;
        let mut entries = BTreeMap::new();
        let start = self.out.len();
        while let Some(key) = cursor.next_key() {
            self.value(cursor)?;
            // Taken back until the entries are sorted.
            let value = self.out.split_off(start);
            entries.insert(unescape(key), value);
        }
        cursor.expect(b'}')?;
        if let Some((key, value)) = entries.first_key_value()
            && entries.len() == 1
            && self.tags == Tags::Escape
            && Tag::of_bytes(key).is_some()
        {
            tag::write_escaped(&mut self.out, key, value);
        } else {
            object(&mut self.out, self.ascii, &entries);
        }
        Ok(())
    }

    /// Writes a number or a literal. Integers keep their digits, whatever their size; -0 is 0, the only zero among Python's
    /// integers.
    fn scalar(&mut self, token: &str) {
        let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
        // Literals have an e, too.
        let is_float = has_digit && token.contains(['.', 'e', 'E']);
        match token.parse() {
            Ok(float) if is_float => write_float(&mut self.out, float),
            _ if token == "-0" => self.out.push('0'),
            _ => self.out.push_str(token),
        }
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
                canonical(json, 10, true, Tags::Keep).as_deref(),
                Ok(expected)
            );
        }
        assert_eq!(canonical("[1,]", 10, true, Tags::Keep), Err(NotJson));
        assert_eq!(canonical("[[]]", 1, true, Tags::Keep), Err(NotJson));
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(canonical(&deep, 1000, true, Tags::Keep), Ok(deep));
    }

    #[test]
    fn an_escape_is_a_level() {
        let tag = r#"{"\u0020t": [{" m" : "<b>"}]}"#;
        let escaped = r#"{" di":{" t__":[{" di":{" m__":"<b>"}}]}}"#;
        assert_eq!(
            canonical(tag, 5, true, Tags::Escape).as_deref(),
            Ok(escaped)
        );
        assert_eq!(canonical(tag, 4, true, Tags::Escape), Err(NotJson));
        assert_eq!(
            canonical(tag, 3, true, Tags::Keep).as_deref(),
            Ok(r#"{" t":[{" m":"<b>"}]}"#)
        );
    }

    proptest! {
        #[test]
        fn what_we_write_is_canonical(value in crate::json::tests::any_json(), ascii: bool) {
            let text = crate::json::ser::to_text(&value, ascii).unwrap();
            prop_assert_eq!(canonical(&text, 128, ascii, Tags::Keep), Ok(text.clone()));
            // As JSON it is the value that it was written from, tags or not.
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(canonical(&json, 128, ascii, Tags::Escape), Ok(text));
        }
    }
}
