//! What goes through a framework: our adapters and the peers; and the libraries without any.

use std::time::Duration;

fn main() {
    let jobs = benches::frameworks::jobs()
        .into_iter()
        .chain(benches::library::jobs());
    benches::main(jobs.collect(), Duration::from_millis(1));
}
