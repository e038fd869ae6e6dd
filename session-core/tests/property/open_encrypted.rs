//! Our encrypted cookies: accepted exactly where the naive implementation accepts them, with the
//! same content, permanence and times.

use super::naive::{self, encrypted};
use super::open_signed::assert_opens;
use super::{ENCRYPTED, Input, ROTATED};

/// The first byte chooses how the rest is used: as a whole value; or, encrypted with the right key,
/// as a nonce, a change of a valid stamp, and JSON; or as a nonce and a whole text. It also chooses
/// whether that key is the first of the ring.
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
