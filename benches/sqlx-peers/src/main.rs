//! Measures tower-sessions over sqlx, in SQLite and PostgreSQL, as the tables `sqlite` and
//! `postgres` are measured. The arguments are the path of a new file and the address of a server,
//! or `-` for none of them. It prints, as JSON, the nanoseconds of an operation for each row and
//! column.

#[path = "../../src/payload.rs"]
#[allow(dead_code, reason = "the benches use all of it")]
mod payload;
mod stores;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use self::stores::flight::Field;

stores::peers::tower_sessions!(tower_sessions_core, " and sqlx");

const LASTS: Duration = Duration::from_millis(400);

/// The value of the benches.
pub struct Job {
    group: &'static str,
    who: String,
    column: usize,
    run: Box<dyn FnMut()>,
    operations: u64,
}

impl Job {
    fn new(
        group: &'static str,
        who: impl Into<String>,
        column: usize,
        run: impl FnMut() + 'static,
    ) -> Self {
        Self {
            group,
            who: who.into(),
            column,
            run: Box::new(run),
            operations: 1,
        }
    }

    fn times(self, operations: u64) -> Self {
        Self { operations, ..self }
    }

    /// Returns the mean of the runs without the slowest tenth, as the benches do.
    fn measure(mut self) -> Value {
        (self.run)();
        let begun = Instant::now();
        let mut runs = Vec::new();
        while begun.elapsed() < LASTS {
            let run = Instant::now();
            (self.run)();
            runs.push(run.elapsed());
        }
        runs.sort();
        runs.truncate(runs.len() - runs.len() / 10);
        let mean = runs.iter().sum::<Duration>().as_nanos() as f64 / runs.len() as f64;
        let nanoseconds = mean / self.operations as f64;
        json!({ "group": self.group, "who": self.who, "column": self.column, "nanoseconds": nanoseconds })
    }
}

fn main() {
    let [_, file, server] = std::env::args()
        .collect::<Vec<_>>()
        .try_into()
        .expect("a file and an address");
    let jobs = [sqlite(&file), postgres(&server)].into_iter().flatten();
    println!("{}", Value::from_iter(jobs.map(Job::measure)));
}

fn sqlite(file: &str) -> Vec<Job> {
    if file == "-" {
        return Vec::new();
    }
    let field = Field::new(16, ());
    // The settings of our store: by default, SQLite would wait for the disk several times in each
    // write.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let store = Arc::new(SqliteStore::new(
        field.wait(SqlitePool::connect_with(options)).unwrap(),
    ));
    field.wait(store.migrate()).unwrap();
    [
        tower::reads(&field, "sqlite: read", store.clone()),
        tower::writes(&field, "sqlite: write", store),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn postgres(server: &str) -> Vec<Job> {
    if server == "-" {
        return Vec::new();
    }
    let field = Field::new(16, ());
    let store = Arc::new(PostgresStore::new(
        field.wait(PgPool::connect(server)).unwrap(),
    ));
    field.wait(store.migrate()).unwrap();
    [
        tower::reads(&field, "postgres: read", store.clone()),
        tower::writes(&field, "postgres: write", store),
    ]
    .into_iter()
    .flatten()
    .collect()
}
