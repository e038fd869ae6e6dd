//! Deserializes one value from its text, which the scanner has proved to be JSON.
//!
//! Not serde_json's deserializer, for three reasons: Flask's tags are taken off where a plain Rust type is asked for and
//! demanded where a wrapper of [`tagged`](crate::json::tagged) is; what Python writes beyond RFC 8259 (NaN, Infinity) is read;
//! and no error quotes the value, since errors end up in logs.

use serde::de::{self, Deserialize, Visitor};

mod error;
mod parts;
mod verbatim;

pub(crate) use error::ReadError;
use parts::{Entries, Items, Proof, Variant};

use crate::base64;
use crate::json::scan::{Cursor, unescape};
use crate::json::tag::{Tag, Tagged, guarded, tagged};
use crate::json::tagged::Uuid;
use crate::json::untag::untagged;
use crate::json::verbatim::Verbatim;

/// Reads `text` as a `T`.
pub(crate) fn from_text<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ReadError> {
    T::deserialize(&mut Reader::new(text, 0))
}

/// Deeper nesting is refused on reading, as serde_json does, since Rust types are built by recursion. The text itself
/// stays in the session.
const DEEPEST: usize = 128;

struct Reader<'de> {
    cursor: Cursor<'de>,
    depth: usize,
}

impl<'de> Reader<'de> {
    fn new(text: &'de str, depth: usize) -> Self {
        Self {
            cursor: Cursor::new(text),
            depth,
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.cursor.space();
        self.cursor.peek()
    }

    fn enter(&self) -> Result<usize, ReadError> {
        if self.depth >= DEEPEST {
            return Err(ReadError::new(format!(
                "found more than {DEEPEST} levels of nesting"
            )));
        }
        Ok(self.depth + 1)
    }

    /// The next value's text, if it is no container and no string.
    fn scalar(&mut self) -> Result<&'de str, ReadError> {
        let range = self.cursor.value(1)?;
        Ok(&self.cursor.text()[range])
    }

    /// Takes a tagged value and gives a reader for what is inside.
    fn tagged(&mut self) -> Result<Option<(Tag, Reader<'de>)>, ReadError> {
        let Some(Tagged { tag, value, end }) = tagged(&self.cursor) else {
            return Ok(None);
        };
        if !tag.fits(value.bytes().next()) || (tag == Tag::Dict && guarded(value).is_none()) {
            return Err(ReadError(format!(
                "found the tag {:?} without {} that Flask writes",
                tag.key(),
                tag.holds()
            )));
        }
        self.cursor.at = end;
        Ok(Some((tag, Reader::new(value, self.enter()?))))
    }

    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ReadError> {
        let token = self.cursor.string()?;
        let raw = &self.cursor.text()[token.range];
        if !token.escaped {
            return visitor.visit_borrowed_str(raw);
        }
        match String::from_utf8(unescape(raw)) {
            Ok(text) => visitor.visit_string(text),
            Err(_) => Err(ReadError::new(
                "found a string with a lone surrogate, which a Rust string cannot hold",
            )),
        }
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ReadError> {
        let depth = self.enter()?;
        self.cursor.expect(b'[')?;
        let mut items = Items {
            reader: Reader {
                cursor: self.cursor,
                depth,
            },
            first: true,
        };
        let value = visitor.visit_seq(&mut items)?;
        self.cursor = items.reader.cursor;
        if self.cursor.eat(b']') {
            Ok(value)
        } else {
            Err(ReadError::new("found a longer list"))
        }
    }

    /// Takes an object; with `guard` its one key is that of a tag, and loses its two underscores.
    fn object<V: Visitor<'de>>(
        &mut self,
        visitor: V,
        guard: Option<Tag>,
    ) -> Result<V::Value, ReadError> {
        let depth = self.enter()?;
        self.cursor.expect(b'{')?;
        let mut entries = Entries {
            reader: Reader {
                cursor: self.cursor,
                depth,
            },
            first: true,
            guard,
        };
        let value = visitor.visit_map(&mut entries)?;
        self.cursor = entries.reader.cursor;
        if self.cursor.eat(b'}') {
            Ok(value)
        } else {
            Err(ReadError::new("found more fields"))
        }
    }

