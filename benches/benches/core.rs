//! Measures the core, without any framework, beside the floor.

use std::time::Duration;

fn main() {
    benches::main(benches::core::jobs(), Duration::from_millis(1));
}
