//! Counts each job's allocations and prints them as JSON. It is a program of its own, since the
//! counting allocator would slow down all other measurements.

use benches::Job;
use serde_json::{Value, json};

fn main() {
    println!("{}", Value::from_iter(jobs().into_iter().map(count)));
}

/// The jobs that run in one thread: the counter does not see others.
fn jobs() -> Vec<Job> {
    let all = [
        benches::core::jobs(),
        benches::frameworks::jobs(),
        benches::library::jobs(),
    ];
    all.into_iter().flatten().collect()
}

fn count(mut job: Job) -> Value {
    // The first run of each job may fill thread locals.
    for _ in 0..3 {
        (job.run)();
    }
    // Some runs pay for several, for example the one that draws random numbers in advance. The most
    // frequent count is reported.
    let mut counts: Vec<u64> = (0..9)
        .map(|_| allocation_counter::measure(|| (job.run)()).count_total)
        .collect();
    counts.sort_unstable();
    json!({ "group": job.group, "who": job.who, "column": job.column, "count": counts[4] / job.operations })
}
