//! Serializes a Rust value to canonical text: Flask's `json.dumps(tag(value))`, byte for byte.
//!
//! Objects sorted by key, floats as Python writes them, and Flask's tags: the wrappers of [`tagged`](crate::json::tagged) call
//! `serialize_newtype_struct` with the tag as name, bytes are ` b`, and an object that only looks like a tag is wrapped
//! in ` di`, as `TaggedJSONSerializer` does, so that no key that a user typed can turn a map into something else.

use crate::scratch::scratch;
use std::sync::Arc;

use serde::ser::{self, Serialize};

mod containers;

use containers::{List, Object};

use crate::base64;
use crate::json::scan::Cursor;
use crate::json::tag::Tag;
use crate::json::text;
use crate::json::verbatim::Verbatim;

/// The deepest nesting that is written: the outer map and a list around it leave this much of 128.
pub(crate) const DEEPEST_VALUE: usize = 120;

/// Writes `value`; non-ASCII characters escaped if `ascii`.
pub(crate) fn to_text<T: Serialize + ?Sized>(value: &T, ascii: bool) -> Result<String, WriteError> {
    let mut writer = Writer {
        out: String::new(),
        ascii,
        depth: 0,
        guarded: false,
    };
    writer.whole(value)?;
    Ok(writer.out)
}

/// The same as it is kept, written in the thread's buffer first.
pub(crate) fn to_kept<T: Serialize + ?Sized>(
    value: &T,
    ascii: bool,
) -> Result<Arc<str>, WriteError> {
    scratch(|text| {
        let mut writer = Writer {
            out: std::mem::take(text),
            ascii,
            depth: 0,
            guarded: false,
        };
        let written = writer.whole(value).map(|()| writer.out.as_str().into());
        *text = writer.out;
        written
    })
}

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WriteError(String);

impl ser::Error for WriteError {
    /// The words of a foreign `Serialize` may quote the value, so they are left out.
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self("its Serialize gave an error, which may quote the value and is left out; serde_json::to_string shows it".to_owned())
    }
}

fn too_deep() -> WriteError {
    WriteError(format!("it is nested deeper than {DEEPEST_VALUE} levels"))
}

struct Writer {
    out: String,
    ascii: bool,
    depth: usize,
    /// Whether an object was guarded, which is only known at its end and is one level more.
    guarded: bool,
}

impl Writer {
    fn whole<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        value.serialize(&mut *self)?;
        if self.guarded && Cursor::new(&self.out).value(DEEPEST_VALUE).is_err() {
            return Err(too_deep());
        }
        Ok(())
    }

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

    fn tagged(
        &mut self,
        tag: Tag,
        value: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.enter()?;
        self.out.push_str(&format!("{{\"{}\":", tag.key()));
        let start = self.out.len();
        value(self)?;
        if !tag.fits(self.out.as_bytes().get(start).copied()) {
            return Err(WriteError(format!(
                "the tag {:?} does not hold {}",
                tag.key(),
                tag.holds()
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

    /// With the digits that a float of 32 bits needs: 0.1 and not 0.10000000149011612.
    fn serialize_f32(self, value: f32) -> Result<(), WriteError> {
        self.serialize_f64(value.to_string().parse().unwrap_or(f64::from(value)))
    }

    fn serialize_f64(self, value: f64) -> Result<(), WriteError> {
        text::float(&mut self.out, value);
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
        self.tagged(Tag::Bytes, |writer| {
            writer.serialize_str(&base64::encode_padded(value))
        })
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
        // No level: it becomes what is in its field.
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
