//! Flask's tags: an object whose one key is a tag stands for a value that JSON has no type for.
//!
//! ```text
//! {" t": [1, 2]}                  a tuple
//! {" di": {" t__": [1, 2]}}       the dict {" t": [1, 2]}, escaped: it only looks like a tag
//! ```

use crate::json::object::object;
use crate::json::scan::Cursor;
use crate::json::unescape::unescape;
use crate::json::view::{Kind, only_entry};

/// The tags of `flask.json.tag.TaggedJSONSerializer` (Flask 1.0 to 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// A dict that only looks like a tag; its key carries two more underscores.
    Dict,
    Tuple,
    Bytes,
    Markup,
    Uuid,
    DateTime,
}

impl Tag {
    const ALL: [Self; 6] = [
        Self::Dict,
        Self::Tuple,
        Self::Bytes,
        Self::Markup,
        Self::Uuid,
        Self::DateTime,
    ];

    /// Returns the key that is this tag.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Dict => " di",
            Self::Tuple => " t",
            Self::Bytes => " b",
            Self::Markup => " m",
            Self::Uuid => " u",
            Self::DateTime => " d",
        }
    }

    /// Returns the tag that a key is.
    pub(crate) fn of(key: &str) -> Option<Self> {
        if !key.starts_with(' ') {
            return None;
        }
        Self::ALL.into_iter().find(|tag| tag.key() == key)
    }

    /// Returns the tag that a key in WTF-8 is.
    pub(crate) fn of_bytes(key: &[u8]) -> Option<Self> {
        Self::of(std::str::from_utf8(key).ok()?)
    }

    /// Returns whether Flask writes a value of this kind under this tag.
    pub(crate) fn accepts(self, kind: Kind) -> bool {
        match self {
            Self::Dict => kind == Kind::Object,
            Self::Tuple => kind == Kind::List,
            _ => kind == Kind::String,
        }
    }

    /// Returns the kind of value that must be under this tag, in words.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Dict => "an object",
            Self::Tuple => "a list",
            _ => "a string",
        }
    }
}

/// A tagged value found in a text.
#[derive(Debug)]
pub(crate) struct Tagged<'a> {
    pub(crate) tag: Tag,
    /// The text of the value under the tag.
    pub(crate) value: &'a str,
    /// The end of the tag's object.
    pub(crate) end: usize,
}

/// Returns the tagged value at the cursor, if there is one. The text is known to be JSON.
pub(crate) fn tagged<'a>(cursor: &Cursor<'a>) -> Option<Tagged<'a>> {
    let mut cursor = *cursor;
    if !cursor.eat(b'{') {
        return None;
    }
    let key = cursor.next_key()?;
    // Every tag begins with a space, written as one or escaped. The values of other keys are not scanned: an object would be
    // scanned once for each level above it.
    if !key.starts_with([' ', '\\']) {
        return None;
    }
    let tag = Tag::of_bytes(&unescape(key))?;
    let value = cursor.value_text()?;
    cursor.eat(b'}').then_some(Tagged {
        tag,
        value,
        end: cursor.at,
    })
}

/// Writes an object whose one key, in WTF-8, is that of a tag, so that it is none: under ` di`, as `TaggedJSONSerializer` does.
pub(crate) fn write_escaped(out: &mut String, key: &[u8], value: &str) {
    out.push_str("{\" di\":");
    object(out, true, [([key, b"__"].concat(), value)]);
    out.push('}');
}

/// Returns the tag that the object under ` di` escapes, if Flask itself has it. An application's own tags are unknown.
pub(crate) fn escaped_tag(object: &str) -> Option<Tag> {
    let (key, _) = escaped_entry(object)?;
    Tag::of_bytes(&key)
}

/// Returns the key of the object under ` di`, in WTF-8 and without its two underscores, and its value. The object must have
/// exactly one key, since Flask writes nothing else there.
pub(crate) fn escaped_entry(object: &str) -> Option<(Vec<u8>, &str)> {
    let (key, value) = only_entry(object)?;
    let mut key = unescape(key);
    key.truncate(key.strip_suffix(b"__")?.len());
    Some((key, value))
}
