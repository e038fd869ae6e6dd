//! A session has the content of a plain model after any sequence of operations, closed and reopened, in each format.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::round_trip::check(data));
