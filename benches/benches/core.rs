//! The core, without any framework, and the floor beside it.

use std::time::Duration;

fn main() {
    benches::main(benches::core::jobs(), Duration::from_millis(1));
}
