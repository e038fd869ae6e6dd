//! The same of our sealed cookies.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::open_sealed::check(data));
