//! Numbers, which Python writes without a limit.

use serde::de::Visitor;

use crate::json::de::{ReadError, verbatim};

/// Gives a number to a visitor. With `as_text` serde_json may get a long one as text.
pub(super) fn read<'de, V: Visitor<'de>>(
    text: &str,
    visitor: V,
    as_text: bool,
) -> Result<V::Value, ReadError> {
    let is_part_of_integer = |byte: u8| byte.is_ascii_digit() || byte == b'-';
    if !text.bytes().all(is_part_of_integer) {
        // Rust reads NaN and Infinity as Python writes them.
        return match text.parse() {
            Ok(float) => visitor.visit_f64(float),
            Err(_) => Err(ReadError::new("found no number")),
        };
    }
    if let Ok(number) = text.parse() {
        return visitor.visit_u64(number);
    }
    if let Ok(number) = text.parse() {
        return visitor.visit_i64(number);
    }
    if as_text
        && let Some(number) = verbatim::Entry::number(text)
        && let Ok(value) = visitor.visit_map(number)
    {
        return Ok(value);
    }
    Err(ReadError::new("found an integer beyond 64 bits"))
}
