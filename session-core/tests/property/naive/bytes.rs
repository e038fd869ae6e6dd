//! base64url and zlib.

use std::io::Write;

use flate2::{Decompress, FlushDecompress, Status};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// base64url without padding (RFC 4648, section 5).
pub fn encode(bytes: &[u8]) -> Vec<u8> {
    let bits = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
    };
    let digits = |chunk: &[u8]| {
        let (bits, missing) = (bits(chunk) << (8 * (3 - chunk.len())), 3 - chunk.len());
        (0..4 - missing).map(move |at| DIGITS[bits >> (18 - 6 * at) & 63])
    };
    bytes.chunks(3).flat_map(digits).collect()
}

/// Decodes the one text that each value has: any other is refused.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .iter()
        .map(|digit| {
            DIGITS
                .iter()
                .position(|known| known == digit)
                .map(|value| u32::try_from(value).unwrap())
        })
        .collect::<Option<_>>()?;
    let mut bytes = Vec::new();
    for chunk in digits.chunks(4) {
        let bits = chunk.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    (encode(&bytes) == text).then_some(bytes)
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Inflates a whole stream of at most `most` bytes; bytes behind it are ignored.
pub fn inflate(stream: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(most + 1);
    let status = Decompress::new(true).decompress_vec(stream, &mut out, FlushDecompress::Finish);
    (status.ok()? == Status::StreamEnd && out.len() <= most).then_some(out)
}
