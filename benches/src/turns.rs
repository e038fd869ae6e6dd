//! Measures a table's rows in turns.
//!
//! Other programs on a shared machine change its pace within tenths of a second, by half and more.
//! Criterion measures one row for longer than that and then the next, and so would compare paces.
//! Here all rows of a table see the same paces.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Job;

/// The total time of each row of a table, and the least number of turns.
const LASTS: Duration = Duration::from_millis(200);
const TURNS: usize = 12;

/// Returns the nanoseconds of one operation of each job. The jobs of one group and column are
/// measured in turns of this length.
///
/// The filter is a part of `group/who/column`.
pub fn measure(jobs: Vec<Job>, turn: Duration, filter: Option<&str>) -> Value {
    let wanted = |job: &Job| {
        let Job {
            group, who, column, ..
        } = job;
        filter.is_none_or(|filter| format!("{group}/{who}/{column}").contains(filter))
    };
    let mut rest: Vec<Job> = jobs.into_iter().filter(wanted).collect();
    let mut measured = Vec::new();
    while let Some(first) = rest.first() {
        let (group, column) = (first.group, first.column);
        let (mut table, others) = rest
            .into_iter()
            .partition(|job| (job.group, job.column) == (group, column));
        rest = others;
        let nanoseconds = table_in_turns(&mut table, turn);
        measured.extend(
            table.iter().zip(nanoseconds).map(
                |(job, count)| json!({ "group": group, "who": job.who, "column": column, "count": count }),
            ),
        );
    }
    measured.into()
}

fn table_in_turns(table: &mut [Job], turn: Duration) -> Vec<f64> {
    let each: Vec<u32> = table.iter_mut().map(|job| runs(job, turn)).collect();
    let mut measured = vec![Vec::new(); table.len()];
    let (lasts, begun) = (LASTS * u32::try_from(table.len()).unwrap(), Instant::now());
    while begun.elapsed() < lasts || measured[0].len() < TURNS {
        for ((job, runs), measured) in table.iter_mut().zip(&each).zip(&mut measured) {
            let operations = f64::from(*runs) * job.operations as f64;
            measured.push(time(job, *runs).as_nanos() as f64 / operations);
        }
    }
    measured.into_iter().map(mean).collect()
}

/// Returns the number of runs in a turn. It also warms up.
fn runs(job: &mut Job, turn: Duration) -> u32 {
    let mut runs = 1;
    loop {
        let taken = time(job, runs);
        if taken * 2 > turn {
            return (f64::from(runs) * turn.as_secs_f64() / taken.as_secs_f64()).ceil() as u32;
        }
        runs *= 2;
    }
}

fn time(job: &mut Job, runs: u32) -> Duration {
    let begun = Instant::now();
    (0..runs).for_each(|_| (job.run)());
    begun.elapsed()
}

/// Returns the mean without the slowest tenth, in which another program ran. The median would jump
/// between two paces.
fn mean(mut turns: Vec<f64>) -> f64 {
    turns.sort_by(f64::total_cmp);
    turns.truncate(turns.len() - turns.len() / 10);
    turns.iter().sum::<f64>() / turns.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::thread::sleep;

    #[test]
    fn rows_of_a_table_take_turns() {
        let order = Rc::new(RefCell::new(Vec::new()));
        let job = |group, who: &'static str, column, operations| {
            let order = order.clone();
            let run = move || {
                order.borrow_mut().push(who);
                sleep(Duration::from_millis(1));
            };
            Job::new(group, who, column, run).times(operations)
        };
        let jobs = vec![
            job("a", "x", 1, 1),
            job("a", "y", 1, 1_000_000),
            job("a", "z", 2, 1),
            job("b", "x", 1, 1),
        ];
        let measured = measure(jobs, Duration::from_micros(1), Some("a/"));
        let cells = measured.as_array().unwrap().iter();
        let cells: Vec<_> = cells
            .map(|cell| {
                let name = |name: &str| cell[name].as_str().unwrap().to_owned();
                (name("group"), name("who"), cell["column"].as_u64().unwrap())
            })
            .collect();
        let cell = |who: &str, column| ("a".to_owned(), who.to_owned(), column);
        assert_eq!(cells, [cell("x", 1), cell("y", 1), cell("z", 2)]);
        assert!(order.borrow()[2..].starts_with(&["x", "y", "x", "y", "x", "y"]));
        let time = |at: usize| measured[at]["count"].as_f64().unwrap();
        assert!(
            time(0) >= 1e6 && (1.0..1e6).contains(&time(1)),
            "{measured}"
        );
    }

    #[test]
    fn what_others_took_does_not_count() {
        let mut turns = vec![2.0; 18];
        turns.extend([900.0, 1000.0]);
        assert_eq!(mean(turns), 2.0);
        assert_eq!(mean(vec![1.0, 3.0]), 2.0);
    }
}
