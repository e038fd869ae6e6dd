//! A table for each group of jobs. The comparison depends on the subject of the group.

use benches::payload::USUAL;

use crate::data::{Report, Series};
use crate::format::{percent, range, ratio, table, time, whole};

const NONE: &str = "–";

/// Returns the meaning of a group's columns.
#[derive(Clone, Copy)]
pub enum Columns {
    Bytes,
    InFlight,
    Keys,
    Cookies,
}

impl Columns {
    pub fn of(group: &str) -> Self {
        match group {
            "core: fallbacks" => Self::Keys,
            "core: other cookies" => Self::Cookies,
            _ if is_store(group) => Self::InFlight,
            _ => Self::Bytes,
        }
    }

    fn head(self, column: usize) -> String {
        let number = whole(column as f64);
        match self {
            Self::Bytes => format!("{number} B"),
            Self::InFlight => format!("{number} in flight"),
            Self::Keys => format!("{number} fallbacks"),
            Self::Cookies => format!("{number} other cookies"),
        }
    }
}

pub fn is_store(group: &str) -> bool {
    ["memory: ", "sqlite: ", "redis: ", "postgres: "]
        .iter()
        .any(|prefix| group.starts_with(prefix))
}

/// Whether the rows are applications, the first of them without a session.
pub fn is_framework(report: &Report, group: &str) -> bool {
    report.rows(group).contains(&"bare")
}

/// The row of a layer or fairing that does nothing.
pub fn empty<'a>(report: &'a Report, group: &str) -> Option<&'a str> {
    report
        .rows(group)
        .into_iter()
        .find(|who| who.contains("empty"))
}

/// Returns our row that the others are compared with.
pub fn ours<'a>(report: &'a Report, group: &str) -> Option<&'a str> {
    let rows = report.rows(group);
    ["ours", "ours, signed"]
        .into_iter()
        .find_map(|who| rows.iter().copied().find(|row| *row == who))
}

/// Whether a row is another library's.
pub fn is_peer(who: &str) -> bool {
    who != "bare"
        && !["empty", "floor"].iter().any(|base| who.contains(base))
        && !who.starts_with("ours")
}

/// Formats one group, with its heading.
pub fn group(report: &Report, group: &str) -> String {
    let tables = if is_framework(report, group) {
        framework(report, group)
    } else {
        let rows = report.rows(group);
        let known = ["floor", "raw"].into_iter().chain(ours(report, group));
        let reference = known
            .into_iter()
            .find(|who| rows.contains(who))
            .unwrap_or(rows[0]);
        against(report, group, reference)
    };
    format!("### {group}\n\n{tables}")
}

/// Formats each cell as a multiple of the reference's in its column.
fn against(report: &Report, group: &str, reference: &str) -> String {
    let (columns, kind) = (report.columns(group), Columns::of(group));
    let mut heads = vec![format!("times {reference}")];
    heads.extend(columns.iter().map(|column| kind.head(*column)));
    let counted = report.allocations.iter().any(|cell| cell.group == group);
    if counted {
        heads.push("allocations".into());
    }
    let mut spreads = Spreads::default();
    let rows = report.rows(group).into_iter().map(|who| {
        let cells = columns.iter().map(|column| {
            let Some(series) = report.time(group, who, *column) else {
                return NONE.into();
            };
            let own = time(series.least());
            let Some(base) = report.time(group, reference, *column) else {
                return own;
            };
            if who == reference {
                return format!("1 ({own})");
            }
            let times = series.ratio(&base);
            spreads.add(who, &kind.head(*column), &times);
            let more = if is_store(group) {
                format!("raw {}, ", signed(&series.less(&base)))
            } else {
                String::new()
            };
            format!("**{}** ({more}{own})", ratio(times.median()))
        });
        let mut row = vec![who.to_owned()];
        row.extend(cells);
        if counted {
            let counts: Vec<_> = columns
                .iter()
                .filter_map(|column| report.allocations(group, who, *column))
                .collect();
            row.push(extent(&counts));
        }
        row
    });
    let rows: Vec<_> = rows.collect();
    table(&heads, &rows) + &spreads.text()
}

/// Formats + 12.3 µs.
fn signed(series: &Series) -> String {
    let median = series.median();
    format!(
        "{} {}",
        if median < 0.0 { "−" } else { "+" },
        time(median.abs())
    )
}

