//! Base64url without padding (RFC 4648, section 5), decoded strictly: each value has exactly one text.
//!
//! The decoder refuses padding, whitespace, every other character, and a last character with unused bits that are not
//! zero. Flask decodes leniently, so in Flask one session has many cookie texts; the texts that Flask writes are strict.

use std::sync::LazyLock;

use base64::Engine;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::GeneralPurpose as Url;
use base64::engine::general_purpose::NO_PAD;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::simd::Simd as Url;

// The engine asks the processor once which instructions it has.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static URL_SAFE: LazyLock<Url> = LazyLock::new(|| Url::url_safe(NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static URL_SAFE: LazyLock<Url> = LazyLock::new(|| Url::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// Up to this length the wide instructions cost more than they save.
const SHORT: usize = 128;

/// Returns the number of characters that encode a number of bytes.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Appends the text of some bytes.
pub(crate) fn encode_to(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + encoded_len(bytes.len()), 0);
    let text = &mut out[start..];
    if bytes.len() > SHORT {
        let written = URL_SAFE.encode_slice(bytes, text);
        debug_assert!(written.is_ok(), "the text has the right length");
        return;
    }
    let (triples, rest) = bytes.as_chunks();
    let (quads, end) = text.as_chunks_mut();
    for (quad, triple) in quads.iter_mut().zip(triples) {
        *quad = encode_triple(*triple);
    }
    let mut last = [0; 3];
    last[..rest.len()].copy_from_slice(rest);
    end.copy_from_slice(&encode_triple(last)[..end.len()]);
}

/// Returns the four characters of three bytes.
fn encode_triple([a, b, c]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]);
    let ([a, b], [c, d]) = (PAIRS[bits as usize >> 12], PAIRS[bits as usize & 4095]);
    [a, b, c, d]
}

/// Encodes into a new text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// Decodes into a new vector.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE.decode(text).ok()
}

/// Decodes into the start of a buffer, and returns that part; `None` if the buffer is too short. After `None` the buffer
/// may hold a part of the bytes.
pub(crate) fn decode_into<'a>(text: &[u8], buffer: &'a mut [u8]) -> Option<&'a mut [u8]> {
    let length = URL_SAFE.decode_slice(text, buffer).ok()?;
    buffer.get_mut(..length)
}

/// Decodes into the whole of `bytes`. Returns whether the text is that of exactly so many bytes; if not, `bytes` may hold a part.
#[inline(always)]
pub(crate) fn decode_exact(text: &[u8], bytes: &mut [u8]) -> bool {
    if text.len() != encoded_len(bytes.len()) {
        return false;
    }
    // The 24 bits of four characters, after a byte that is not 0 if one of them is outside the alphabet.
    let decode = |quad: &[u8; 4]| {
        let mut bits = 0;
        for character in *quad {
            bits = bits << 6 | i32::from(VALUES[usize::from(character)]);
        }
        bits.to_be_bytes()
    };
    let (quads, rest) = text.as_chunks();
    let (triples, end) = bytes.as_chunks_mut();
    let mut invalid = 0;
    for (quad, triple) in quads.iter().zip(triples) {
        let [outside, decoded @ ..] = decode(quad);
        *triple = decoded;
        invalid |= outside;
    }
    // The last characters have more bits than the last bytes; these must be zero.
    let mut last = [b'A'; 4];
    last[..rest.len()].copy_from_slice(rest);
    let [outside, decoded @ ..] = decode(&last);
    let (decoded, unused) = decoded.split_at(end.len());
    end.copy_from_slice(decoded);
    (invalid | outside) == 0 && unused.iter().all(|byte| *byte == 0)
}

/// The character of each value.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The two characters of each 12 bits.
static PAIRS: [[u8; 2]; 4096] = {
    let (mut pairs, mut bits) = ([[0; 2]; 4096], 0);
    while bits < 4096 {
        pairs[bits] = [ALPHABET[bits >> 6], ALPHABET[bits & 63]];
        bits += 1;
    }
    pairs
};

/// The value of each character; -1, all bits set, for one outside the alphabet.
const VALUES: [i8; 256] = {
    let (mut values, mut value) = ([-1; 256], 0_u8);
    while value < 64 {
        let character = ALPHABET[value as usize];
        values[character as usize] = value.cast_signed();
        value += 1;
    }
    values
};

/// Returns whether a text has characters of the alphabet only. Such a text may still have a length or a last character
/// that no value has.
pub(crate) fn is_base64url(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_array<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
        let mut bytes = [0; BYTES];
        decode_exact(text, &mut bytes).then_some(bytes)
    }

    fn by_vector<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
        decode(text)?.try_into().ok()
    }

    proptest! {
        /// An array decodes from the texts that a vector decodes from, and no others.
        #[test]
        fn arrays_are_decoded_as_vectors(text in "[A-Za-z0-9_-]{0,44}", at in 0..44_usize, byte: u8) {
            let mut text = text.into_bytes();
            for _ in 0..2 {
                prop_assert_eq!(decode_array::<18>(&text), by_vector(&text));
                prop_assert_eq!(decode_array::<20>(&text), by_vector(&text));
                prop_assert_eq!(decode_array::<32>(&text), by_vector(&text));
                prop_assert_eq!(decode_array::<1>(&text), by_vector(&text));
                // Again with one byte that may be outside the alphabet.
                if let Some(old) = text.get_mut(at) {
                    *old = byte;
                }
            }
        }

        #[test]
        fn texts_are_appended(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let mut out = b"before".to_vec();
            encode_to(&mut out, &bytes);
            prop_assert_eq!(out, format!("before{}", encode(&bytes)).into_bytes());
        }

        #[test]
        fn arrays_survive(bytes: [u8; 32], stamp: [u8; 18], short: [u8; 20]) {
            prop_assert_eq!(decode_array(encode(&bytes).as_bytes()), Some(bytes));
            prop_assert_eq!(decode_array(encode(&stamp).as_bytes()), Some(stamp));
            prop_assert_eq!(decode_array(encode(&short).as_bytes()), Some(short));
        }
    }

    #[test]
    fn strict() {
        let mut text = Vec::new();
        encode_to(&mut text, b"\xfb\xff\xbf");
        assert_eq!(text, b"-_-_");
        assert_eq!(decode(b"-_-_").as_deref(), Some(&b"\xfb\xff\xbf"[..]));
        assert_eq!(decode(b"AA").as_deref(), Some(&b"\0"[..]));
        for text in [
            "A", "AB", "AA=", "AA==", "+/+/", "A A", "AAAA=", "AA\n", "é",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
