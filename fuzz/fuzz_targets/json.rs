//! The JSON scanner, reader and canonical writer agree with naive ones, and the scanner with that of serde_json.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::json::check(data));
