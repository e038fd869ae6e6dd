//! Measures the adapters and their peers in each framework, and libraries without a framework.

use std::time::Duration;

fn main() {
    let jobs = benches::frameworks::jobs()
        .into_iter()
        .chain(benches::library::jobs());
    benches::main(jobs.collect(), Duration::from_millis(1));
}
