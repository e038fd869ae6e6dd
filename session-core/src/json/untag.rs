//! The text of a value with Flask's tags taken off, as Flask's `jsonify` would show it.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::scan::Cursor;
use crate::json::tag::{Tag, guarded, tagged};
use crate::json::tagged::Uuid;
use crate::json::text;

/// The value `json` without tags: tuples as lists, markup, bytes and datetimes as their text, UUIDs with dashes.
/// A tag that Flask would not have written stays as it is. An own stack and no recursion, since Flask mode allows a depth
/// of a thousand.
pub(crate) fn untagged(json: &str) -> Cow<'_, str> {
    // Nothing can be a tag without a key that begins with a space.
    if !json.contains("\" ") && !json.contains("\"\\") {
        return json.into();
    }
    let mut out = String::with_capacity(json.len());
    let mut work = vec![Part::Value(json)];
    while let Some(part) = work.pop() {
        match part {
            Part::Text(literal) => out.push_str(literal),
            Part::Key(tag) => text::string(&mut out, tag.key(), true),
            Part::Value(value) => shallow(&mut out, &mut work, value),
        }
    }
    out.into()
}

enum Part<'a> {
    Value(&'a str),
    Text(&'a str),
    Key(Tag),
}

/// Writes one value if it has no parts, else puts its parts onto the stack.
fn shallow<'a>(out: &mut String, work: &mut Vec<Part<'a>>, value: &'a str) {
    match (value.bytes().next(), tagged(&Cursor::new(value))) {
        (_, Some(found)) if found.tag == Tag::Dict && guarded(found.value).is_some() => {
            if let (Some(tag), [_, inner]) = (guarded(found.value), &parts(found.value)[..]) {
                let parts = [
                    Part::Text("{"),
                    Part::Key(tag),
                    Part::Text(":"),
                    Part::Value(&found.value[inner.clone()]),
                ];
                work.push(Part::Text("}"));
                work.extend(parts.into_iter().rev());
            }
        }
        (_, Some(found)) if found.tag == Tag::Uuid => {
            match crate::json::de::from_text::<Uuid>(value) {
                Ok(uuid) => out.extend(["\"", &uuid.to_string(), "\""]),
                Err(_) => out.push_str(value),
            }
        }
        (_, Some(found))
            if found.tag != Tag::Dict && found.tag.fits(found.value.bytes().next()) =>
        {
            work.push(Part::Value(found.value));
        }
        (Some(b'{' | b'['), _) => {
            let mut between = 0;
            let mut pieces = Vec::new();
            for part in parts(value) {
                pieces.push(Part::Text(&value[between..part.start]));
                between = part.end;
                pieces.push(Part::Value(&value[part]));
            }
            pieces.push(Part::Text(&value[between..]));
            work.extend(pieces.into_iter().rev());
        }
        _ => out.push_str(value),
    }
}

/// Where the parts of a container stand: an array's items, or an object's keys and values in turn.
fn parts(container: &str) -> Vec<Range<usize>> {
    let mut cursor = Cursor::new(container);
    let mut found = Vec::new();
    let close = if cursor.eat(b'{') { b'}' } else { b']' };
    cursor.at = cursor.at.max(1);
    while !cursor.eat(close) {
        match cursor.value(crate::json::scan::DEEPEST) {
            Ok(part) => found.push(part),
            Err(_) => break,
        }
        let _ = cursor.eat(b',') || cursor.eat(b':');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_off() {
        for (tagged, plain) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{" t":[1,{" t":[2]}]}"#, "[1,[2]]"),
            (r#"{"m":{" m":"<b>"},"n":[]}"#, r#"{"m":"<b>","n":[]}"#),
            (
                r#"[{" u":"12345678123456781234567812345678"}]"#,
                r#"["12345678-1234-5678-1234-567812345678"]"#,
            ),
            (r#"{" u":"x"}"#, r#"{" u":"x"}"#),
            (r#"{" b":"//79"}"#, r#""//79""#),
            (r#"{" di":{" t__":{" t":[1]}}}"#, r#"{" t":[1]}"#),
            (r#"{" di":{"a":1}}"#, r#"{" di":{"a":1}}"#),
            (r#"{" t":[1],"x":{" t":[]}}"#, r#"{" t":[1],"x":[]}"#),
            (
                r#"{" zz":1, "k" : [ { " t" : [ ] } ] }"#,
                r#"{" zz":1, "k" : [ [ ] ] }"#,
            ),
        ] {
            assert_eq!(untagged(tagged), plain);
        }
        let deep = format!("{}\" \"{}", "[".repeat(900), "]".repeat(900));
        assert_eq!(untagged(&deep), deep);
    }
}
