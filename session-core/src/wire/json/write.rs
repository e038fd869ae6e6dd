//! Serializes a Rust value to canonical text: Flask's `json.dumps(tag(value))`, byte for byte.
//!
//! Objects sorted by key, floats as Python writes them, and Flask's tags: the wrappers of [`tagged`](crate::tagged) call
//! `serialize_newtype_struct` with the tag as name, bytes are ` b`, and an object that only looks like a tag is wrapped
//! in ` di`, as `TaggedJSONSerializer` does, so that no key that a user typed can turn a map into something else.

use serde::ser::{self, Serialize};

use super::scan::Cursor;
use super::tag::Tag;
use super::text;
use crate::wire::base64;

/// The deepest nesting that is written: the outer map and a list around it leave this much of 128.
pub(crate) const DEEPEST_VALUE: usize = 120;

/// Writes `value`; non-ASCII characters escaped if `ascii`.
pub(crate) fn to_text<T: Serialize + ?Sized>(value: &T, ascii: bool) -> Result<String, WriteError> {
    let mut writer = Writer { out: String::new(), ascii, depth: 0 };
    value.serialize(&mut writer)?;
    Ok(writer.out)
}

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WriteError(String);

impl ser::Error for WriteError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Writer {
    out: String,
    ascii: bool,
    depth: usize,
}

impl Writer {
    fn enter(&mut self) -> Result<(), WriteError> {
        self.depth += 1;
        if self.depth > DEEPEST_VALUE {
            return Err(WriteError(format!("it is nested deeper than {DEEPEST_VALUE} levels")));
        }
        Ok(())
    }

    fn list(&mut self) -> Result<List<'_>, WriteError> {
        self.enter()?;
        self.out.push('[');
        Ok(List { writer: self, first: true, variant: None })
    }

    fn object(&mut self) -> Result<Object<'_>, WriteError> {
        self.enter()?;
        let start = self.out.len();
        Ok(Object { writer: self, start, entries: Vec::new(), key: None, variant: None })
    }

    fn tagged(&mut self, tag: Tag, value: impl FnOnce(&mut Self) -> Result<(), WriteError>) -> Result<(), WriteError> {
        self.enter()?;
        self.out.push_str(&format!("{{\"{}\":", tag.key()));
        let start = self.out.len();
        value(self)?;
        if !tag.fits(self.out.as_bytes().get(start).copied()) {
            return Err(WriteError(format!("the tag {:?} does not hold {}", tag.key(), tag.holds())));
        }
        self.out.push('}');
        self.depth -= 1;
        Ok(())
    }
}

macro_rules! display {
    ($($method:ident $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), WriteError> {
            self.out.push_str(&value.to_string());
            Ok(())
        })*
    };
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    display! {
        serialize_bool bool,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128,
    }

    fn serialize_f32(self, value: f32) -> Result<(), WriteError> {
        text::float(&mut self.out, &format!("{value:e}"));
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), WriteError> {
        text::float(&mut self.out, &format!("{value:e}"));
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), WriteError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), WriteError> {
        text::string(&mut self.out, value, self.ascii);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), WriteError> {
        self.tagged(Tag::Bytes, |writer| writer.serialize_str(&base64::encode_padded(value)))
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), WriteError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), WriteError> {
        match Tag::of(name) {
            Some(tag) => self.tagged(tag, |writer| value.serialize(writer)),
            None => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        let mut object = self.object()?;
        object.entry(variant.to_owned(), value)?;
        object.finish()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, WriteError> {
        self.list()
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'a>, WriteError> {
        self.list()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>, WriteError> {
        self.list()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'a>, WriteError> {
        self.enter()?;
        let start = self.out.len();
        Ok(List { variant: Some((variant, start)), ..self.list()? })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>, WriteError> {
        self.object()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'a>, WriteError> {
        self.object()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object<'a>, WriteError> {
        self.enter()?;
        let start = self.out.len();
        Ok(Object { variant: Some((variant, start)), ..self.object()? })
    }
}

/// The name of an enum's variant and where its content starts: `{"name":content}` is written when that is complete.
type Variant = Option<(&'static str, usize)>;

fn wrap_variant(writer: &mut Writer, variant: Variant) {
    if let Some((name, start)) = variant {
        let content = start..writer.out.len();
        write_object(writer, start, vec![(name.to_owned(), content)]);
        writer.depth -= 1;
    }
}

struct List<'a> {
    writer: &'a mut Writer,
    first: bool,
    variant: Variant,
}

impl List<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(',');
        }
        value.serialize(&mut *self.writer)
    }

    fn finish(self) {
        self.writer.out.push(']');
        self.writer.depth -= 1;
        wrap_variant(self.writer, self.variant);
    }
}

