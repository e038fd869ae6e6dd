//! The body of a record: no input panics, an accepted body is encoded as its own bytes again, and a session opens from it
//! exactly when a naive implementation opens one, with equal content.

#![no_main]

use session_fuzz::property::record;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    record::check(data);
    let bytes = record::bytes(data);
    if let Some(again) = session_core::fuzzing::body(&bytes) {
        assert_eq!(again, bytes);
    }
});
