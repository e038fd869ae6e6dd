//! Deserializes one value from its text, which the scanner has proved to be JSON.
//!
//! serde_json's deserializer does not do, for three reasons. Flask's tags are taken off where a plain Rust type is asked for,
//! and demanded where a wrapper of [`tagged`](crate::json::tagged) is. `NaN` and `Infinity`, which Python writes, are read. And
//! no error quotes the value, since errors are logged.

use serde::de::{self, Deserialize, Visitor};

mod error;
mod number;
mod parts;
mod verbatim;

pub(crate) use error::ReadError;
use parts::{Entries, Items, Proof, Variant};

use crate::json::scan;
use crate::json::scan::Cursor;
use crate::json::tag::{Tag, Tagged, escaped_tag, tagged};
use crate::json::tagged::Uuid;
use crate::json::unescape::unescape;
use crate::json::untag::untagged;
use crate::json::verbatim::Verbatim;
use crate::json::view::{Kind, kind};
use crate::padded_base64;

/// Reads `text` as a `T`.
///
/// # Errors
/// The value is of another type, or nested deeper than 128 levels.
pub(crate) fn from_text<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ReadError> {
    let cursor = Cursor::new(text);
    T::deserialize(&mut Reader { cursor, depth: 0 })
}

/// The deepest nesting that is read, as in serde_json, since Rust types are built by recursion. A deeper text stays in the
/// session as it is.
const DEEPEST: usize = 128;

/// A place in the text, with `depth` containers around it.
///
/// The text is walked once: reading a value leaves the cursor behind it.
struct Reader<'de> {
    cursor: Cursor<'de>,
    depth: usize,
}

impl<'de> Reader<'de> {
    /// Returns the depth inside the container that comes next.
    fn enter(&self) -> Result<usize, ReadError> {
        if self.depth >= DEEPEST {
            return Err(ReadError(format!(
                "found more than {DEEPEST} levels of nesting"
            )));
        }
        Ok(self.depth + 1)
    }

    /// Takes a tagged value, if one comes next, and returns a reader for the value under the tag.
    fn tagged(&mut self) -> Result<Option<(Tag, Reader<'de>)>, ReadError> {
        let Some(Tagged { tag, value, end }) = tagged(&self.cursor) else {
            return Ok(None);
        };
        // The scanner proves that a text is JSON, not that its tags are Flask's.
        if !tag.accepts(kind(value)) || (tag == Tag::Dict && escaped_tag(value).is_none()) {
            let (key, expected) = (tag.key(), tag.expected());
            return Err(ReadError(format!(
                "found the tag {key:?} without {expected} that Flask writes"
            )));
        }
        self.cursor.at = end;
        let (cursor, depth) = (Cursor::new(value), self.enter()?);
        Ok(Some((tag, Reader { cursor, depth })))
    }

    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ReadError> {
        let token = self.cursor.string()?;
        visit_string(&self.cursor.text[token.range], visitor)
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ReadError> {
        let depth = self.enter()?;
        self.cursor.expect(b'[')?;
        let cursor = self.cursor;
        let mut items = Items(Reader { cursor, depth });
        let value = visitor.visit_seq(&mut items)?;
        self.cursor = items.0.cursor;
        // The visitor may have stopped before the end.
        if self.cursor.eat(b']') {
            Ok(value)
        } else {
            Err(ReadError::new("found a longer list"))
        }
    }

    /// Takes an object. `escaped` is the tag whose key its one entry gets, in place of its own with two underscores. Errors
    /// name a field of the object if it is among `fields`.
    fn object<V: Visitor<'de>>(
        &mut self,
        visitor: V,
        escaped: Option<Tag>,
        fields: &'static [&'static str],
    ) -> Result<V::Value, ReadError> {
        let depth = self.enter()?;
        self.cursor.expect(b'{')?;
        let cursor = self.cursor;
        let mut entries = Entries {
            reader: Reader { cursor, depth },
            escaped,
            fields,
            key: "",
        };
        let value = visitor.visit_map(&mut entries)?;
        self.cursor = entries.reader.cursor;
        if self.cursor.eat(b'}') {
            Ok(value)
        } else {
            Err(ReadError::new("found more fields"))
        }
    }

    /// Takes a value of any type. With `as_text` serde_json may get a long number as text.
    fn any<V: Visitor<'de>>(&mut self, visitor: V, as_text: bool) -> Result<V::Value, ReadError> {
        match self.cursor.kind() {
            Kind::String => self.string(visitor),
            Kind::List => self.list(visitor),
            Kind::Object => match self.tagged()? {
                None => self.object(visitor, None, &[]),
                Some((Tag::Dict, mut inner)) => {
                    let escaped = escaped_tag(inner.cursor.text);
                    inner.object(visitor, escaped, &[])
                }
                // With dashes, as Flask's own JSON shows a UUID.
                Some((Tag::Uuid, mut inner)) => {
                    match Uuid::parse(&String::deserialize(&mut inner)?) {
                        Some(uuid) => visitor.visit_string(uuid.to_string()),
                        None => Err(ReadError::new(
                            "found a UUID that is not 32 hex digits in lower case",
                        )),
                    }
                }
                // A tuple, bytes, markup or a datetime reads as the value under the tag.
                Some((_, mut inner)) => inner.any(visitor, as_text),
            },
            Kind::Null | Kind::Boolean | Kind::Number => {
                let place = self.cursor.value(1)?;
                match &self.cursor.text[place] {
                    "null" => visitor.visit_unit(),
                    "true" => visitor.visit_bool(true),
                    "false" => visitor.visit_bool(false),
                    number => number::read(number, visitor, as_text),
                }
            }
        }
    }

    /// Takes a struct, whose fields' names are the program's own words.
    fn fields<V: Visitor<'de>>(
        &mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if self.cursor.kind() == Kind::Object && tagged(&self.cursor).is_none() {
            return self.object(visitor, None, fields);
        }
        self.any(visitor, false)
    }
}

