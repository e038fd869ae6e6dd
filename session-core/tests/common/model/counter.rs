//! `increment` on a value of the model.

use serde_json::{Value, json};

pub enum Uncounted {
    Overflow,
    WrongType,
}

/// `old += by`: returns the sum, and the value to store. Floats are accepted up to 2^53, where
/// every integer is one.
pub fn counted(old: Option<&Value>, by: i64) -> Result<(i64, Value), Uncounted> {
    const LARGEST: i128 = 1 << 53;
    let old = match old {
        None => 0.into(),
        Some(Value::Number(number)) => number.clone(),
        Some(_) => return Err(Uncounted::WrongType),
    };
    if let Some(old) = old.as_i64() {
        let sum = old.checked_add(by).ok_or(Uncounted::Overflow)?;
        return Ok((sum, sum.into()));
    }
    let float = old
        .as_f64()
        .filter(|_| old.is_f64())
        .ok_or(Uncounted::WrongType)?;
    if float.fract() != 0.0 || float.abs() > LARGEST as f64 {
        return Err(Uncounted::WrongType);
    }
    #[allow(clippy::cast_possible_truncation)]
    let sum = float as i128 + i128::from(by);
    if [sum, by.into()].iter().any(|number| number.abs() > LARGEST) {
        return Err(Uncounted::Overflow);
    }
    Ok((i64::try_from(sum).unwrap(), json!(sum as f64)))
}
