//! Serializes a Rust value to canonical text: Flask's `json.dumps(tag(value))`, byte for byte.
//!
//! Objects are sorted by key, and floats are as Python writes them. Flask's tags come from the wrappers of
//! [`tagged`](crate::json::tagged), which call `serialize_newtype_struct` with the tag as name; bytes are ` b`. An object that only
//! looks like a tag is escaped under ` di`, as `TaggedJSONSerializer` does, so that no key from a user's input can turn a map
//! into something else.

use serde::ser::{self, Serialize};

mod containers;

use containers::{List, Object};

use crate::json::float::write_float;
use crate::json::scan::Cursor;
use crate::json::tag::Tag;
use crate::json::text;
use crate::json::verbatim::Verbatim;
use crate::json::view::kind;
use crate::padded_base64;

/// The deepest nesting of a value. The map, the list around it and the list of a `push` need some of a session's 128 levels.
pub(crate) const DEEPEST_VALUE: usize = 120;

/// Returns the canonical text of `value`; characters outside ASCII are escaped if `ascii`.
///
/// # Errors
/// The value's `Serialize` returned one, it is nested too deep, or JSON has no such key or tagged value.
pub(crate) fn to_text<T: Serialize + ?Sized>(value: &T, ascii: bool) -> Result<String, WriteError> {
    let mut writer = Writer {
        out: String::new(),
        ascii,
        depth: 0,
        escaped: false,
    };
    value.serialize(&mut writer)?;
    // An escape is a level that the writer has not counted.
    if writer.escaped && Cursor::new(&writer.out).value(DEEPEST_VALUE).is_err() {
        return Err(too_deep());
    }
    Ok(writer.out)
}

/// Replaces the message of a foreign `Serialize`.
const FOREIGN_ERROR: &str = "its Serialize gave an error, which may quote the value and is left out; serde_json::to_string shows it";

/// The reason why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WriteError(String);

impl ser::Error for WriteError {
    /// Leaves out the message, which may quote the value: errors are logged.
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self(FOREIGN_ERROR.to_owned())
    }
}

fn too_deep() -> WriteError {
    WriteError(format!("it is nested deeper than {DEEPEST_VALUE} levels"))
}

struct Writer {
    out: String,
    ascii: bool,
    /// The number of containers that are open around the next value.
    depth: usize,
    /// Whether an object was escaped, which is one level more, and known only when its last key has come.
    escaped: bool,
}

impl Writer {
    /// Enters a container.
    fn enter(&mut self) -> Result<(), WriteError> {
        self.depth += 1;
        if self.depth > DEEPEST_VALUE {
            Err(too_deep())
        } else {
            Ok(())
        }
    }

    fn list(&mut self) -> Result<List<'_>, WriteError> {
        self.enter()?;
        self.out.push('[');
        Ok(List {
            writer: self,
            first: true,
            variant: None,
        })
    }

    fn object(&mut self) -> Result<Object<'_>, WriteError> {
        self.enter()?;
        let start = self.out.len();
        Ok(Object {
            writer: self,
            start,
            entries: Vec::new(),
            key: None,
            variant: None,
            verbatim: None,
        })
    }

    /// Writes `value` under a tag.
    fn tagged<T: Serialize + ?Sized>(&mut self, tag: Tag, value: &T) -> Result<(), WriteError> {
        self.enter()?;
        self.out.push_str(&format!("{{\"{}\":", tag.key()));
        let start = self.out.len();
        value.serialize(&mut *self)?;
        // Only now is it known what the value's `Serialize` writes.
        if !tag.accepts(kind(&self.out[start..])) {
            let (key, expected) = (tag.key(), tag.expected());
            return Err(WriteError(format!(
                "the value under the tag {key:?} is not {expected}"
            )));
        }
        self.out.push('}');
        self.depth -= 1;
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), WriteError> {
            self.out.push_str(itoa::Buffer::new().format(value));
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

    integers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128,
    }

    fn serialize_bool(self, value: bool) -> Result<(), WriteError> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    /// Writes the digits that a float of 32 bits needs: 0.1 and not 0.10000000149011612.
    fn serialize_f32(self, value: f32) -> Result<(), WriteError> {
        self.serialize_f64(value.to_string().parse().unwrap_or(f64::from(value)))
    }

    fn serialize_f64(self, value: f64) -> Result<(), WriteError> {
        write_float(&mut self.out, value);
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
        self.tagged(Tag::Bytes, &padded_base64::encode(value))
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

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), WriteError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        match Tag::of(name) {
            Some(tag) => self.tagged(tag, value),
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
        // One level for the object around the variant, one for its list.
        self.enter()?;
        let start = self.out.len();
        Ok(List {
            variant: Some((variant, start)),
            ..self.list()?
        })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>, WriteError> {
        self.object()
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object<'a>, WriteError> {
        let Some(kind) = Verbatim::of(name) else {
            return self.object();
        };
        // It becomes the JSON in its field, so it is no level, and `enter` checks none.
        self.depth += 1;
        let start = self.out.len();
        Ok(Object {
            writer: self,
            start,
            entries: Vec::new(),
            key: None,
            variant: None,
            verbatim: Some(kind),
        })
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
        Ok(Object {
            variant: Some((variant, start)),
            ..self.object()?
        })
    }
}