    /// A value of whatever type it is; `as_text` if that may be a number as text, for serde_json.
    fn any<V: Visitor<'de>>(&mut self, visitor: V, as_text: bool) -> Result<V::Value, ReadError> {
        match self.peek() {
            Some(b'"') => self.string(visitor),
            Some(b'[') => self.list(visitor),
            Some(b'{') => match self.tagged()? {
                None => self.object(visitor, None),
                Some((Tag::Dict, mut inner)) => {
                    let guard = guarded(inner.cursor.text());
                    inner.object(visitor, guard)
                }
                // As Flask's own JSON shows a UUID that is not tagged: with dashes.
                Some((Tag::Uuid, mut inner)) => {
                    match Uuid::parse(&String::deserialize(&mut inner)?) {
                        Some(uuid) => visitor.visit_string(uuid.to_string()),
                        None => Err(ReadError::new(
                            "found a UUID that is not 32 hex digits in lower case",
                        )),
                    }
                }
                Some((_, mut inner)) => inner.any(visitor, as_text),
            },
            _ => match self.scalar()? {
                "null" => visitor.visit_unit(),
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                number => self::number(number, visitor, as_text),
            },
        }
    }
}

fn number<'de, V: Visitor<'de>>(
    text: &str,
    visitor: V,
    as_text: bool,
) -> Result<V::Value, ReadError> {
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        return visitor.visit_f64(float(text)?);
    }
    if let Ok(number) = text.parse() {
        visitor.visit_u64(number)
    } else if let Ok(number) = text.parse() {
        visitor.visit_i64(number)
    } else {
        let kept = as_text.then(|| verbatim::Entry::number(text)).flatten();
        let read = kept.and_then(|number| visitor.visit_map(number).ok());
        read.ok_or_else(|| ReadError::new("found an integer beyond 64 bits"))
    }
}

fn float(text: &str) -> Result<f64, ReadError> {
    // Rust reads NaN and Infinity as Python writes them.
    text.parse().map_err(|_| ReadError::new("found no number"))
}

macro_rules! parsed {
    ($($method:ident $visit:ident,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.peek() {
                Some(b'-' | b'0'..=b'9' | b'N' | b'I') => {}
                _ => return self.any(visitor, false),
            }
            let start = self.cursor;
            match self.scalar()?.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => {
                    self.cursor = start;
                    self.any(visitor, false)
                }
            }
        })*
    };
}

/// A value of whatever type it is, to a visitor that wants a certain one.
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
        if self.peek() == Some(b'n') {
            self.scalar()?;
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
            let range = self.cursor.value(crate::json::scan::DEEPEST)?;
            let json = untagged(&self.cursor.text()[range]).into_owned();
            return visitor.visit_map(verbatim::Entry::raw(json));
        }
        let Some(wanted) = Tag::of(name) else {
            return visitor.visit_newtype_struct(self);
        };
        match self.tagged()? {
            Some((tag, inner)) if tag == wanted => visitor.visit_enum(Proof { tag, inner }),
            _ if self.peek() == Some(b'n') => Err(ReadError::null(&format!(
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
                match base64::decode_padded(&text) {
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
        if self.peek() == Some(b'"') {
            return visitor.visit_enum(Variant {
                reader: self,
                content: false,
            });
        }
        if tagged(&self.cursor).is_some() {
            return Err(ReadError::new("found a tagged value, expected an enum"));
        }
        if self.peek() == Some(b'n') {
            return Err(ReadError::null("an enum"));
        }
        self.cursor
            .expect(b'{')
            .map_err(|_| ReadError::new("found no enum: neither a string nor an object"))?;
        self.depth = self.enter()?;
        let value = visitor.visit_enum(Variant {
            reader: self,
            content: true,
        })?;
        self.cursor
            .expect(b'}')
            .map_err(|_| ReadError::new("found an object of several fields, expected an enum"))?;
        self.depth -= 1;
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.cursor.value(crate::json::scan::DEEPEST)?;
        visitor.visit_unit()
    }

    any! {
        deserialize_bool(), deserialize_i8(), deserialize_i16(), deserialize_i32(), deserialize_i64(), deserialize_u8(),
        deserialize_u16(), deserialize_u32(), deserialize_u64(), deserialize_char(), deserialize_str(),
        deserialize_string(), deserialize_unit(), deserialize_seq(), deserialize_map(), deserialize_identifier(),
        deserialize_unit_struct(&'static str), deserialize_tuple(usize), deserialize_tuple_struct(&'static str, usize),
        deserialize_struct(&'static str, &'static [&'static str]),
    }
}
