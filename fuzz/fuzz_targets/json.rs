//! Our JSON scanner, reader and canonical writer against naive ones, and the scanner against serde_json's.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::json::check(data));
