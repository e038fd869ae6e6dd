//! Takes Flask's tags off a value's text, as Flask's `jsonify` would show it.

use std::borrow::Cow;

use crate::json::scan::Cursor;
use crate::json::tag::{Tag, Tagged, escaped_tag, tagged};
use crate::json::tagged::Uuid;
use crate::json::text;
use crate::json::view::{kind, only_entry, string, values};

/// Returns the value `json` without tags: tuples as lists, markup, bytes and datetimes as their text, UUIDs with dashes. A tag
/// that Flask would not have written stays as it is.
pub(crate) fn untagged(json: &str) -> Cow<'_, str> {
    // A tag is a key that begins with a space, which may be escaped.
    if !json.contains("\" ") && !json.contains("\"\\") {
        return json.into();
    }
    let mut out = String::with_capacity(json.len());
    // A stack and no recursion, since Flask mode allows a depth of a thousand. The next part is the last one.
    let mut work = vec![Part::Value(json)];
    while let Some(part) = work.pop() {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Key(tag) => text::string(&mut out, tag.key(), true),
            Part::Value(value) => write_or_split(&mut out, &mut work, value),
        }
    }
    out.into()
}

enum Part<'a> {
    /// A value whose tags are still to be taken off.
    Value(&'a str),
    /// Text to be written as it is.
    Text(&'a str),
    /// A tag as the key of an object, which was escaped.
    Key(Tag),
}

/// Writes a value that has no parts, or pushes its parts, the first one last.
fn write_or_split<'a>(out: &mut String, work: &mut Vec<Part<'a>>, json: &'a str) {
    if let Some(Tagged { tag, value, .. }) = tagged(&Cursor::new(json)) {
        match tag {
            Tag::Uuid => return write_uuid(out, json, value),
            Tag::Dict => {
                if let Some(tag) = escaped_tag(value)
                    && let Some((_, inner)) = only_entry(value)
                {
                    work.extend([Part::Text("}"), Part::Value(inner), Part::Text(":")]);
                    work.extend([Part::Key(tag), Part::Text("{")]);
                    return;
                }
            }
            _ if tag.accepts(kind(value)) => return work.push(Part::Value(value)),
            _ => {}
        }
    }
    let Some(places) = values(json) else {
        return out.push_str(json);
    };
    // Everything between the values stays: keys, commas and whitespace.
    let first = work.len();
    let mut written = 0;
    for place in places {
        work.push(Part::Text(&json[written..place.start]));
        written = place.end;
        work.push(Part::Value(&json[place]));
    }
    work.push(Part::Text(&json[written..]));
    work[first..].reverse();
}

/// Writes the UUID that stands under its tag, with dashes. Where there is none, `json` stays as it is, tag included.
fn write_uuid(out: &mut String, json: &str, value: &str) {
    let text = string(value).unwrap_or_default();
    match Uuid::parse(&text) {
        Some(uuid) => out.push_str(&format!("\"{uuid}\"")),
        None => out.push_str(json),
    }
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
            (r#"{" u":{" t":[1]}}"#, r#"{" u":{" t":[1]}}"#),
            (r#"{" m":{" t":[1]}}"#, r#"{" m":[1]}"#),
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