fn extent(counts: &[i64]) -> String {
    match (counts.iter().min(), counts.iter().max()) {
        (Some(least), Some(most)) => range(*least as f64, *most as f64, whole),
        _ => NONE.into(),
    }
}

/// Returns an application's cost of its sessions: its cost minus that of the bare application.
fn framework(report: &Report, group: &str) -> String {
    let columns = report.columns(group);
    let main = if columns.contains(&USUAL) {
        USUAL
    } else {
        columns[0]
    };
    let empty = empty(report, group);
    let mut heads = vec![
        format!("{} B", whole(main as f64)),
        "whole".into(),
        "less bare".into(),
    ];
    heads.extend(empty.map(|empty| format!("less {empty}")));
    heads.extend(["ours costs", "allocations", "these less bare"].map(str::to_owned));
    heads.extend(empty.map(|empty| format!("these less {empty}")));

    let mut spreads = Spreads::default();
    let ours_costs = ours_beside(report, group, main);
    let rows = report.rows(group).into_iter().map(|who| {
        let whole = report.time(group, who, main);
        let less = |base: &str| {
            let less = whole.as_ref()?.less(&report.time(group, base, main)?);
            Some(time(less.median())).filter(|_| who != base && who != "bare")
        };
        let beside = is_peer(who) || who.contains("floor");
        let share = cost(report, group, who, main)
            .filter(|_| beside)
            .zip(ours_costs.as_ref());
        let share = share.map(|(peer, ours)| {
            let share = ours.ratio(&peer);
            spreads.add(who, "ours costs", &share);
            format!("**{}** of it", ratio(share.median()))
        });
        let count = report.allocations(group, who, main);
        let fewer = |base: &str| {
            Some(count? - report.allocations(group, base, main)?)
                .filter(|_| who != base && who != "bare")
        };
        let number = |count: Option<i64>| count.map(|count| crate::format::whole(count as f64));
        let mut row = vec![
            Some(who.to_owned()),
            whole.as_ref().map(|whole| time(whole.least())),
            less("bare"),
        ];
        row.extend(empty.map(less));
        row.extend([share, number(count), number(fewer("bare"))]);
        row.extend(empty.map(|empty| number(fewer(empty))));
        row.into_iter()
            .map(|cell| cell.unwrap_or(NONE.into()))
            .collect()
    });
    let rows: Vec<Vec<_>> = rows.collect();
    let mut text = table(&heads, &rows) + &spreads.text();
    if columns.len() > 1 {
        text += "\nLess bare, by what is in the session:\n\n";
        text += &by_size(report, group, &columns);
    }
    text
}

/// Returns our cost that a table's peers are compared with.
fn ours_beside(report: &Report, group: &str, column: usize) -> Option<Series> {
    let own = |group: &str| ours(report, group).and_then(|ours| cost(report, group, ours, column));
    match group.split_once(": ") {
        Some(("flask", action)) => flask_mode(report, action, column),
        // This repository's crates have no adapter for it.
        Some(("actix", action)) => own(&format!("axum: {action}")),
        _ => own(group),
    }
}

/// Returns the row that Flask is compared with.
pub fn flask_mode(report: &Report, action: &str, column: usize) -> Option<Series> {
    let group = if action == "read" {
        "core: open, get"
    } else {
        "core: open, update, close"
    };
    report.time(group, "ours, Flask mode", column)
}

fn by_size(report: &Report, group: &str, columns: &[usize]) -> String {
    let mut heads = vec!["less bare".to_owned()];
    heads.extend(columns.iter().map(|column| Columns::Bytes.head(*column)));
    let rows = report
        .rows(group)
        .into_iter()
        .filter(|who| *who != "bare")
        .map(|who| {
            let cells = columns.iter().map(|column| {
                cost(report, group, who, *column).map_or(NONE.into(), |cost| time(cost.median()))
            });
            [who.to_owned()].into_iter().chain(cells).collect()
        });
    table(&heads, &rows.collect::<Vec<_>>())
}

/// Returns the cost that a session adds to the bare application.
pub fn cost(report: &Report, group: &str, who: &str, column: usize) -> Option<Series> {
    Some(
        report
            .time(group, who, column)?
            .less(&report.time(group, "bare", column)?),
    )
}

