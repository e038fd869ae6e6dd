//! Our signed cookies: no input panics, and accepted is exactly what a naive implementation accepts, with the same content,
//! permanence and times.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_fuzz::property::open_signed::check(data));
