//! The same of our encrypted cookies.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::open_encrypted::check(data));
