//! One goal, and whether it holds.

use crate::data::Series;
use crate::format::{range, ratio, time, whole};

/// One row of the table.
pub struct Goal {
    pub what: String,
    pub goal: String,
    /// `None` if one of its cells is missing.
    pub outcome: Option<Outcome>,
}

pub struct Outcome {
    pub measured: String,
    pub holds: bool,
    /// The number of rounds in which it held, and of all rounds; `None` for a value that is counted
    /// once.
    pub rounds: Option<(usize, usize)>,
}

#[derive(Clone, Copy)]
pub(super) enum Unit {
    Times,
    Time,
}

impl Unit {
    fn format(self) -> fn(f64) -> String {
        match self {
            Self::Times => ratio,
            Self::Time => time,
        }
    }
}

pub(super) fn at_most(
    what: impl Into<String>,
    limit: f64,
    unit: Unit,
    found: Option<Series>,
) -> Goal {
    let format = unit.format();
    let outcome = found.map(|found| Outcome {
        measured: measured(&found, format),
        holds: found.median() <= limit,
        rounds: Some((found.rounds(|value| value <= limit), found.0.len())),
    });
    Goal {
        what: what.into(),
        goal: format!("at most {}", format(limit)),
        outcome,
    }
}

pub(super) fn at_least(
    what: impl Into<String>,
    limit: f64,
    unit: Unit,
    found: Option<Series>,
) -> Goal {
    let format = unit.format();
    let outcome = found.map(|found| Outcome {
        measured: measured(&found, format),
        holds: found.median() >= limit,
        rounds: Some((found.rounds(|value| value >= limit), found.0.len())),
    });
    Goal {
        what: what.into(),
        goal: format!("at least {}", format(limit)),
        outcome,
    }
}

fn measured(found: &Series, format: fn(f64) -> String) -> String {
    let (median, range) = (
        format(found.median()),
        range(found.least(), found.most(), format),
    );
    if range == median {
        median
    } else {
        format!("{median} ({range})")
    }
}

pub(super) fn allocations(what: impl Into<String>, limit: i64, found: Option<i64>) -> Goal {
    let outcome = found.map(|found| Outcome {
        measured: whole(found as f64),
        holds: found <= limit,
        rounds: None,
    });
    Goal {
        what: what.into(),
        goal: format!("at most {limit}"),
        outcome,
    }
}

/// Returns the highest median of several.
pub(super) fn worst(all: Vec<Option<Series>>) -> Option<Series> {
    let all: Option<Vec<_>> = all.into_iter().collect();
    all?.into_iter()
        .max_by(|one, other| one.median().total_cmp(&other.median()))
}
