//! Deserializes serde_json's own types from text: a `RawValue` is any value, and a `Number` may be longer than 64 bits.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Visitor};

use crate::json::de::ReadError;
use crate::json::verbatim::Verbatim;

/// A map of one entry, from which serde_json takes the text. `text` is `None` when the entry has been read.
pub(crate) struct Entry {
    kind: Verbatim,
    text: Option<String>,
}

impl Entry {
    pub(crate) fn raw(text: String) -> Self {
        Self {
            kind: Verbatim::Raw,
            text: Some(text),
        }
    }

    /// Returns a number's entry if serde_json holds numbers as text, which it does in the whole application or nowhere: no other
    /// type shall read an object in place of a number.
    pub(crate) fn number(text: &str) -> Option<Self> {
        const BEYOND_64_BITS: &str = "18446744073709551616";
        let number = serde_json::from_str::<serde_json::Number>(BEYOND_64_BITS).ok()?;
        // Else serde_json has rounded it to a float.
        if number.to_string() != BEYOND_64_BITS {
            return None;
        }
        Some(Self {
            kind: Verbatim::Number,
            text: Some(text.to_owned()),
        })
    }
}

impl<'de> de::MapAccess<'de> for Entry {
    type Error = ReadError;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        if self.text.is_none() {
            return Ok(None);
        }
        let name = BorrowedStrDeserializer::<ReadError>::new(self.kind.name());
        let key = seed.deserialize(name)?;
        Ok(Some(key))
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ReadError> {
        let Some(text) = self.text.take() else {
            return Err(ReadError::new("was asked for a value twice"));
        };
        seed.deserialize(Text(text))
    }
}

/// A text for types that ask for one, as serde_json's do.
struct Text(String);

impl<'de> de::Deserializer<'de> for Text {
    type Error = ReadError;

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_string(self.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_string(self.0)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ReadError> {
        Err(ReadError::new(
            "found what only serde_json's own types read",
        ))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}