struct Object<'a> {
    writer: &'a mut Writer,
    /// Where in the text the values lie, one behind the other, until they are sorted.
    start: usize,
    entries: Vec<(String, std::ops::Range<usize>)>,
    key: Option<String>,
    variant: Variant,
}

impl Object<'_> {
    fn entry<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), WriteError> {
        let start = self.writer.out.len();
        value.serialize(&mut *self.writer)?;
        self.entries.push((key, start..self.writer.out.len()));
        Ok(())
    }

    fn finish(self) -> Result<(), WriteError> {
        write_object(self.writer, self.start, self.entries);
        self.writer.depth -= 1;
        wrap_variant(self.writer, self.variant);
        Ok(())
    }
}

/// Replaces the values that lie behind `start` by the object of sorted entries; of equal keys the last stays, as in a
/// Python dict.
fn write_object(writer: &mut Writer, start: usize, mut entries: Vec<(String, std::ops::Range<usize>)>) {
    let values = writer.out.split_off(start);
    entries.reverse();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries.dedup_by(|(a, _), (b, _)| a == b);
    let out = &mut writer.out;
    let looks_like_tag = matches!(&entries[..], [(key, _)] if Tag::of(key).is_some());
    if looks_like_tag {
        out.push_str("{\" di\":");
    }
    out.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if looks_like_tag {
            text::string(out, &format!("{key}__"), writer.ascii);
        } else {
            text::string(out, key, writer.ascii);
        }
        out.push(':');
        out.push_str(&values[value.start - start..value.end - start]);
    }
    out.push_str(if looks_like_tag { "}}" } else { "}" });
}

macro_rules! list {
    ($($trait:ident $method:ident,)*) => {
        $(impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = WriteError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
                self.item(value)
            }
            fn end(self) -> Result<(), WriteError> {
                self.finish();
                Ok(())
            }
        })*
    };
}

list! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! object {
    ($($trait:ident,)*) => {
        $(impl ser::$trait for Object<'_> {
            type Ok = ();
            type Error = WriteError;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), WriteError> {
                self.entry(key.to_owned(), value)
            }
            fn end(self) -> Result<(), WriteError> {
                self.finish()
            }
        })*
    };
}

object! { SerializeStruct, SerializeStructVariant, }

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WriteError> {
        self.key = Some(key_text(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        let key = self.key.take().ok_or_else(|| WriteError("a map gave a value without a key".into()))?;
        self.entry(key, value)
    }

    fn end(self) -> Result<(), WriteError> {
        self.finish()
    }
}

/// A map's key as Python's `json.dumps` makes one: a string as it is, numbers, booleans and `None` as their JSON text.
fn key_text<T: Serialize + ?Sized>(key: &T) -> Result<String, WriteError> {
    let text = to_text(key, false)?;
    let mut cursor = Cursor::new(&text);
    match text.bytes().next() {
        Some(b'{' | b'[') | None => Err(WriteError("a map's key must be a string, a number or a boolean".into())),
        Some(b'"') => {
            let token = cursor.string().map_err(|_| WriteError("a map's key is not a string".into()))?;
            Ok(String::from_utf8_lossy(&super::scan::unescape(&text[token.range])).into_owned())
        }
        Some(_) => Ok(text),
    }
}
