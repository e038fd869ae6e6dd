//! Our sealed cookies: accepted is what the naive implementation accepts, with the same content, permanence and times.

use super::naive::{self, sealed};
use super::open_signed::assert_opens;
use super::{Input, ROTATED, SEALED};

/// The first byte says what the rest is: a value as it is; or, to be sealed with the right key, a nonce, a stamp (as a change
/// of a good one) and JSON, or a nonce and a whole text. And whether that key is the ring's first.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let value = match kind % 3 {
        0 => input.0.to_vec(),
        1 => {
            let (nonce, stamp) = (input.bytes(), input.changed(naive::stamp_now()));
            sealed(nonce, &[&stamp, input.0].concat())
        }
        _ => sealed(input.bytes(), input.0),
    };
    let sessions = if kind < 128 { &SEALED } else { &ROTATED };
    assert_opens(sessions, &value, naive::open_sealed(&value));
}
