//! Compression of a payload into a zlib stream (RFC 1950).

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};

thread_local! {
    // A new state costs up to 380 KB of memory and more time than the work itself, so each thread keeps one.
    static DEFLATE: RefCell<Option<Compress>> = const { RefCell::new(None) };
}

/// Returns a zlib stream of level 6, as Python's `zlib.compress`.
pub(crate) fn deflate(json: &str) -> Vec<u8> {
    DEFLATE.with_borrow_mut(|state| {
        let state = state.get_or_insert_with(|| Compress::new(Compression::new(6), true));
        state.reset();
        stream(state, json)
    })
}

/// Returns the shortest zlib stream, for a text that does not fit otherwise. Level 8 or 9 is shorter, depending on the text.
pub(crate) fn deflate_best(json: &str) -> Vec<u8> {
    // Needed seldom, so these states are dropped again.
    let eight = stream(&mut Compress::new(Compression::new(8), true), json);
    let nine = stream(&mut Compress::new(Compression::new(9), true), json);
    if eight.len() < nine.len() {
        eight
    } else {
        nine
    }
}

fn stream(state: &mut Compress, json: &str) -> Vec<u8> {
    // More than the bound of zlib's deflateBound: stored blocks add 5 bytes each, the frame adds 6.
    let mut out = Vec::with_capacity(json.len() + json.len() / 1000 + 64);
    let mut read = 0;
    loop {
        match state.compress_vec(&json.as_bytes()[read..], &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => return out,
            // The output was too small after all: it grows, and the next round goes on.
            _ => out.reserve(out.capacity()),
        }
        read = usize::try_from(state.total_in()).unwrap_or(json.len());
    }
}
