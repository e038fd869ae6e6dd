//! Stores, beside their raw clients and peers' stores.

use std::time::Duration;

fn main() {
    // What a write leaves to be done behind it should be done in its own turn.
    benches::main(benches::stores::jobs(), Duration::from_millis(25));
}
