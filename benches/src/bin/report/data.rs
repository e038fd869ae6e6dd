//! The measurements, and the arithmetic on them: per round first, then over the rounds.

use serde::{Deserialize, Serialize};

/// A whole run, as it is stored for `--no-run`.
#[derive(Default, Serialize, Deserialize)]
pub struct Report {
    pub about: crate::about::About,
    /// Nanoseconds of an operation, round by round, in the order of measuring.
    pub rounds: Vec<Vec<Cell<f64>>>,
    pub allocations: Vec<Cell<u64>>,
    pub cookies: Vec<crate::cookies::Lengths>,
    pub http: Vec<crate::http::Http>,
}

/// One number of one table.
#[derive(Clone, Serialize, Deserialize)]
pub struct Cell<T> {
    pub group: String,
    pub who: String,
    pub column: usize,
    pub count: T,
}

impl<T> Cell<T> {
    fn is(&self, group: &str, who: &str, column: usize) -> bool {
        self.group == group && self.who == who && self.column == column
    }
}

impl Report {
    /// The tables, in the order of measuring.
    pub fn groups(&self) -> Vec<&str> {
        distinct(self.cells().map(|cell| cell.group.as_str()))
    }

    pub fn rows(&self, group: &str) -> Vec<&str> {
        distinct(
            self.cells()
                .filter(|cell| cell.group == group)
                .map(|cell| cell.who.as_str()),
        )
    }

    pub fn columns(&self, group: &str) -> Vec<usize> {
        let mut columns = distinct(
            self.cells()
                .filter(|cell| cell.group == group)
                .map(|cell| cell.column),
        );
        columns.sort_unstable();
        columns
    }

    fn cells(&self) -> impl Iterator<Item = &Cell<f64>> {
        self.rounds.iter().flatten()
    }

    /// Returns the measurements of one cell, or `None` unless each round has one: rounds are
    /// compared with each other.
    pub fn time(&self, group: &str, who: &str, column: usize) -> Option<Series> {
        let of = |round: &Vec<Cell<f64>>| {
            round
                .iter()
                .find(|cell| cell.is(group, who, column))
                .map(|cell| cell.count)
        };
        let series: Option<Vec<f64>> = self.rounds.iter().map(of).collect();
        series.filter(|series| !series.is_empty()).map(Series)
    }

    pub fn allocations(&self, group: &str, who: &str, column: usize) -> Option<i64> {
        let found = self
            .allocations
            .iter()
            .find(|cell| cell.is(group, who, column));
        found.map(|cell| i64::try_from(cell.count).unwrap())
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

/// One quantity in each round.
#[derive(Clone, Debug, PartialEq)]
pub struct Series(pub Vec<f64>);

impl Series {
    fn with(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        assert_eq!(self.0.len(), other.0.len());
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(ours, other)| combine(*ours, *other))
                .collect(),
        )
    }

    /// Returns the ratio to another quantity, round by round.
    pub fn ratio(&self, other: &Self) -> Self {
        self.with(other, |ours, other| ours / other)
    }

    /// Returns the difference to another quantity, round by round.
    pub fn less(&self, other: &Self) -> Self {
        self.with(other, |ours, other| ours - other)
    }

    /// Returns the reciprocal.
    pub fn inverse(&self) -> Self {
        Self(self.0.iter().map(|value| value.recip()).collect())
    }

    /// Returns the reported value of ratios and differences.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        }
    }

    /// Returns the reported value of times.
    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// Returns the number of rounds in which a condition held.
    pub fn rounds(&self, held: impl Fn(f64) -> bool) -> usize {
        self.0.iter().filter(|value| held(**value)).count()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Builds a report of cells: group, who, column, and the measurement of each round.
    pub fn report(cells: &[(&str, &str, usize, &[f64])]) -> Report {
        let rounds = cells[0].3.len();
        let cell = |round: usize, (group, who, column, counts): &(&str, &str, usize, &[f64])| {
            let (group, who) = ((*group).to_owned(), (*who).to_owned());
            counts.get(round).map(|count| Cell {
                group,
                who,
                column: *column,
                count: *count,
            })
        };
        let round = |round| {
            cells
                .iter()
                .filter_map(|cells| cell(round, cells))
                .collect()
        };
        Report {
            rounds: (0..rounds).map(round).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn a_machine_that_slows_down_changes_no_ratio() {
        let report = report(&[
            ("core: x", "floor", 50, &[100.0, 200.0, 400.0]),
            ("core: x", "ours", 50, &[150.0, 300.0, 640.0]),
        ]);
        let [ours, floor] = ["ours", "floor"].map(|who| report.time("core: x", who, 50).unwrap());
        let ratio = ours.ratio(&floor);
        assert_eq!(ratio, Series(vec![1.5, 1.5, 1.6]));
        assert_eq!(
            (ratio.median(), ratio.least(), ratio.most()),
            (1.5, 1.5, 1.6)
        );
        assert_eq!(ratio.rounds(|ratio| ratio <= 1.5), 2);
        assert_eq!(ours.less(&floor).median(), 100.0);
        assert_eq!((ours.least(), floor.least()), (150.0, 100.0));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(Series(vec![4.0, 1.0, 2.0, 9.0]).median(), 3.0);
    }

    #[test]
    fn a_cell_that_some_round_lacks_is_missing() {
        let report = report(&[("a", "floor", 1, &[1.0, 2.0]), ("a", "ours", 1, &[1.0])]);
        assert!(report.time("a", "floor", 1).is_some());
        assert!(report.time("a", "ours", 1).is_none() && report.time("b", "ours", 1).is_none());
        assert_eq!(
            (report.groups(), report.rows("a"), report.columns("a")),
            (vec!["a"], vec!["floor", "ours"], vec![1])
        );
    }
}
