//! Where plain pieces of strings end, many bytes at once: most of a session is in its strings.

/// So many bytes are looked at at once.
pub(crate) const PIECE: usize = 64;

/// Which bytes of a text are a quote, a backslash or a control character, as bits, from `start` on, which is in the text;
/// the text ends as if by one. Apart, since most strings end in the piece that is known.
#[inline(never)]
pub(crate) fn ends_from(text: &[u8], start: usize) -> u64 {
    let rest = &text[start..];
    match (rest.first_chunk(), text.last_chunk()) {
        (Some(bytes), _) => ends(bytes),
        // With some that come before, once more.
        (None, Some(last)) => ends(last) >> (PIECE - rest.len()) | 1 << rest.len(),
        (None, None) => {
            let mut filled = [0; PIECE];
            filled[..rest.len()].copy_from_slice(rest);
            ends(&filled)
        }
    }
}

/// Compilers turn the comparing into a few instructions for sixteen bytes or more.
fn ends(bytes: &[u8; PIECE]) -> u64 {
    let mut marks = [0; PIECE];
    for (mark, byte) in marks.iter_mut().zip(bytes) {
        *mark = u8::from((*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'));
    }
    // The product of eight of these has them side by side in its highest byte.
    let eight =
        |marks: &[u8; 8]| u64::from_le_bytes(*marks).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    marks
        .as_chunks()
        .0
        .iter()
        .rev()
        .fold(0, |bits, marks| bits << 8 | eight(marks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_end(byte: u8) -> bool {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    }

    proptest! {
        #[test]
        fn ends_are_where_they_are(
            text in prop::collection::vec(prop_oneof![0x1e..0x60_u8, any::<u8>()], 1..200),
            start: prop::sample::Index,
        ) {
            let start = start.index(text.len());
            let mut expected = text[start..].iter().map(|byte| is_end(*byte)).collect::<Vec<_>>();
            expected.push(true);
            expected.truncate(PIECE);
            let bits = ends_from(&text, start);
            let found: Vec<_> = (0..expected.len()).map(|at| bits >> at & 1 == 1).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn every_byte_in_every_place() {
        for (at, byte) in (0..PIECE).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut bytes = [b'a'; PIECE];
            bytes[at] = byte;
            assert_eq!(ends(&bytes), u64::from(is_end(byte)) << at);
        }
    }
}
