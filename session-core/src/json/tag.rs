//! Flask's tags: an object with exactly one of these keys stands for a value that JSON has no type for.

use crate::json::scan::{Cursor, unescape};
use crate::json::text;

/// The tags of `flask.json.tag.TaggedJSONSerializer` (Flask 1.0 to 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// A dict that only looks like a tag; its key carries two underscores more.
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

    pub(crate) fn of(key: &str) -> Option<Self> {
        if !key.starts_with(' ') {
            return None;
        }
        Self::ALL.into_iter().find(|tag| tag.key() == key)
    }

    /// The tag that a key in WTF-8 is.
    pub(crate) fn of_bytes(key: &[u8]) -> Option<Self> {
        Self::of(std::str::from_utf8(key).ok()?)
    }

    /// Whether a value that begins with `first` is what Flask writes under this tag.
    pub(crate) fn fits(self, first: Option<u8>) -> bool {
        first
            == Some(match self {
                Self::Dict => b'{',
                Self::Tuple => b'[',
                _ => b'"',
            })
    }

    pub(crate) fn holds(self) -> &'static str {
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
    /// Where the tag's object ends.
    pub(crate) end: usize,
}

/// The tagged value that stands at the cursor, if one does. The text is known to be JSON.
pub(crate) fn tagged<'a>(cursor: &Cursor<'a>) -> Option<Tagged<'a>> {
    let mut cursor = *cursor;
    if !cursor.eat(b'{') || !cursor.eat(b'"') {
        return None;
    }
    // Every tag begins with a space, written as one or escaped; nothing else need be looked at.
    if !matches!(cursor.peek(), Some(b' ' | b'\\')) {
        return None;
    }
    cursor.at -= 1;
    let key = cursor.key().ok()?;
    let tag = Tag::of_bytes(&unescape(&cursor.text()[key.range]))?;
    let value = cursor.value(crate::json::scan::DEEPEST).ok()?;
    let value = &cursor.text()[value];
    cursor.eat(b'}').then_some(Tagged {
        tag,
        value,
        end: cursor.at,
    })
}

/// Writes an object whose one key is that of a tag, so that it is no tag: under ` di`, as `TaggedJSONSerializer` does. The key
/// is in WTF-8.
pub(crate) fn guard(out: &mut String, key: &[u8], value: &str) {
    out.push_str("{\" di\":");
    text::object(out, true, [([key, b"__"].concat(), value)]);
    out.push('}');
}

/// The tag that the object under ` di` guards, if Flask itself has it: of an application's own tags nothing is known.
pub(crate) fn guarded(object: &str) -> Option<Tag> {
    Tag::of_bytes(&guarded_key(object)?.0)
}

/// The key of the object under ` di`, in WTF-8 and without its two underscores, and its value: the object must have exactly
/// one key, since Flask writes nothing else there.
pub(crate) fn guarded_key(object: &str) -> Option<(Vec<u8>, &str)> {
    let mut cursor = Cursor::new(object);
    cursor.expect(b'{').ok()?;
    let key = cursor.key().ok()?;
    let mut key = unescape(&object[key.range]);
    key.truncate(key.strip_suffix(b"__")?.len());
    let value = cursor.value(crate::json::scan::DEEPEST).ok()?;
    cursor.expect(b'}').ok()?;
    Some((key, &object[value]))
}
