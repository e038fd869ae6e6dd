//! Finds where strings end, 64 bytes at a time: most bytes of a session are in its strings.

/// The number of bytes that one mask describes.
pub(crate) const CHUNK: usize = 64;

/// Returns a mask of the bytes that do not stand for themselves in a string: quotes, backslashes and control characters.
///
/// Bit n is for byte `start + n`. `start` must be inside the text; the bits behind the text's last byte are set.
#[inline(never)]
pub(crate) fn string_end_mask(text: &[u8], start: usize) -> u64 {
    let rest = &text[start..];
    // Zeros fill the last chunk up; they are control characters.
    let mut filled = [0; CHUNK];
    let chunk = if let Some(chunk) = rest.first_chunk() {
        chunk
    } else {
        filled[..rest.len()].copy_from_slice(rest);
        &filled
    };
    let mut marks = [0; CHUNK];
    // Without a branch, so that a compiler makes a few vector instructions of the loop.
    for (mark, byte) in marks.iter_mut().zip(chunk) {
        *mark = u8::from((*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'));
    }
    let mut mask = 0;
    for eight in marks.as_chunks().0.iter().rev() {
        // Each of the eight bytes is 0 or 1: the highest byte of the product has them side by side, the first one lowest.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask = mask << 8 | bits;
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plain twin of [`string_end_mask`]: one byte at a time.
    fn is_string_end(byte: u8) -> bool {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    }

    proptest! {
        #[test]
        fn mask_equals_byte_by_byte_search(
            text in prop::collection::vec(prop_oneof![0x1e..0x60_u8, any::<u8>()], 1..200),
            start: prop::sample::Index,
        ) {
            let start = start.index(text.len());
            let mut expected = text[start..].iter().map(|byte| is_string_end(*byte)).collect::<Vec<_>>();
            expected.resize(CHUNK.max(expected.len()), true);
            expected.truncate(CHUNK);
            let mask = string_end_mask(&text, start);
            let found: Vec<_> = (0..CHUNK).map(|at| mask >> at & 1 == 1).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn every_byte_in_every_place() {
        for (at, byte) in (0..CHUNK).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut bytes = [b'a'; CHUNK];
            bytes[at] = byte;
            assert_eq!(
                string_end_mask(&bytes, 0),
                u64::from(is_string_end(byte)) << at
            );
        }
    }
}
