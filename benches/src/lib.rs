//! What sessions cost. Run with `cargo bench` in this folder; only ratios within one run mean something.
