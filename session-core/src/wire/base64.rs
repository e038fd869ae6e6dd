//! Base64, strict: one text for one value. Flask reads leniently (FLASK.md, 1.6), so there one session has many cookie
//! texts; whatever Flask itself writes is strict.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Appends base64url without padding (RFC 4648, section 5), as the wire has it.
pub(crate) fn encode_to(out: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// Reads base64url without padding; `None` for any other alphabet, padding, or bits left over.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads into a buffer and gives the part that was filled.
pub(crate) fn decode_into<'a>(text: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = URL_SAFE_NO_PAD.decode_slice(text, buffer).ok()?;
    buffer.get(..length)
}

/// Whether a byte is of the base64url alphabet.
pub(crate) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The standard alphabet with padding, as Flask's ` b` tag has it.
pub(crate) fn encode_padded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads the standard alphabet with padding.
pub(crate) fn decode_padded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict() {
        let mut text = String::new();
        encode_to(&mut text, b"\xfb\xff\xbf");
        assert_eq!(text, "-_-_");
        assert_eq!(decode(b"-_-_").as_deref(), Some(&b"\xfb\xff\xbf"[..]));
        assert_eq!(decode(b"AA").as_deref(), Some(&b"\0"[..]));
        for text in ["A", "AB", "AA=", "AA==", "+/+/", "A A", "AAAA=", "AA\n", "é"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
        assert_eq!(decode_padded("YQ=="), Some(b"a".to_vec()));
        assert_eq!(decode_padded("YQ"), None);
    }
}
