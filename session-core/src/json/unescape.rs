//! Takes the escapes out of a string.

/// Returns the string that stands between two quotes of JSON text, as WTF-8.
///
/// WTF-8 is UTF-8 that may also hold lone surrogates, in the three bytes that their numbers would have. So its byte order is
/// the order of code points, by which Python sorts. A pair of surrogate escapes is one character, as Python reads it.
///
/// The scanner has accepted the string: a backslash begins a whole escape.
pub(crate) fn unescape(raw: &str) -> Vec<u8> {
    // No escape is longer than its string, so nothing is copied again, and a secret key leaves no second copy.
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.extend_from_slice(plain.as_bytes());
        let Some((kind, behind)) = escape.split_at_checked(1) else {
            return out;
        };
        rest = behind;
        match kind {
            "b" => out.push(0x08),
            "f" => out.push(0x0c),
            "n" => out.push(b'\n'),
            "r" => out.push(b'\r'),
            "t" => out.push(b'\t'),
            "u" => {
                let (point, behind) = code_point(rest);
                rest = behind;
                push_wtf8(&mut out, point);
            }
            // A quote, a backslash or a slash.
            itself => out.extend_from_slice(itself.as_bytes()),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Reads the four digits behind `\u`, and the escape behind them if both are a pair. Returns the text that follows, too.
fn code_point(digits: &str) -> (u32, &str) {
    let (unit, rest) = hex4(digits);
    if !(0xd800..0xdc00).contains(&unit) {
        return (unit, rest);
    }
    let Some(second) = rest.strip_prefix("\\u") else {
        return (unit, rest);
    };
    match hex4(second) {
        (low @ 0xdc00..0xe000, rest) => (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), rest),
        _ => (unit, rest),
    }
}

/// Reads four hex digits.
fn hex4(text: &str) -> (u32, &str) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or((text, ""));
    (u32::from_str_radix(digits, 16).unwrap_or(0xfffd), rest)
}

/// Appends a code point or a lone surrogate.
fn push_wtf8(out: &mut Vec<u8>, point: u32) {
    if let Some(c) = char::from_u32(point) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        return;
    }
    // UTF-8's three bytes: 1110xxxx 10xxxxxx 10xxxxxx.
    for (marker, bits) in [
        (0xe0, point >> 12),
        (0x80, point >> 6 & 0x3f),
        (0x80, point & 0x3f),
    ] {
        out.extend(u8::try_from(marker | bits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates() {
        assert_eq!(unescape("\\ud83d\\ude00"), "😀".as_bytes());
        assert_eq!(unescape("\\ud83d x"), b"\xed\xa0\xbd x");
        assert_eq!(unescape("\\ude00\\ud83d"), b"\xed\xb8\x80\xed\xa0\xbd");
        assert_eq!(
            unescape("\\ud83d\\ud83d\\ude00"),
            [b"\xed\xa0\xbd", "😀".as_bytes()].concat()
        );
        assert_eq!(
            unescape("\\\"\\\\\\/\\b\\f\\n\\r\\té\\u00e9"),
            "\"\\/\u{8}\u{c}\n\r\téé".as_bytes()
        );
    }
}
