//! Writes floats as Python's `repr` does.

/// Writes a float as Python's `repr` does: the shortest digits that read back as the same float, in exponent form if the
/// exponent is below -4 or at least 16.
pub(crate) fn write_float(out: &mut String, value: f64) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    if value.is_infinite() {
        return out.push_str("Infinity");
    }
    let scientific = shortest(value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        // Python writes at least two digits of an exponent.
        out.push_str(&format!("{mantissa}e{sign}{:02}", exponent.abs()));
        return;
    }
    let digits = mantissa.replace('.', "");
    let Ok(last_whole) = usize::try_from(exponent) else {
        // The number of zeros between the point and the first digit.
        let zeros = usize::try_from(-1 - exponent).unwrap_or(0);
        out.push_str(&format!("0.{}{digits}", "0".repeat(zeros)));
        return;
    };
    // The digits before the point, of which there may be too few.
    let whole = last_whole + 1;
    match digits.split_at_checked(whole) {
        Some((whole, fraction)) if !fraction.is_empty() => {
            out.push_str(&format!("{whole}.{fraction}"));
        }
        _ => out.push_str(&format!("{digits:0<whole$}.0")),
    }
}

/// Returns the digits that Python's `repr` chooses, as `d.ddde-7`. Of the shortest ones that read back as `value` these are the
/// nearest, and of two that are equally near those with the even last digit.
fn shortest(value: f64) -> String {
    // As few digits, but of two that are equally near `{:e}` takes the upper one; with a precision, the even one.
    let upper = format!("{value:e}");
    let mantissa = upper.split('e').next().unwrap_or_default();
    let precision = mantissa.len().saturating_sub("d.".len());
    let even = format!("{value:.precision$e}");
    // Rounded down, a power of two may read back as the number below it, which is nearer than the one above.
    if even.parse() == Ok(value) {
        even
    } else {
        upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::Cursor;
    use proptest::prelude::*;

    #[test]
    fn of_two_texts_that_are_as_near_the_even_one() {
        for (value, expected) in [
            (2_f64.powi(-25), "2.9802322387695312e-08"),
            (-(2_f64.powi(-25)), "-2.9802322387695312e-08"),
            (2_f64.powi(-24), "5.960464477539063e-08"),
            (2_f64.powi(50) + 0.25, "1125899906842624.2"),
            (2_f64.powi(50) + 0.75, "1125899906842624.8"),
            (2_f64.powi(49) + 0.125, "562949953421312.1"),
            (2_f64.powi(49) + 0.375, "562949953421312.4"),
            (1_700_000_000.000_000_2, "1700000000.0000002"),
            (4_503_599_627_370_495.5, "4503599627370495.5"),
            (5e-324, "5e-324"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
        ] {
            let mut out = String::new();
            write_float(&mut out, value);
            assert_eq!(out, expected);
        }
    }

    proptest! {
        #[test]
        fn floats_survive(bits: u64) {
            let value = f64::from_bits(bits);
            let mut text = String::new();
            write_float(&mut text, value);
            let mut cursor = Cursor::new(&text);
            prop_assert!(cursor.value(1).is_ok() && cursor.end().is_ok(), "{}", text);
            if value.is_finite() {
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
            }
        }
    }
}
