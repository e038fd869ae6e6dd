//! Canonical text: strings and entries of objects, written as Flask writes them.
//!
//! In the ASCII style, Flask's, all but 0x20 to 0x7e is escaped, as by Python's `ensure_ascii`: DEL, too, in lower-case hex,
//! beyond the BMP as a surrogate pair. The other style is as short as RFC 8259 allows.

/// Writes a string literal.
pub(crate) fn string(out: &mut String, text: &str, ascii: bool) {
    out.push('"');
    characters(out, text, ascii);
    out.push('"');
}

/// Writes a string literal from the WTF-8 that [`unescape`](super::unescape::unescape) returns for keys. A lone surrogate is
/// escaped in both styles, since UTF-8 has none.
pub(crate) fn wtf8(out: &mut String, bytes: &[u8], ascii: bool) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return string(out, text, ascii);
    }
    out.push('"');
    let mut rest = bytes;
    // A lone surrogate is 0xed 0xa0..=0xbf 0x80..=0xbf; no character begins like that.
    while let Some(at) = rest.windows(3).position(|w| w[0] == 0xed && w[1] >= 0xa0) {
        characters(out, &String::from_utf8_lossy(&rest[..at]), ascii);
        let low_bits = u32::from(rest[at + 1] & 0x3f) << 6 | u32::from(rest[at + 2] & 0x3f);
        escape_unit(out, 0xd000 | low_bits);
        rest = &rest[at + 3..];
    }
    characters(out, &String::from_utf8_lossy(rest), ascii);
    out.push('"');
}

/// Writes the characters of a string, escaped where they must be.
fn characters(out: &mut String, text: &str, ascii: bool) {
    let mut rest = text;
    // The first byte that is not plain begins a character: in ASCII mode all bytes of a longer one are not.
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte, ascii)) {
        let (plain, other) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = other.chars();
        if let Some(c) = chars.next() {
            escape(out, u32::from(c));
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Returns whether a byte of a string stands for itself.
fn is_plain(byte: u8, ascii: bool) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\' && (byte < 0x7f || !ascii)
}

/// Writes a character as an escape.
fn escape(out: &mut String, point: u32) {
    let short = match point {
        0x22 => "\\\"",
        0x5c => "\\\\",
        0x08 => "\\b",
        0x0c => "\\f",
        0x0a => "\\n",
        0x0d => "\\r",
        0x09 => "\\t",
        0x10000.. => {
            // A surrogate pair (RFC 8259, section 7).
            let offset = point - 0x10000;
            escape_unit(out, 0xd800 + (offset >> 10));
            return escape_unit(out, 0xdc00 + (offset & 0x3ff));
        }
        _ => return escape_unit(out, point),
    };
    out.push_str(short);
}

/// Writes a UTF-16 code unit as an escape: `\u00e9`.
fn escape_unit(out: &mut String, unit: u32) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        let digit = unit >> shift & 0xf;
        out.extend(char::from_digit(digit, 16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::Cursor;
    use crate::json::unescape::unescape;
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
    }
}
