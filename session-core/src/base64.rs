//! Base64, strict: one text for one value. Flask reads leniently (FLASK.md, 1.6), so there one session has many cookie
//! texts; whatever Flask itself writes is strict.

use std::sync::LazyLock;

use base64::Engine;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::GeneralPurpose as Url;
use base64::engine::general_purpose::{NO_PAD, STANDARD};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::simd::Simd as Url;

/// Which instructions there are is found out once.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static URL_SAFE: LazyLock<Url> = LazyLock::new(|| Url::url_safe(NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static URL_SAFE: LazyLock<Url> = LazyLock::new(|| Url::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// How many digits so many bytes take.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

pub(crate) fn encode_to(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + encoded_len(bytes.len()), 0);
    encode_into(bytes, &mut out[start..]);
}

/// Into a buffer that has room for the whole; how many digits that is.
pub(crate) fn encode_into(bytes: &[u8], out: &mut [u8]) -> usize {
    let out = &mut out[..encoded_len(bytes.len())];
    if bytes.len() > SHORT {
        let written = URL_SAFE.encode_slice(bytes, out);
        debug_assert_eq!(written.ok(), Some(out.len()));
        return out.len();
    }
    // Two digits of each twelve bits.
    let length = out.len();
    let (triples, rest) = bytes.as_chunks();
    let (quads, last) = out.as_chunks_mut::<4>();
    let quad = |[a, b, c]: [u8; 3]| {
        let bits = u32::from_be_bytes([0, a, b, c]);
        [bits >> 12, bits & 4095].map(|pair| PAIRS[pair as usize])
    };
    triples.iter().zip(quads).for_each(|(triple, encoded_len)| {
        encoded_len.copy_from_slice(quad(*triple).as_flattened())
    });
    let triple = match *rest {
        [a] => [a, 0, 0],
        [a, b] => [a, b, 0],
        _ => return length,
    };
    last.copy_from_slice(&quad(triple).as_flattened()[..last.len()]);
    length
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE.decode(text).ok()
}

/// Into a buffer that has room for the whole.
pub(crate) fn decode_into<'a>(text: &[u8], buffer: &'a mut [u8]) -> Option<&'a mut [u8]> {
    let length = URL_SAFE.decode_slice(text, buffer).ok()?;
    buffer.get_mut(..length)
}

/// So many bytes from as many digits as they take; by a table, as all that is short.
pub(crate) fn decode_array<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
    if text.len() != encoded_len(BYTES) {
        return None;
    }
    let mut bytes = [0; BYTES];
    let (quads, rest) = text.as_chunks();
    let (triples, last) = bytes.as_chunks_mut();
    let mut seen = 0;
    let mut triple = |quad: &[u8; 4]| {
        let bits = quad.iter().fold(0, |bits, digit| {
            let value = VALUES[usize::from(*digit)];
            seen |= value;
            bits << 6 | u32::from(value)
        });
        let [_, bytes @ ..] = bits.to_be_bytes();
        bytes
    };
    quads
        .iter()
        .zip(triples)
        .for_each(|(quad, bytes)| *bytes = triple(quad));
    // The bits that the last digit has too many are zero.
    let mut quad = [b'A'; 4];
    quad[..rest.len()].copy_from_slice(rest);
    let quad = triple(&quad);
    let (end, over) = quad.split_at(last.len());
    last.copy_from_slice(end);
    (seen < 64 && over.iter().all(|byte| *byte == 0)).then_some(bytes)
}

/// Up to here the table is faster than the engine, which is made for long texts.
const SHORT: usize = 128;

/// RFC 4648, section 5.
const DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// All pairs of digits.
static PAIRS: [[u8; 2]; 4096] = {
    let (mut pairs, mut pair) = ([[0; 2]; 4096], 0);
    while pair < 4096 {
        pairs[pair] = [DIGITS[pair >> 6], DIGITS[pair & 63]];
        pair += 1;
    }
    pairs
};

/// The value of each digit, and 255 for what is none.
const VALUES: [u8; 256] = {
    let (mut values, mut value) = ([255; 256], 0);
    while value < 64 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Decodes onto the stack what a cookie may hold, and gives it to `read`. Nothing is allocated for what nobody has signed.
pub(crate) fn decode_with<R>(text: &[u8], read: impl FnOnce(&mut [u8]) -> R) -> Option<R> {
    // Three sizes, since a buffer is cleared first.
    Some(match text.len() {
        0..=512 => read(decode_into(text, &mut [0; 384])?),
        513..=4096 => read(decode_into(text, &mut [0; 3072])?),
        4097..=16_384 => read(decode_into(text, &mut [0; 12_288])?),
        _ => return None,
    })
}

/// Whether all of them are of the alphabet. Sixteen at a time, the last sixteen perhaps twice, which compilers turn into a
/// few instructions.
pub(crate) fn is_base64url(text: &[u8]) -> bool {
    let is_digit = |byte: u8| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        letter | (byte.wrapping_sub(b'0') < 10) | (byte == b'-') | (byte == b'_')
    };
    let are = |bytes: &[u8; 16]| bytes.iter().fold(true, |all, byte| all & is_digit(*byte));
    match text.last_chunk() {
        Some(last) => text.as_chunks().0.iter().all(are) && are(last),
        None => text.iter().all(|byte| is_digit(*byte)),
    }
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
    use proptest::prelude::*;

    fn by_engine<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
        decode(text)?.try_into().ok()
    }

    proptest! {
        /// The table decodes what the engine does, and refuses what it does.
        #[test]
        fn arrays_are_decoded_as_by_the_engine(text in "[A-Za-z0-9_-]{0,44}", at in 0..44_usize, byte: u8) {
            let mut text = text.into_bytes();
            for _ in 0..2 {
                prop_assert_eq!(decode_array::<18>(&text), by_engine(&text));
                prop_assert_eq!(decode_array::<20>(&text), by_engine(&text));
                prop_assert_eq!(decode_array::<32>(&text), by_engine(&text));
                prop_assert_eq!(decode_array::<1>(&text), by_engine(&text));
                // Again with one byte that may be no digit.
                if let Some(old) = text.get_mut(at) {
                    *old = byte;
                }
            }
        }

        #[test]
        fn short_texts_are_encoded_as_by_the_engine(bytes in prop::collection::vec(any::<u8>(), 0..2 * SHORT)) {
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
        assert_eq!(decode_padded("YQ=="), Some(b"a".to_vec()));
        assert_eq!(decode_padded("YQ"), None);
    }
}
