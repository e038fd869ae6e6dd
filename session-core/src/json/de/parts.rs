//! Deserializes the parts of lists, objects and enums.

use serde::de::{self, Deserialize, Visitor};

use crate::json::de::{ReadError, Reader, visit_string};
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
        let variant = seed.deserialize(Key(self.tag.key()))?;
        Ok((variant, self))
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

/// The items of a list: a reader in front of the next one.
pub(crate) struct Items<'de>(pub(super) Reader<'de>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        // The end stays: the reader checks it when the visitor has finished.
        if !self.0.cursor.next_item() {
            return Ok(None);
        }
        let item = seed.deserialize(&mut self.0)?;
        Ok(Some(item))
    }
}

/// The entries of an object: a reader in front of the next one, or of its value.
pub(crate) struct Entries<'de> {
    pub(super) reader: Reader<'de>,
    /// The tag whose key the one entry gets, in place of its own with two underscores.
    pub(super) escaped: Option<Tag>,
    /// The struct's fields, and the key of the value that comes next. A key is the user's data, a field is not.
    pub(super) fields: &'static [&'static str],
    pub(super) key: &'de str,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some(key) = self.reader.cursor.next_key() else {
            return Ok(None);
        };
        let key = match self.escaped {
            Some(tag) => tag.key(),
            None => key,
        };
        self.key = key;
        let key = seed.deserialize(Key(key))?;
        Ok(Some(key))
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ReadError> {
        let error = match seed.deserialize(&mut self.reader) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        for field in self.fields {
            if *field == self.key {
                return Err(error.in_field(field));
            }
        }
        Err(error)
    }
}

/// A key of an object, between its quotes: a string, from which a number or a boolean is read if the Rust map has such keys.
struct Key<'de>(&'de str);

// Python writes each key as a string, also a number or a boolean.
macro_rules! key {
    ($($method:ident $visit:ident,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let text = String::deserialize(self)?;
            match text.parse() {
                Ok(key) => visitor.$visit(key),
                Err(_) => Err(ReadError::new("found an object's key that is no number or boolean")),
            }
        })*
    };
}

impl<'de> de::Deserializer<'de> for Key<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visit_string(self.0, visitor)
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
            key: self.0,
            content: None,
        })
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An enum: a string, or an object of one field, whose value is the content.
pub(crate) struct Variant<'a, 'de> {
    /// The variant's name, between its quotes.
    pub(super) key: &'de str,
    /// A reader in front of the content.
    pub(super) content: Option<&'a mut Reader<'de>>,
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ReadError> {
        let variant = seed.deserialize(Key(self.key))?;
        Ok((variant, self))
    }
}

impl<'a, 'de> Variant<'a, 'de> {
    fn content(self) -> Result<&'a mut Reader<'de>, ReadError> {
        match self.content {
            Some(reader) => Ok(reader),
            None => Err(ReadError::new("found a variant without content")),
        }
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.content {
            // `{"Name":null}` is a unit variant, too.
            Some(reader) => Deserialize::deserialize(reader),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ReadError> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.content()?.any(visitor, false)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.content()?.fields(fields, visitor)
    }
}
