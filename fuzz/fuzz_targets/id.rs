//! The id of a stored session: a store is asked exactly for the ids that a naive implementation accepts, and their records
//! open.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::id::check(data));
