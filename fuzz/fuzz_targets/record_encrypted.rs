//! The same of encrypted records, which open in their own place alone.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::record::check_encrypted(data));
