//! Lists and objects, which are sorted when they are complete.

use serde::ser::{self, Serialize};

use crate::json::canonical::{Tags, canonical};
use crate::json::scan::{Cursor, unescape};
use crate::json::ser::{DEEPEST_VALUE, WriteError, Writer, to_text};
use crate::json::tag::Tag;
use crate::json::verbatim::Verbatim;
use crate::json::{tag, text};

/// The name of an enum's variant and where its content starts: `{"name":content}` is written when that is complete.
pub(crate) type Variant = Option<(&'static str, usize)>;

fn wrap_variant(writer: &mut Writer, variant: Variant) {
    if let Some((name, start)) = variant {
        let content = start..writer.out.len();
        write_object(writer, start, vec![(name.to_owned(), content)]);
        writer.depth -= 1;
    }
}

/// A list that is being written.
pub(crate) struct List<'a> {
    pub(super) writer: &'a mut Writer,
    pub(crate) first: bool,
    pub(crate) variant: Variant,
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

/// An object that is being written.
pub(crate) struct Object<'a> {
    pub(super) writer: &'a mut Writer,
    /// Where in the text the values lie, one behind the other, until they are sorted.
    pub(crate) start: usize,
    pub(crate) entries: Vec<(String, std::ops::Range<usize>)>,
    pub(crate) key: Option<String>,
    pub(crate) variant: Variant,
    /// It is no object but text of serde_json's.
    pub(crate) verbatim: Option<Verbatim>,
}

impl Object<'_> {
    pub(crate) fn entry<T: Serialize + ?Sized>(
        &mut self,
        key: String,
        value: &T,
    ) -> Result<(), WriteError> {
        let start = self.writer.out.len();
        value.serialize(&mut *self.writer)?;
        self.entries.push((key, start..self.writer.out.len()));
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), WriteError> {
        match self.verbatim {
            Some(kind) => write_verbatim(self.writer, self.start, kind)?,
            None => write_object(self.writer, self.start, self.entries),
        }
        self.writer.depth -= 1;
        wrap_variant(self.writer, self.variant);
        Ok(())
    }
}

/// Replaces the values that lie behind `start` by the object of sorted entries; of equal keys the last stays, as in a
/// Python dict.
fn write_object(
    writer: &mut Writer,
    start: usize,
    mut entries: Vec<(String, std::ops::Range<usize>)>,
) {
    let values = writer.out.split_off(start);
    entries.reverse();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries.dedup_by(|(a, _), (b, _)| a == b);
    let out = &mut writer.out;
    let entries = entries
        .iter()
        .map(|(key, value)| (key, &values[value.start - start..value.end - start]));
    match entries
        .clone()
        .next()
        .and_then(|(key, value)| Some((Tag::of(key)?, value)))
    {
        Some((tag, value)) if entries.len() == 1 => {
            writer.guarded = true;
            tag::guard(out, tag.key().as_bytes(), value);
        }
        _ => text::object(out, writer.ascii, entries),
    }
}

/// Replaces the string that lies behind `start` by the JSON that it holds, in canonical form. Nothing in it is a tag, as in any
/// other value of serde_json's.
fn write_verbatim(writer: &mut Writer, start: usize, kind: Verbatim) -> Result<(), WriteError> {
    let json = string_literal(&writer.out[start..]).filter(|json| match kind {
        Verbatim::Number => json.starts_with(|first: char| first == '-' || first.is_ascii_digit()),
        Verbatim::Raw => true,
    });
    writer.out.truncate(start);
    // What stands around it, of which the struct itself is no level.
    let depth = DEEPEST_VALUE + 1 - writer.depth;
    let json = json.and_then(|json| canonical(&json, depth, writer.ascii, Tags::Guarded).ok());
    let json = json.ok_or_else(|| {
        WriteError(format!(
            "a number or a RawValue of serde_json's holds no JSON that Python reads, or more than {DEEPEST_VALUE} levels"
        ))
    })?;
    writer.out.push_str(&json);
    Ok(())
}

/// What a text that is one string literal stands for.
fn string_literal(literal: &str) -> Option<String> {
    let mut cursor = Cursor::new(literal);
    let token = cursor.string().ok()?;
    cursor.end().ok()?;
    String::from_utf8(unescape(&literal[token.range])).ok()
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
        let key = self
            .key
            .take()
            .ok_or_else(|| WriteError("a map gave a value without a key".into()))?;
        self.entry(key, value)
    }

    fn end(self) -> Result<(), WriteError> {
        self.finish()
    }
}

/// A map's key as Python's `json.dumps` makes one: a string as it is, numbers, booleans and `None` as their JSON text.
fn key_text<T: Serialize + ?Sized>(key: &T) -> Result<String, WriteError> {
    let text = to_text(key, false)?;
    match text.bytes().next() {
        Some(b'{' | b'[') | None => Err(WriteError(
            "a map's key must be a string, a number or a boolean".into(),
        )),
        Some(b'"') => {
            string_literal(&text).ok_or_else(|| WriteError("a map's key is not a string".into()))
        }
        Some(_) => Ok(text),
    }
}
