//! Adds to a counter as Python's `+=` does, where the sum is an integer.

use std::sync::Arc;

use crate::data::change::TypeMismatch;
use crate::json::float::write_float;

/// Beyond this not every integer is a float.
const LARGEST_FLOAT: i64 = 1 << 53;

/// A number that can be incremented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counter {
    Integer(i64),
    /// A float without a fraction, at most 2^53 and at least -2^53: `41.0`.
    Float(i64),
}

/// Returns the sum and its text, which is that of a float if the counter was one. `counter` is a value's JSON text, or `None` for
/// 0.
pub(crate) fn add(counter: Option<&str>, by: i64) -> Result<(i64, Arc<str>), TypeMismatch> {
    let (old, is_float) = match read(counter.unwrap_or("0")) {
        Some(Counter::Integer(old)) => (old, false),
        Some(Counter::Float(old)) => (old, true),
        None => return Err(TypeMismatch::NotACounter),
    };
    // Python's integers have no limit, but a handler gets the sum as an i64.
    let Some(sum) = old.checked_add(by) else {
        return Err(TypeMismatch::Overflow);
    };
    if !is_float {
        return Ok((sum, itoa::Buffer::new().format(sum).into()));
    }
    // Python makes a float of `by`, too.
    if !is_exact_float(by) || !is_exact_float(sum) {
        return Err(TypeMismatch::Overflow);
    }
    let mut text = String::new();
    write_float(&mut text, sum as f64);
    Ok((sum, text.into()))
}

/// Returns whether a float holds this integer and all smaller ones.
fn is_exact_float(integer: i64) -> bool {
    integer.unsigned_abs() <= LARGEST_FLOAT.unsigned_abs()
}

fn read(json: &str) -> Option<Counter> {
    if let Ok(integer) = json.parse() {
        return Some(Counter::Integer(integer));
    }
    let float: f64 = json.parse().ok()?;
    if float.fract() != 0.0 || float.abs() > LARGEST_FLOAT as f64 {
        return None;
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it has no fraction, and is in the range of an i64"
    )]
    Some(Counter::Float(float as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python_adds() {
        for (counter, by, expected) in [
            (None, 1, Ok((1, "1"))),
            (Some("41"), 1, Ok((42, "42"))),
            (Some("-0"), 0, Ok((0, "0"))),
            (Some("41.0"), 1, Ok((42, "42.0"))),
            (Some("4.1e1"), -42, Ok((-1, "-1.0"))),
            (Some("-0.0"), 0, Ok((0, "0.0"))),
            (Some("-1.0"), 1, Ok((0, "0.0"))),
            (
                Some("9007199254740991.0"),
                1,
                Ok((1 << 53, "9007199254740992.0")),
            ),
            (Some("9007199254740992.0"), 1, Err(TypeMismatch::Overflow)),
            (
                Some("-9007199254740992.0"),
                i64::MAX,
                Err(TypeMismatch::Overflow),
            ),
            (Some("-1.0"), (1 << 53) + 1, Err(TypeMismatch::Overflow)),
            (Some("1.0"), i64::MIN, Err(TypeMismatch::Overflow)),
            (Some("9223372036854775807"), 1, Err(TypeMismatch::Overflow)),
            (
                Some("9223372036854775808"),
                0,
                Err(TypeMismatch::NotACounter),
            ),
            (
                Some("9007199254740994.0"),
                0,
                Err(TypeMismatch::NotACounter),
            ),
            (Some("1e400"), 1, Err(TypeMismatch::NotACounter)),
        ] {
            let found = add(counter, by);
            assert_eq!(
                found
                    .as_ref()
                    .map(|(sum, text)| (*sum, &**text))
                    .map_err(|mismatch| *mismatch),
                expected
            );
        }
        for other in [
            "0.5",
            "41.5",
            "NaN",
            "Infinity",
            "-Infinity",
            "null",
            "true",
            "\"1\"",
            "[1]",
            "{}",
            "\"inf\"",
        ] {
            assert_eq!(
                add(Some(other), 1),
                Err(TypeMismatch::NotACounter),
                "{other}"
            );
        }
    }
}
