//! The parts of lists, objects and enums.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, IntoDeserializer, Visitor};

use crate::json::de::{ReadError, Reader};
use crate::json::tag::Tag;

/// A tagged value for a wrapper of [`tagged`](crate::json::tagged), as an enum whose variant is the tag.
pub(crate) struct Proof<'de> {
    pub(crate) tag: Tag,
    pub(crate) inner: Reader<'de>,
}

impl<'de> de::EnumAccess<'de> for Proof<'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ReadError> {
        seed.deserialize(BorrowedStrDeserializer::new(self.tag.key()))
            .map(|variant| (variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Proof<'de> {
    type Error = ReadError;

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(
        mut self,
        seed: T,
    ) -> Result<T::Value, ReadError> {
        seed.deserialize(&mut self.inner)
    }

    fn unit_variant(self) -> Result<(), ReadError> {
        self.no_wrapper()
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ReadError> {
        self.no_wrapper()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ReadError> {
        self.no_wrapper()
    }
}

impl Proof<'_> {
    fn no_wrapper<T>(&self) -> Result<T, ReadError> {
        Err(ReadError(format!(
            "found the tag {:?}, which its wrapper alone reads",
            self.tag.key()
        )))
    }
}

/// The items of a list.
pub(crate) struct Items<'de> {
    pub(crate) reader: Reader<'de>,
    pub(crate) first: bool,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        if self.reader.peek() == Some(b']') {
            return Ok(None);
        }
        if !std::mem::take(&mut self.first) {
            self.reader.cursor.expect(b',')?;
        }
        seed.deserialize(&mut self.reader).map(Some)
    }
}

/// The entries of an object.
pub(crate) struct Entries<'de> {
    pub(crate) reader: Reader<'de>,
    pub(crate) first: bool,
    /// The tag whose key the one entry gets, in place of its own with two underscores.
    pub(crate) guard: Option<Tag>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        if self.reader.peek() == Some(b'}') {
            return Ok(None);
        }
        if !std::mem::take(&mut self.first) {
            self.reader.cursor.expect(b',')?;
        }
        if let Some(tag) = self.guard {
            self.reader.cursor.string()?;
            return seed.deserialize(tag.key().into_deserializer()).map(Some);
        }
        seed.deserialize(Key(&mut self.reader)).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ReadError> {
        self.reader.cursor.expect(b':')?;
        seed.deserialize(&mut self.reader)
    }
}

/// A key of an object: a string, from which a number or a boolean is read if the Rust map has such keys.
struct Key<'a, 'de>(&'a mut Reader<'de>);

macro_rules! key {
    ($($method:ident $visit:ident,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let text = String::deserialize(&mut *self.0)?;
            match text.parse() {
                Ok(key) => visitor.$visit(key),
                Err(_) => Err(ReadError::new("found an object's key that is no number or boolean")),
            }
        })*
    };
}

impl<'de> de::Deserializer<'de> for Key<'_, 'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.0.string(visitor)
    }

    key! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8, deserialize_i16 visit_i16, deserialize_i32 visit_i32, deserialize_i64 visit_i64,
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32, deserialize_u64 visit_u64,
        deserialize_i128 visit_i128, deserialize_u128 visit_u128, deserialize_f32 visit_f32, deserialize_f64 visit_f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match Tag::of(name) {
            Some(_) => Err(ReadError::new(
                "found an object's key, which is a text without a tag",
            )),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(Variant {
            reader: self.0,
            content: false,
        })
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An enum: a string, or an object of one field, whose value is the content.
pub(crate) struct Variant<'a, 'de> {
    pub(crate) reader: &'a mut Reader<'de>,
    pub(crate) content: bool,
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ReadError> {
        let variant = seed.deserialize(Key(&mut *self.reader))?;
        if self.content {
            self.reader.cursor.expect(b':')?;
        }
        Ok((variant, self))
    }
}

impl Variant<'_, '_> {
    fn content(&self) -> Result<(), ReadError> {
        if self.content {
            Ok(())
        } else {
            Err(ReadError::new("found a variant without content"))
        }
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        if self.content {
            Deserialize::deserialize(self.reader)
        } else {
            Ok(())
        }
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ReadError> {
        self.content()?;
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.content()?;
        self.reader.any(visitor, false)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.content()?;
        self.reader.any(visitor, false)
    }
}
