//! The payload segment.
//!
//! ```text
//! payload = base64url(json)
//!         | "." base64url(zlib stream of json)      RFC 1950; only where plain text would not fit
//! ```

use std::cell::RefCell;
use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};

use crate::base64;

thread_local! {
    // A new state costs 40 KB of memory and more time than the work itself, so each thread keeps one.
    static INFLATE: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

/// Returns the JSON text of a segment whose base64 decodes to `bytes`. `None` if it is not UTF-8, not a zlib stream, or longer
/// than `most` bytes when inflated.
pub(crate) fn text(segment: &[u8], bytes: &[u8], most: usize) -> Option<Arc<str>> {
    if segment.starts_with(b".") {
        Some(String::from_utf8(inflate(bytes, most)?).ok()?.into())
    } else {
        Some(std::str::from_utf8(bytes).ok()?.into())
    }
}

/// Appends the segment of a zlib stream.
pub(crate) fn encode_deflated(out: &mut Vec<u8>, stream: &[u8]) {
    out.push(b'.');
    base64::encode_to(out, stream);
}

/// Returns the length of the segment of a zlib stream.
pub(crate) fn deflated_len(stream: &[u8]) -> usize {
    1 + base64::encoded_len(stream.len())
}

/// Returns the content of a zlib stream, if it has at most `most` bytes. Bytes behind the end of the stream are ignored, as in
/// Python.
fn inflate(stream: &[u8], most: usize) -> Option<Vec<u8>> {
    INFLATE.with_borrow_mut(|state| {
        let inflate = state.get_or_insert_with(|| Decompress::new(true));
        inflate.reset(true);
        let mut out = Vec::with_capacity(most.min(stream.len() * 4 + 64));
        let mut read = 0;
        // The output never has room for more than one byte above `most`, so a bomb costs no more memory than that.
        loop {
            let before = (read, out.len());
            let rest = &stream[read..];
            let status = inflate
                .decompress_vec(rest, &mut out, FlushDecompress::None)
                .ok()?;
            read = usize::try_from(inflate.total_in()).ok()?;
            if out.len() > most {
                return None;
            }
            if status == Status::StreamEnd {
                return Some(out);
            }
            // No progress with room left: the stream is cut off.
            if out.len() < out.capacity() && (read, out.len()) == before {
                return None;
            }
            if out.len() == out.capacity() {
                // The one byte above `most` tells a text that is too long from one that just fits.
                let more = out.capacity().min(most + 1 - out.len());
                if more == 0 {
                    return None;
                }
                out.reserve_exact(more);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::deflate::{deflate, deflate_best};
    use proptest::prelude::*;

    #[test]
    fn s10_a_bomb_is_refused() {
        let bomb = deflate(&"0".repeat(1 << 20));
        assert!(bomb.len() < 2000);
        assert_eq!(inflate(&bomb, 256 << 10), None);
        assert_eq!(inflate(&bomb, (1 << 20) - 1), None);
        assert_eq!(inflate(&bomb, 1 << 20).map(|out| out.len()), Some(1 << 20));
    }

    #[test]
    fn broken_streams() {
        let stream = deflate(r#"{"a":1,"b":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#);
        for end in 0..stream.len() {
            assert_eq!(inflate(&stream[..end], 1000), None, "cut at {end}");
        }
        let mut bad = stream.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(inflate(&bad, 1000), None, "bad checksum");
        assert_eq!(
            inflate(&stream[2..stream.len() - 4], 1000),
            None,
            "raw deflate"
        );
        assert!(
            inflate(&[&stream[..], b"more"].concat(), 1000).is_some(),
            "what follows is ignored"
        );
        assert!(
            inflate(&stream, 1000).is_some(),
            "the state is usable after errors"
        );
    }

    /// Endless items of a list, as `tests/data/flask-odd.py` makes them.
    fn item(kind: &str, state: &mut u64) -> String {
        const WORDS: &str =
            "alpha beta gamma user role admin cart item price token flash message name page login";
        let mut draw = |below: u64| {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (*state >> 33) % below
        };
        let words: Vec<&str> = WORDS.split(' ').collect();
        let count = words.len() as u64;
        let word = |number: u64| words[usize::try_from(number).unwrap()];
        match kind {
            "permissions" => {
                let first = word(draw(count));
                let verb = ["add", "change", "delete", "view"][usize::try_from(draw(4)).unwrap()];
                format!("\"{first}.{verb}_{}{}\"", word(draw(count)), draw(99))
            }
            "words" => {
                let four = [draw(count), draw(count), draw(count), draw(count)].map(word);
                format!("\"{}\"", four.join(" "))
            }
            "integers" => draw(1_000_000).to_string(),
            _ => {
                let (id, name, qty) = (draw(1_000_000), word(draw(count)), draw(9));
                format!("{{\"id\":{id},\"name\":\"{name}\",\"qty\":{qty}}}")
            }
        }
    }

    #[test]
    fn streams_are_as_long_as_the_table_says() {
        let all: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/flask-odd.json")).unwrap();
        let (mut longer, mut shorter, mut otherwise, mut counted) = (0, 0, 0, 0);
        for list in all["streams"].as_array().unwrap() {
            let number = |index: usize| list[index].as_i64().unwrap();
            let mut state = number(1).cast_unsigned();
            let items: Vec<_> = (0..number(2))
                .map(|_| item(list[0].as_str().unwrap(), &mut state))
                .collect();
            let json = format!("{{\"x\":[{}]}}", items.join(","));
            let (length, zlib) = (number(3), number(4));
            assert_eq!(
                json.len(),
                usize::try_from(length).unwrap(),
                "the two programs make the same lists"
            );
            let ours = i64::try_from(deflate(&json).len()).unwrap();
            longer = longer.max(ours - zlib);
            shorter = shorter.max(zlib - ours);
            if (ours + 1 < length) != (zlib + 1 < length) {
                otherwise = otherwise
                    .max((length - zlib).abs())
                    .max((length - ours).abs());
            }
            counted += 1;
        }
        let found = format!("of {counted} lists: {shorter} shorter, {longer} longer, {otherwise}");
        println!("{found}");
        let row = include_str!("../../FLASK-DIFFERENCES.md")
            .lines()
            .find(|row| row.starts_with("| compressed"));
        let row = row.unwrap();
        let lengths = format!(
            "{counted} recorded lists the streams are from {shorter} bytes shorter to {longer} bytes longer"
        );
        assert!(
            row.contains(&lengths) && otherwise <= 8,
            "{found}; the table says {row}"
        );
        assert!(
            row.contains("within 8 bytes of the JSON's length") && otherwise > 0,
            "{found}; the table says {row}"
        );
    }

    proptest! {
        #[test]
        fn streams_survive(json in ".{0,400}") {
            for stream in [deflate(&json), deflate_best(&json)] {
                prop_assert_eq!(inflate(&stream, json.len()), Some(json.clone().into_bytes()));
                if !json.is_empty() {
                    prop_assert_eq!(inflate(&stream, json.len() - 1), None);
                }
            }
        }
    }
}
