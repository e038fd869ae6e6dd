//! Serializes lists and objects. An object's entries are sorted when it is complete.
//!
//! ```text
//! writer.out = ..., "list", [1,      a list: items and commas as they come
//! writer.out = ..., 1"x"[2]          an object: its values side by side from `start` on, until `finish` replaces them
//! ```

use std::ops::Range;

use serde::ser::{self, Serialize};

use crate::json::canonical::{Tags, canonical};
use crate::json::object::object;
use crate::json::ser::{DEEPEST_VALUE, WriteError, Writer, to_text};
use crate::json::tag::Tag;
use crate::json::verbatim::Verbatim;
use crate::json::view::{Kind, kind};
use crate::json::{tag, view};

/// The name of an enum's variant, and where its content starts. `{"name":content}` is written when the content is complete.
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
    /// The place in the writer's text from which on the values stand, in the order they came.
    pub(crate) start: usize,
    /// Keys, and the places of their values in the writer's text.
    pub(crate) entries: Vec<(String, Range<usize>)>,
    /// The key whose value comes next.
    pub(crate) key: Option<String>,
    pub(crate) variant: Variant,
    /// Set if this is no object but a text of serde_json's.
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

/// Replaces the values from `start` on by the object of sorted entries. The last of equal keys stays, as in a Python dict.
fn write_object(writer: &mut Writer, start: usize, mut entries: Vec<(String, Range<usize>)>) {
    let values = writer.out.split_off(start);
    // The sort is stable, and the first of equal keys stays.
    entries.reverse();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries.dedup_by(|(a, _), (b, _)| a == b);
    let value = |place: &Range<usize>| &values[place.start - start..place.end - start];
    if let [(key, place)] = &entries[..]
        && Tag::of(key).is_some()
    {
        writer.escaped = true;
        return tag::write_escaped(&mut writer.out, key.as_bytes(), value(place));
    }
    let entries = entries.iter().map(|(key, place)| (key, value(place)));
    object(&mut writer.out, writer.ascii, entries);
}

/// Replaces the string from `start` on by the JSON that it holds, in canonical form. Nothing in it is a tag, as nothing in other
/// values of serde_json's is.
fn write_verbatim(writer: &mut Writer, start: usize, verbatim: Verbatim) -> Result<(), WriteError> {
    let json = view::string(&writer.out[start..]).unwrap_or_default();
    writer.out.truncate(start);
    let first = json.bytes().next();
    let is_number = first.is_some_and(|first| first == b'-' || first.is_ascii_digit());
    // The levels that the containers around the text leave; the struct itself is none.
    let depth = DEEPEST_VALUE + 1 - writer.depth;
    if (verbatim == Verbatim::Raw || is_number)
        && let Ok(json) = canonical(&json, depth, writer.ascii, Tags::Escape)
    {
        writer.out.push_str(&json);
        return Ok(());
    }
    Err(WriteError(format!(
        "a number or a RawValue of serde_json's holds no JSON that Python reads, or more than {DEEPEST_VALUE} levels"
    )))
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
        let Some(key) = self.key.take() else {
            return Err(WriteError("a map gave a value without a key".to_owned()));
        };
        self.entry(key, value)
    }

    fn end(self) -> Result<(), WriteError> {
        self.finish()
    }
}

/// Returns a map's key as Python's `json.dumps` makes one: a string as it is; numbers, booleans and `None` as their JSON text.
fn key_text<T: Serialize + ?Sized>(key: &T) -> Result<String, WriteError> {
    let text = to_text(key, false)?;
    match kind(&text) {
        Kind::Number | Kind::Boolean | Kind::Null if !text.is_empty() => Ok(text),
        Kind::String => match view::string(&text) {
            Some(key) => Ok(key),
            None => Err(WriteError("a map's key is not a string".to_owned())),
        },
        _ => Err(WriteError(
            "a map's key must be a string, a number or a boolean".to_owned(),
        )),
    }
}
