//! Encrypted records: no input panics, and a session opens from one exactly when a naive implementation opens one, with equal
//! content. A record opens only under its own key in the store.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::record::check_encrypted(data));
