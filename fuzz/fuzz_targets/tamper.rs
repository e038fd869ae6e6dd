//! A valid cookie is rejected after any change of its bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::tamper::check(data));
