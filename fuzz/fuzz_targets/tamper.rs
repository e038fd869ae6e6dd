//! Any change of a good cookie is refused, unless its bytes are the same as before.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::tamper::check(data));