/// Gives the string between two quotes to a visitor, borrowed from the text if it has no escape.
fn visit_string<'de, V: Visitor<'de>>(raw: &'de str, visitor: V) -> Result<V::Value, ReadError> {
    if !raw.contains('\\') {
        return visitor.visit_borrowed_str(raw);
    }
    match String::from_utf8(unescape(raw)) {
        Ok(text) => visitor.visit_string(text),
        Err(_) => Err(ReadError::new(
            "found a string with a lone surrogate, which a Rust string cannot hold",
        )),
    }
}

/// A number of a type that `any` would not give its visitor with all digits.
macro_rules! parsed {
    ($($method:ident $visit:ident,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            if self.cursor.kind() != Kind::Number {
                return self.any(visitor, false);
            }
            let start = self.cursor;
            let place = self.cursor.value(1)?;
            match self.cursor.text[place].parse() {
                Ok(number) => visitor.$visit(number),
                // A number out of range, or a float for an integer: `any` names both types.
                Err(_) => {
                    self.cursor = start;
                    self.any(visitor, false)
                }
            }
        })*
    };
}

/// A value of any type: the visitor refuses another than it wants.
macro_rules! any {
    ($($method:ident($($hint:ty),*),)*) => {
        $(fn $method<V: Visitor<'de>>(self, $(_: $hint,)* visitor: V) -> Result<V::Value, ReadError> {
            self.any(visitor, false)
        })*
    };
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.any(visitor, true)
    }

    parsed! {
        deserialize_i128 visit_i128, deserialize_u128 visit_u128, deserialize_f32 visit_f64, deserialize_f64 visit_f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.cursor.kind() == Kind::Null {
            self.cursor.value(1)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if Verbatim::of(name) == Some(Verbatim::Raw) {
            let place = self.cursor.value(scan::DEEPEST)?;
            let json = untagged(&self.cursor.text[place]).into_owned();
            return visitor.visit_map(verbatim::Entry::raw(json));
        }
        let Some(wanted) = Tag::of(name) else {
            return visitor.visit_newtype_struct(self);
        };
        match self.tagged()? {
            Some((tag, inner)) if tag == wanted => visitor.visit_enum(Proof { tag, inner }),
            _ if self.cursor.kind() == Kind::Null => Err(ReadError::null(&format!(
                "a value with Flask's tag {name:?}"
            ))),
            _ => Err(ReadError(format!(
                "found no value with Flask's tag {name:?}"
            ))),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.tagged()? {
            Some((Tag::Bytes, mut inner)) => {
                let text = String::deserialize(&mut inner)?;
                match padded_base64::decode(&text) {
                    Some(bytes) => visitor.visit_byte_buf(bytes),
                    None => Err(ReadError::new(
                        "found bytes that are not standard base64 with padding",
                    )),
                }
            }
            Some(_) => Err(ReadError::new("found another tag than that of bytes")),
            None => self.any(visitor, false),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        // No enum is written under a tag.
        if tagged(&self.cursor).is_some() {
            return Err(ReadError::new("found a tagged value, expected an enum"));
        }
        match self.cursor.kind() {
            Kind::String => {
                let token = self.cursor.string()?;
                let key = &self.cursor.text[token.range];
                visitor.visit_enum(Variant { key, content: None })
            }
            Kind::Object => {
                self.depth = self.enter()?;
                self.cursor.expect(b'{')?;
                let Some(key) = self.cursor.next_key() else {
                    return Err(ReadError::new("found an empty object, expected an enum"));
                };
                let content = Some(&mut *self);
                let value = visitor.visit_enum(Variant { key, content })?;
                if !self.cursor.eat(b'}') {
                    return Err(ReadError::new(
                        "found an object of several fields, expected an enum",
                    ));
                }
                self.depth -= 1;
                Ok(value)
            }
            Kind::Null => Err(ReadError::null("an enum")),
            _ => Err(ReadError::new(
                "found no enum: neither a string nor an object",
            )),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.fields(fields, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        // Not by recursion, so a text of any depth can be skipped.
        self.cursor.value(scan::DEEPEST)?;
        visitor.visit_unit()
    }

    any! {
        deserialize_bool(), deserialize_i8(), deserialize_i16(), deserialize_i32(), deserialize_i64(), deserialize_u8(),
        deserialize_u16(), deserialize_u32(), deserialize_u64(), deserialize_char(), deserialize_str(),
        deserialize_string(), deserialize_unit(), deserialize_seq(), deserialize_map(), deserialize_identifier(),
        deserialize_unit_struct(&'static str), deserialize_tuple(usize), deserialize_tuple_struct(&'static str, usize),
    }
}
