//! The limits on the cost of a session, and whether they hold.

mod goal;

use crate::format::{ratio, whole};
use benches::payload::{SIZES, USUAL};

use crate::data::{Report, Series};
use crate::format::table;
pub use goal::{Goal, Outcome};
use goal::{Unit, allocations, at_least, at_most, worst};

use crate::tables::{cost, empty, flask_mode, is_peer, ours};

const READ: &str = "core: open, get";
const WRITE: &str = "core: open, update, close";
const LARGE: usize = SIZES[SIZES.len() - 1];

/// Returns every goal about the tables.
pub fn goals(report: &Report) -> Vec<Goal> {
    let mut goals = core(report);
    goals.extend(axum(report));
    goals.extend(others(report));
    goals.extend(flask(report));
    goals.extend(stores(report));
    goals.push(http(report));
    goals
}

fn times(report: &Report, group: &str, who: &str, base: &str, column: usize) -> Option<Series> {
    Some(
        report
            .time(group, who, column)?
            .ratio(&report.time(group, base, column)?),
    )
}

fn core(report: &Report) -> Vec<Goal> {
    let floor = |group, size| times(report, group, "ours, signed", "floor", size);
    let up_to =
        |sizes: &[usize], group| worst(sizes.iter().map(|size| floor(group, *size)).collect());
    let small: Vec<_> = SIZES.into_iter().filter(|size| *size < 200).collect();
    let large: Vec<_> = SIZES.into_iter().filter(|size| *size >= 200).collect();
    let count = |group| report.allocations(group, "ours, signed", USUAL);
    let growth = |group| {
        let first = floor(group, SIZES[0]);
        worst(
            SIZES[1..]
                .iter()
                .map(|size| Some(floor(group, *size)?.ratio(first.as_ref()?)))
                .collect(),
        )
    };
    let encrypted = |group, size| times(report, group, "ours, encrypted", "ours, signed", size);
    let forged = times(report, "core: refused", "forged", "good", USUAL);
    let mut goals = vec![
        at_most(
            format!("{READ}: times the floor, below 200 B"),
            1.5,
            Unit::Times,
            up_to(&small, READ),
        ),
        at_most(
            format!("{READ}: times the floor, from 200 B on"),
            1.3,
            Unit::Times,
            up_to(&large, READ),
        ),
        allocations(format!("{READ}: allocations"), 3, count(READ)),
        at_most(
            format!("{WRITE}: times the floor, {USUAL} B"),
            1.5,
            Unit::Times,
            up_to(&[USUAL], WRITE),
        ),
        allocations(format!("{WRITE}: allocations"), 6, count(WRITE)),
    ];
    for group in [READ, WRITE] {
        let what = format!(
            "{group}: times the floor, as a multiple of that at {} B, all sizes",
            SIZES[0]
        );
        goals.push(at_most(what, 1.0, Unit::Times, growth(group)));
    }
    for group in [READ, WRITE] {
        for (size, limit) in [(USUAL, 1.3), (LARGE, 1.0)] {
            let what = format!(
                "{group}: encrypted against signed, {} B",
                whole(size as f64)
            );
            goals.push(at_most(what, limit, Unit::Times, encrypted(group, size)));
        }
    }
    goals.push(at_most(
        "core: a forged cookie against a good one, one key",
        1.0,
        Unit::Times,
        forged,
    ));
    goals
}

/// Compares our cost with another row of the table, and the allocations.
fn own(report: &Report, group: &str, base: Option<&str>) -> (Option<Series>, Option<i64>) {
    let both = ours(report, group).zip(base);
    let less = both.and_then(|(ours, base)| {
        Some(
            report
                .time(group, ours, USUAL)?
                .less(&report.time(group, base, USUAL)?),
        )
    });
    let fewer = both.and_then(|(ours, base)| {
        Some(report.allocations(group, ours, USUAL)? - report.allocations(group, base, USUAL)?)
    });
    (less, fewer)
}

