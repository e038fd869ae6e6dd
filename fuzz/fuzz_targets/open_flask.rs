//! The same of Flask's cookies.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::open_flask::check(data));
