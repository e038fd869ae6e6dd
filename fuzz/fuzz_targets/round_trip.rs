//! Any sequence of operations, closed and reopened, equals a plain model, in all formats.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::round_trip::check(data));
