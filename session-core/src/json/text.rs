//! Canonical text: strings, numbers and keys written as Flask writes them.

/// Writes a string literal.
///
/// With `ascii` as Python's `ensure_ascii`: all outside 0x20..=0x7e is escaped, DEL too, in lower-case hex, beyond the
/// BMP as a surrogate pair. Without, as short as RFC 8259 allows.
pub(crate) fn string(out: &mut String, text: &str, ascii: bool) {
    out.push('"');
    characters(out, text, ascii);
    out.push('"');
}

/// Writes a string literal from WTF-8, which [`unescape`](super::scan::unescape) gives for keys. A lone surrogate is
/// escaped in both styles, since UTF-8 has none.
pub(crate) fn wtf8(out: &mut String, bytes: &[u8], ascii: bool) {
    out.push('"');
    // Almost every key is plain ASCII.
    if bytes.iter().all(|byte| is_plain(*byte, true))
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut rest = bytes;
    while let Some(at) = rest.windows(3).position(|w| w[0] == 0xed && w[1] >= 0xa0) {
        characters(out, &String::from_utf8_lossy(&rest[..at]), ascii);
        unit(
            out,
            0xd000 | u32::from(rest[at + 1] & 0x3f) << 6 | u32::from(rest[at + 2] & 0x3f),
        );
        rest = &rest[at + 3..];
    }
    characters(out, &String::from_utf8_lossy(rest), ascii);
    out.push('"');
}

/// Writes an object: keys in WTF-8, values as their text, in the order they come.
pub(crate) fn object<K: AsRef<[u8]>, V: AsRef<str>>(
    out: &mut String,
    ascii: bool,
    entries: impl IntoIterator<Item = (K, V)>,
) {
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        entry(out, ascii, key.as_ref(), value.as_ref());
    }
    out.push('}');
}

/// One entry of an object.
pub(crate) fn entry(out: &mut String, ascii: bool, key: &[u8], value: &str) {
    wtf8(out, key, ascii);
    out.push(':');
    out.push_str(value);
}

fn characters(out: &mut String, text: &str, ascii: bool) {
    let mut rest = text;
    // The first byte that is not plain begins a character: in ASCII mode all bytes of a longer one are not.
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte, ascii)) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            escape(out, u32::from(c));
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

fn is_plain(byte: u8, ascii: bool) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\' && (byte < 0x7f || !ascii)
}

fn escape(out: &mut String, point: u32) {
    let short = match point {
        0x22 => '"',
        0x5c => '\\',
        0x08 => 'b',
        0x0c => 'f',
        0x0a => 'n',
        0x0d => 'r',
        0x09 => 't',
        _ => {
            if let Some(offset) = point.checked_sub(0x10000) {
                unit(out, 0xd800 + (offset >> 10));
                unit(out, 0xdc00 + (offset & 0x3ff));
            } else {
                unit(out, point);
            }
            return;
        }
    };
    out.extend(['\\', short]);
}

fn unit(out: &mut String, unit: u32) {
    out.push_str("\\u");
    out.extend([12, 8, 4, 0].map(|shift| hex(unit >> shift)));
}

fn hex(bits: u32) -> char {
    char::from_digit(bits & 15, 16).unwrap_or('0')
}

/// Writes a float as Python's `repr` does: the shortest digits that read back the same; in exponent form if the exponent
/// is below -4 or at least 16.
pub(crate) fn float(out: &mut String, value: f64) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_infinite() {
        return out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let scientific = shortest(value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    out.push_str(sign);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("{mantissa}e{sign}{:02}", exponent.abs()));
        return;
    }
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    match usize::try_from(exponent) {
        Ok(point) if digits.len() > point + 1 => {
            out.push_str(&digits[..=point]);
            out.push('.');
            out.push_str(&digits[point + 1..]);
        }
        Ok(point) => {
            out.push_str(&digits);
            out.extend(std::iter::repeat_n('0', point + 1 - digits.len()));
            out.push_str(".0");
        }
        Err(_) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n(
                '0',
                usize::try_from(-exponent - 1).unwrap_or(0),
            ));
            out.push_str(&digits);
        }
    }
}

/// The digits that Python's `repr` chooses, as `d.ddde-7`: of the shortest the nearest, and of two that are as near the one
/// with the even last digit. Rust's `{:e}` has as few digits, but of two that are as near takes the upper one.
fn shortest(value: f64) -> String {
    let upper = format!("{value:e}");
    let digits = upper
        .bytes()
        .take_while(|byte| *byte != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    let even = format!("{value:.*e}", digits - 1);
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
    use crate::json::scan::{Cursor, unescape};
    use proptest::prelude::*;

    fn quoted(text: &str, ascii: bool) -> String {
        let mut out = String::new();
        string(&mut out, text, ascii);
        out
    }

    #[test]
    fn escapes_as_python() {
        assert_eq!(
            quoted("a\"\\\u{8}\u{c}\n\r\t\u{0}\u{1f}", true),
            r#""a\"\\\b\f\n\r\t\u0000\u001f""#
        );
        assert_eq!(
            quoted("/<>&'\u{7f}é😀", true),
            r#""/<>&'\u007f\u00e9\ud83d\ude00""#
        );
        assert_eq!(
            quoted("/<>&'\u{7f}é😀\u{1}", false),
            "\"/<>&'\u{7f}é😀\\u0001\""
        );
    }

    #[test]
    fn lone_surrogates_are_escaped_in_both() {
        for ascii in [true, false] {
            let mut out = String::new();
            wtf8(&mut out, &unescape(r"a\ud800x\udfff"), ascii);
            assert_eq!(out, r#""a\ud800x\udfff""#);
        }
        let mut out = String::new();
        wtf8(&mut out, &unescape(r"é\udbff\ud83d\ude00"), true);
        assert_eq!(out, r#""\u00e9\udbff\ud83d\ude00""#);
    }

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
            float(&mut out, value);
            assert_eq!(out, expected);
        }
    }

    proptest! {
        #[test]
        fn strings_survive(text in any::<String>(), ascii: bool) {
            let literal = quoted(&text, ascii);
            prop_assert_eq!(serde_json::from_str::<String>(&literal).unwrap(), text.clone());
            let token = Cursor::new(&literal).string().unwrap();
            prop_assert_eq!(unescape(&literal[token.range]), text.as_bytes());
            prop_assert!(!ascii || literal.is_ascii());
        }

        #[test]
        fn any_wtf8_survives(units: Vec<u16>, ascii: bool) {
            let raw: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let mut literal = String::new();
            wtf8(&mut literal, &unescape(&raw), ascii);
            let token = Cursor::new(&literal).string().unwrap();
            prop_assert_eq!(unescape(&literal[token.range]), unescape(&raw));
        }

        #[test]
        fn floats_survive(bits: u64) {
            let value = f64::from_bits(bits);
            let mut text = String::new();
            float(&mut text, value);
            let mut cursor = Cursor::new(&text);
            prop_assert!(cursor.value(1).is_ok() && cursor.end().is_ok(), "{}", text);
            if value.is_finite() {
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
            }
        }
    }
}
