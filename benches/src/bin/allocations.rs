//! Counts each job's allocations and prints them as JSON. A program of its own, since the counting allocator would slow down
//! whatever is measured beside it.

use benches::Job;
use serde_json::{Value, json};

fn main() {
    println!("{}", Value::from_iter(jobs().into_iter().map(count)));
}

/// What works in one thread: the counter sees no other.
fn jobs() -> Vec<Job> {
    let all = [
        benches::core::jobs(),
        benches::frameworks::jobs(),
        benches::library::jobs(),
    ];
    all.into_iter().flatten().collect()
}

fn count(mut job: Job) -> Value {
    // The first of each may fill thread locals.
    for _ in 0..3 {
        (job.run)();
    }
    // Some calls pay for several, the one that draws random numbers ahead, for example. The usual call counts.
    let mut counts: Vec<u64> = (0..9)
        .map(|_| allocation_counter::measure(|| (job.run)()).count_total)
        .collect();
    counts.sort_unstable();
    json!({ "group": job.group, "who": job.who, "column": job.column, "count": counts[4] / job.operations })
}