/// Returns the cheapest peer, in axum or in actix-web, with its name. The cost of its own bare
/// application is subtracted.
fn cheapest(report: &Report, action: &str) -> Option<(String, Series)> {
    let mut peers = Vec::new();
    for group in [format!("axum: {action}"), format!("actix: {action}")] {
        for who in report.rows(&group).into_iter().filter(|who| is_peer(who)) {
            peers.extend(cost(report, &group, who, USUAL).map(|cost| (who.to_owned(), cost)));
        }
    }
    peers
        .into_iter()
        .min_by(|(_, one), (_, other)| one.median().total_cmp(&other.median()))
}

fn axum(report: &Report) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (action, limit, most) in [
        ("untouched", 150.0, 3),
        ("read", 480.0, 6),
        ("write", 925.0, 9),
    ] {
        let group = format!("axum: {action}");
        let (own, count) = own(report, &group, empty(report, &group));
        goals.push(at_most(
            format!("{group}: time less an empty Tower layer's"),
            limit,
            Unit::Time,
            own,
        ));
        goals.push(allocations(
            format!("{group}: allocations less an empty Tower layer's"),
            most,
            count,
        ));
        if action == "untouched" {
            continue;
        }
        let ours = ours(report, &group).and_then(|ours| cost(report, &group, ours, USUAL));
        let peer = cheapest(report, action);
        let name = peer.as_ref().map_or("the cheapest peer", |(name, _)| name);
        let what = format!("{group}: against {name}, both less bare");
        let share = peer
            .as_ref()
            .zip(ours)
            .map(|((_, peer), ours)| ours.ratio(peer));
        goals.push(at_most(what, 0.35, Unit::Times, share));
    }
    goals
}

/// hyper's adapter is a service around another one: there the bare application is subtracted.
/// axum's and Rocket's adapters are in code that the framework calls for every request, so an empty
/// layer or fairing is subtracted.
fn others(report: &Report) -> Vec<Goal> {
    let mut goals = Vec::new();
    for framework in ["hyper", "rocket"] {
        for action in ["untouched", "read", "write"] {
            let (group, axum) = (format!("{framework}: {action}"), format!("axum: {action}"));
            let base = empty(report, &group).or(Some("bare"));
            let (own_cost, _) = own(report, &group, base);
            let (axum_cost, _) = own(report, &axum, empty(report, &axum));
            let share = own_cost.zip(axum_cost).map(|(own, axum)| own.ratio(&axum));
            let what = format!("{group}: the session's own cost, as a multiple of axum's");
            goals.push(at_most(what, 1.2, Unit::Times, share));
        }
    }
    goals
}

fn flask(report: &Report) -> [Goal; 2] {
    ["read", "write"].map(|action| {
        let theirs = cost(report, &format!("flask: {action}"), "Flask", USUAL);
        let times = theirs
            .zip(flask_mode(report, action, USUAL))
            .map(|(theirs, ours)| theirs.ratio(&ours));
        let what = format!("flask: {action}: times what our Flask mode costs, less bare");
        at_least(what, 100.0, Unit::Times, times)
    })
}

fn stores(report: &Report) -> Vec<Goal> {
    // The work of one request, that of the core and of the adapters' driver included.
    const OURS: &str = "ours, a request";
    let mut goals = Vec::new();
    for (group, limit) in [("sqlite: read", 20_000.0), ("sqlite: write", 40_000.0)] {
        let more = report
            .time(group, OURS, 1)
            .zip(report.time(group, "raw", 1));
        let more = more.map(|(ours, raw)| ours.less(&raw));
        goals.push(at_most(
            format!("{group}: less raw, one in flight"),
            limit,
            Unit::Time,
            more,
        ));
        let throughput = times(report, group, OURS, "raw", 32).map(|times| times.inverse());
        let what = format!("{group}: throughput as a share of raw's, 32 in flight");
        goals.push(at_least(what, 0.5, Unit::Times, throughput));
    }
    for flight in [1, 32] {
        let what = format!("redis: read: times raw, {flight} in flight");
        goals.push(at_most(
            what,
            1.3,
            Unit::Times,
            times(report, "redis: read", OURS, "raw", flight),
        ));
    }
    goals
}

