//! What is measured: jobs, each of them one operation, so that time, allocations and bytes are counted of the same thing.

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
    /// The column: bytes of JSON in the session, or what else the table's columns count.
    pub column: usize,
    /// Does it.
    pub run: Box<dyn FnMut()>,
    /// How many operations that is: more than one where several are under way at once.
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

    /// One run is so many operations.
    #[must_use]
    pub fn times(self, operations: u64) -> Self {
        Self { operations, ..self }
    }
}

/// A benchmark's program: measures its jobs with criterion; or, asked to by `--turns [filter]`, in [turns] of so long, and
/// prints the times as JSON, for the report.
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
