//! Our encrypted cookies: accepted is what the naive implementation accepts, with the same content, permanence and times.

use super::naive::{self, encrypted};
use super::open_signed::assert_opens;
use super::{ENCRYPTED, Input, ROTATED};

/// The first byte says what the rest is: a value as it is; or, to be encrypted with the right key, a nonce, a stamp (as a change
/// of a good one) and JSON, or a nonce and a whole text. And whether that key is the ring's first.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let value = match kind % 3 {
        0 => input.0.to_vec(),
        1 => {
            let (nonce, stamp) = (input.bytes(), input.changed(naive::stamp_now()));
            encrypted(nonce, &[&stamp, input.0].concat())
        }
        _ => encrypted(input.bytes(), input.0),
    };
    let sessions = if kind < 128 { &ENCRYPTED } else { &ROTATED };
    assert_opens(sessions, &value, naive::open_encrypted(&value));
}
