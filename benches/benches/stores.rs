//! Measures the stores, beside their raw clients and peers' stores.

use std::time::Duration;

fn main() {
    // Work that a write leaves behind should be done in that write's own turn.
    benches::main(benches::stores::jobs(), Duration::from_millis(25));
}