/// Returns the spread of the rounds, over all ratios of a table.
#[derive(Default)]
struct Spreads(Vec<(f64, String)>);

impl Spreads {
    fn add(&mut self, who: &str, column: &str, ratios: &Series) {
        if ratios.0.len() < 2 {
            return;
        }
        let spread = (ratios.most() - ratios.least()) / ratios.median().abs();
        let most = range(ratios.least(), ratios.most(), ratio);
        self.0.push((spread, format!("{who}, {column}: {most}")));
    }

    fn text(&mut self) -> String {
        self.0.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let Some((_, worst)) = self.0.last() else {
            return String::new();
        };
        let usual = self.0[self.0.len() / 2].0;
        format!(
            "\nFrom the lowest round to the highest: usually {}; most for {worst}.\n",
            percent(usual)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Cell, tests::report};

    #[test]
    fn the_core_is_held_against_the_floor() {
        let report = report(&[
            (
                "core: open, get",
                "ours, signed",
                50,
                &[300.0, 360.0, 450.0],
            ),
            ("core: open, get", "floor", 50, &[200.0, 300.0, 300.0]),
            ("core: open, get", "floor", 98, &[250.0, 260.0, 270.0]),
        ]);
        let text = group(&report, "core: open, get");
        assert!(
            text.starts_with("### core: open, get\n\n| times floor | 50 B | 98 B |\n"),
            "{text}"
        );
        assert!(
            text.contains("| ours, signed | **1.50** (300 ns) | – |\n"),
            "{text}"
        );
        assert!(
            text.contains("| floor | 1 (200 ns) | 1 (250 ns) |\n"),
            "{text}"
        );
        assert!(
            text.ends_with("usually 20 %; most for ours, signed, 50 B: 1.20 to 1.50.\n"),
            "{text}"
        );
    }

    #[test]
    fn without_a_floor_the_first_row_is_it() {
        let report = report(&[
            ("core: refused", "good", 98, &[200.0]),
            ("core: refused", "cut", 98, &[50.0]),
        ]);
        assert!(group(&report, "core: refused").contains("| cut | **0.25** (50 ns) |"));
    }

    #[test]
    fn a_store_is_held_against_its_back_end() {
        let report = report(&[
            ("sqlite: read", "ours", 1, &[22_000.0]),
            ("sqlite: read", "raw", 1, &[2_000.0]),
            ("sqlite: read", "ours", 32, &[1_000.0]),
            ("sqlite: read", "raw", 32, &[2_000.0]),
        ]);
        let text = group(&report, "sqlite: read");
        assert!(
            text.contains("| times raw | 1 in flight | 32 in flight |"),
            "{text}"
        );
        let row =
            "| ours | **11.0** (raw + 20.0 µs, 22.0 µs) | **0.50** (raw − 1.00 µs, 1.00 µs) |";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn a_framework_s_own_cost_is_taken_off() {
        let mut report = report(&[
            ("axum: read", "bare", 98, &[500.0, 600.0]),
            ("axum: read", "empty Tower layer", 98, &[600.0, 700.0]),
            ("axum: read", "ours", 98, &[1_000.0, 1_100.0]),
            ("axum: read", "peer", 98, &[2_500.0, 2_600.0]),
            ("axum: read", "peer", 50, &[2_400.0, 2_400.0]),
            ("axum: read", "bare", 50, &[400.0, 400.0]),
        ]);
        report.allocations = [("bare", 17), ("empty Tower layer", 20), ("ours", 25)]
            .map(|(who, count)| Cell {
                group: "axum: read".into(),
                who: who.into(),
                column: 98,
                count,
            })
            .to_vec();
        let text = group(&report, "axum: read");
        for row in [
            "| 98 B | whole | less bare | less empty Tower layer | ours costs | allocations | these less bare | these less empty Tower layer |",
            "| bare | 500 ns | – | – | – | 17 | – | – |",
            "| ours | 1.00 µs | 500 ns | 400 ns | – | 25 | 8 | 5 |",
            "| peer | 2.50 µs | 2.00 µs | 1.90 µs | **0.25** of it | – | – | – |",
            "| peer | 2.00 µs | 2.00 µs |",
        ] {
            assert!(text.contains(row), "{row}\n{text}");
        }
    }
}
