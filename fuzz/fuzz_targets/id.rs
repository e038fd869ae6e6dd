//! The id of a session in a store: the core asks the store for exactly the ids that a naive implementation accepts, and their
//! records open.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::id::check(data));
