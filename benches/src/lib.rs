//! The measured jobs. Each is one operation, so that time, allocations and bytes are counted for
//! one and the same code.

pub mod core;
pub mod flask;
pub mod floor;
pub mod frameworks;
pub mod library;
pub mod payload;
pub mod stores;
pub mod turns;
pub mod wrk;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};

/// One operation, to be repeated.
pub struct Job {
    /// The table that it belongs to: criterion's group.
    pub group: &'static str,
    /// The row: ours, the floor, a peer.
    pub who: String,
    /// The column: bytes of JSON in the session, or another number that the table's columns have.
    pub column: usize,
    /// Runs it.
    pub run: Box<dyn FnMut()>,
    /// The number of operations in a run: more than one if several are concurrent.
    pub operations: u64,
}

impl Job {
    pub fn new<R>(
        group: &'static str,
        who: impl Into<String>,
        column: usize,
        mut run: impl FnMut() -> R + 'static,
    ) -> Self {
        Self {
            group,
            who: who.into(),
            column,
            run: Box::new(move || drop(black_box(run()))),
            operations: 1,
        }
    }

    /// Sets the number of operations in one run.
    #[must_use]
    pub fn times(self, operations: u64) -> Self {
        Self { operations, ..self }
    }
}

/// Runs a benchmark's program: measures its jobs with criterion; or, with `--turns [filter]`, in
/// [turns] of this length, and prints the times as JSON, for the report.
pub fn main(jobs: Vec<Job>, turn: Duration) {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--turns") {
        println!(
            "{}",
            turns::measure(jobs, turn, arguments.next().as_deref())
        );
        return;
    }
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .sample_size(20)
        .nresamples(1000)
        .configure_from_args();
    for mut job in jobs {
        let id = BenchmarkId::new(&job.who, job.column);
        let mut group = criterion.benchmark_group(job.group);
        group.throughput(Throughput::Elements(job.operations));
        group.bench_function(id, |bencher| bencher.iter(|| (job.run)()));
    }
    criterion.final_summary();
}
