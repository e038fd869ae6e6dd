//! The body of a stored record: no bytes panic, what is accepted is encoded as the same bytes again, and a session opens
//! from it exactly where a naive implementation says so, with the same content.

#![no_main]

use session_fuzz::property::record;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    record::check(data);
    let bytes = record::bytes(data);
    if let Some(again) = session_core::fuzzing::body(&bytes) {
        assert_eq!(again, bytes);
    }
});
