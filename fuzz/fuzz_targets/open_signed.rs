//! Signed cookies of our own format: no input panics, and the core accepts exactly the cookies that a naive implementation
//! accepts, with equal content, permanence and times.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::open_signed::check(data));