fn http(report: &Report) -> Goal {
    let reads = || {
        report
            .http
            .iter()
            .filter(|row| row.framework == "axum" && row.route == "/read")
    };
    let ours = reads().find(|row| row.who == "ours").map(|row| row.ratio);
    let peers = reads().filter(|row| is_peer(&row.who));
    let best = peers.max_by(|one, other| one.ratio.total_cmp(&other.ratio));
    let outcome = ours.map(|ours| Outcome {
        measured: best.map_or(ratio(ours), |best| {
            format!("{} ({}: {})", ratio(ours), best.who, ratio(best.ratio))
        }),
        holds: ours >= 0.95,
        rounds: None,
    });
    let what =
        "axum over loopback HTTP: read: requests a second as a share of bare's (the best peer)"
            .into();
    Goal {
        what,
        goal: "at least 0.95".into(),
        outcome,
    }
}

/// Formats all goals as a table.
pub fn text(goals: &[Goal]) -> String {
    let heads = [
        "",
        "goal",
        "measured (lowest round to highest)",
        "holds",
        "rounds",
    ]
    .map(str::to_owned);
    let rows = goals.iter().map(
        |Goal {
             what,
             goal,
             outcome,
         }| {
            let (measured, holds, rounds) = match outcome {
                None => ("not measured".to_owned(), "–", String::new()),
                Some(outcome) => {
                    let rounds = outcome
                        .rounds
                        .map_or(String::new(), |(held, all)| format!("{held} of {all}"));
                    (
                        outcome.measured.clone(),
                        if outcome.holds { "yes" } else { "**no**" },
                        rounds,
                    )
                }
            };
            vec![
                what.clone(),
                goal.clone(),
                measured,
                holds.to_owned(),
                rounds,
            ]
        },
    );
    table(&heads, &rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Cell, tests::report};
    use crate::http::Http;

    fn found<'a>(goals: &'a [Goal], what: &str) -> &'a Goal {
        let found: Vec<_> = goals
            .iter()
            .filter(|goal| goal.what.contains(what))
            .collect();
        assert_eq!(found.len(), 1, "{what}");
        found[0]
    }

    fn outcome(goals: &[Goal], what: &str) -> (String, bool, Option<(usize, usize)>) {
        let outcome = found(goals, what).outcome.as_ref().unwrap();
        (outcome.measured.clone(), outcome.holds, outcome.rounds)
    }

    #[test]
    fn nothing_measured() {
        let goals = goals(&Report::default());
        assert!(goals.iter().all(|goal| goal.outcome.is_none()));
        assert!(
            text(&goals)
                .contains("| core: open, get: allocations | at most 3 | not measured | – |  |\n")
        );
    }

    #[test]
    fn the_worst_size_decides() {
        let mut cells: Vec<(&str, &str, usize, &[f64])> = Vec::new();
        for size in SIZES {
            let ours: &[f64] = if size == 1_000 {
                &[140.0, 125.0, 150.0]
            } else {
                &[120.0, 120.0, 120.0]
            };
            cells.extend([
                (READ, "ours, signed", size, ours),
                (READ, "floor", size, &[100.0, 100.0, 100.0]),
            ]);
        }
        let mut report = report(&cells);
        let count = Cell {
            group: READ.into(),
            who: "ours, signed".into(),
            column: USUAL,
            count: 4,
        };
        report.allocations.push(count);
        let goals = goals(&report);
        assert_eq!(
            outcome(&goals, "below 200 B"),
            ("1.20".into(), true, Some((3, 3)))
        );
        assert_eq!(
            outcome(&goals, "from 200 B on"),
            ("1.40 (1.25 to 1.50)".into(), false, Some((1, 3)))
        );
        assert_eq!(
            outcome(&goals, "open, get: times the floor, as a multiple"),
            ("1.17 (1.04 to 1.25)".into(), false, Some((0, 3)))
        );
        let row = "| core: open, get: allocations | at most 3 | 4 | **no** |  |\n";
        assert!(text(&goals).contains(row), "{}", text(&goals));
    }

    #[test]
    fn frameworks_are_held_against_their_bare_selves() {
        let goals = goals(&report(&[
            ("axum: read", "bare", 98, &[500.0, 600.0]),
            ("axum: read", "empty Tower layer", 98, &[600.0, 700.0]),
            ("axum: read", "ours", 98, &[1_000.0, 1_200.0]),
            ("axum: read", "dear", 98, &[9_500.0, 9_600.0]),
            ("axum: read", "floor, by hand", 98, &[700.0, 800.0]),
            ("axum: read", "ours, by hand", 98, &[900.0, 1_100.0]),
            ("actix: read", "bare", 98, &[1_000.0, 1_000.0]),
            ("actix: read", "actix-session", 98, &[3_000.0, 3_000.0]),
            ("rocket: read", "bare", 98, &[1_000.0, 1_000.0]),
            ("rocket: read", "an empty fairing", 98, &[1_100.0, 1_100.0]),
            ("rocket: read", "ours", 98, &[1_500.0, 1_850.0]),
            ("hyper: read", "bare", 98, &[100.0, 100.0]),
            ("hyper: read", "ours", 98, &[300.0, 350.0]),
        ]));
        let own = outcome(&goals, "axum: read: time less");
        assert_eq!(
            own,
            ("450 ns (400 ns to 500 ns)".into(), true, Some((1, 2)))
        );
        let share = outcome(&goals, "axum: read: against actix-session, both less bare");
        assert_eq!(share, ("0.28 (0.25 to 0.30)".into(), true, Some((2, 2))));
        assert_eq!(
            outcome(&goals, "rocket: read"),
            ("1.25 (1.00 to 1.50)".into(), false, Some((1, 2)))
        );
        assert_eq!(
            outcome(&goals, "hyper: read"),
            ("0.50".into(), true, Some((2, 2)))
        );
        assert!(found(&goals, "hyper: write").outcome.is_none());
    }

    #[test]
    fn stores_are_held_against_their_back_ends() {
        let goals = goals(&report(&[
            ("sqlite: write", "raw", 1, &[10_000.0]),
            ("sqlite: write", "ours, a request", 1, &[45_000.0]),
            ("sqlite: write", "raw", 32, &[10_000.0]),
            ("sqlite: write", "ours, a request", 32, &[25_000.0]),
            ("redis: read", "raw", 1, &[50_000.0]),
            ("redis: read", "ours, a request", 1, &[60_000.0]),
        ]));
        assert_eq!(
            outcome(&goals, "sqlite: write: less raw"),
            ("35.0 µs".into(), true, Some((1, 1)))
        );
        assert_eq!(
            outcome(&goals, "sqlite: write: throughput"),
            ("0.40".into(), false, Some((0, 1)))
        );
        assert_eq!(
            outcome(&goals, "redis: read: times raw, 1 in"),
            ("1.20".into(), true, Some((1, 1)))
        );
    }

    #[test]
    fn flask_is_held_against_our_flask_mode() {
        let goals = goals(&report(&[
            ("flask: write", "bare", 98, &[20_000.0]),
            ("flask: write", "Flask", 98, &[140_000.0]),
            (WRITE, "ours, Flask mode", 98, &[1_000.0]),
        ]));
        assert_eq!(
            outcome(&goals, "flask: write"),
            ("120".into(), true, Some((1, 1)))
        );
    }

    #[test]
    fn whole_servers_are_held_against_the_bare_one() {
        let row = |who: &str, ratio| Http {
            framework: "axum".into(),
            who: who.into(),
            route: "/read".into(),
            requests: 1.0,
            ratio,
            busy_ratio: ratio,
        };
        let http = vec![
            row("bare", 1.0),
            row("ours", 0.94),
            row("slow", 0.5),
            row("quick", 0.8),
            row("floor, by hand", 0.9),
        ];
        let goals = goals(&Report {
            http,
            ..Report::default()
        });
        assert_eq!(
            outcome(&goals, "loopback"),
            ("0.94 (quick: 0.80)".into(), false, None)
        );
    }
}
