//! Says why a value cannot be read: its kind, and the expected one.

use std::fmt;

use serde::de;

use crate::json::scan::NotJson;

/// The reason why a value cannot be read. It never holds a piece of the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ReadError(pub(crate) String);

impl ReadError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Adds the field of the struct in which the error is.
    pub(crate) fn in_field(self, field: &'static str) -> Self {
        Self(format!("field {field:?}: {self}"))
    }

    /// The error of a null, where another value is expected.
    pub(crate) fn null(expected: &str) -> Self {
        de::Error::invalid_type(de::Unexpected::Unit, &expected)
    }
}

impl From<NotJson> for ReadError {
    fn from(_: NotJson) -> Self {
        Self::new("found text that is not JSON")
    }
}

impl de::Error for ReadError {
    /// Leaves out the message of a foreign `Deserialize`, which may quote the value.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new("its type refused the value")
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        // A field that is null in Python is the commonest mistake.
        let remedy = match found {
            de::Unexpected::Unit | de::Unexpected::Option => {
                "; where it may be null, Flask's None, read an Option"
            }
            _ => "",
        };
        Self(format!(
            "found {}, expected {expected}{remedy}",
            kind(found)
        ))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!(
            "found {} out of range or form, expected {expected}",
            kind(found)
        ))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self(format!("found {length} elements, expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!(
            "found an unknown variant, expected one of {expected:?}"
        ))
    }

    /// A field's name is the program's own text.
    fn missing_field(field: &'static str) -> Self {
        Self(format!(
            "the field {field:?} is missing; #[serde(default)] reads values from before the field was added"
        ))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self(format!("the field {field:?} is there twice"))
    }

    /// Leaves out the name, which is in the value.
    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!(
            "found an unknown field, expected one of {expected:?}"
        ))
    }
}

fn kind(found: de::Unexpected<'_>) -> &'static str {
    match found {
        de::Unexpected::Bool(_) => "a boolean",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) => "an integer",
        de::Unexpected::Float(_) => "a float",
        de::Unexpected::Char(_) | de::Unexpected::Str(_) => "a string",
        de::Unexpected::Bytes(_) => "bytes",
        de::Unexpected::Unit | de::Unexpected::Option => "null",
        de::Unexpected::Seq => "a list",
        de::Unexpected::Map => "an object",
        // Only serde's buffer answers a newtype's name like this: the reader answers a wrapper by an enum.
        de::Unexpected::NewtypeStruct => "a value that serde has buffered",
        _ => "something else",
    }
}
