//! A schedule that breaks an invariant, made as simple as possible for its reader.

use std::fmt;

use crate::stored::model_check::check::Violation;
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::faulty::Mutation;
use crate::stored::model_check::initial_state::prepare;
use crate::stored::model_check::run_schedule;
use crate::stored::model_check::scenario::{Plan, Scenario};
use crate::stored::model_check::server::Server;

pub(super) struct Counterexample {
    pub(super) scenario: Scenario,
    pub(super) violation: Violation,
    /// The trace: what happened, line by line.
    pub(super) lines: Vec<String>,
    /// How many schedules were explored before it was found.
    pub(super) schedules: u64,
}

/// How many schedules are tried for each simpler scenario.
const TRIED: usize = 3000;

impl Counterexample {
    /// Returns one with as few requests, environment events, faults and lines as a short search
    /// finds.
    pub(super) fn simplest(self, mutation: Option<Mutation>) -> Self {
        let Scenario {
            plans,
            max_env_events,
            faults,
            ..
        } = &self.scenario;
        let of = |subset: usize| {
            plans
                .iter()
                .enumerate()
                .filter(move |(at, _)| subset & (1 << at) != 0)
        };
        let subsets = 1_usize..1 << plans.len();
        let mut subsets: Vec<Vec<Plan>> = subsets
            .map(|s| of(s).map(|(_, plan)| *plan).collect())
            .collect();
        subsets.sort_by_key(Vec::len);
        for plans in subsets {
            for max_env_events in 0..=*max_env_events {
                for faults in 0..=*faults {
                    let plans = plans.clone();
                    let scenario = Scenario {
                        plans,
                        max_env_events,
                        faults,
                        ..self.scenario.clone()
                    };
                    if let Some(shortest) = shortest(&scenario, mutation) {
                        return Self {
                            schedules: self.schedules,
                            ..shortest
                        };
                    }
                }
            }
        }
        self
    }
}

/// Returns the shortest counterexample of those that a short search finds.
fn shortest(scenario: &Scenario, mutation: Option<Mutation>) -> Option<Counterexample> {
    let server = Server::new(scenario.config);
    let start = prepare(&server, scenario);
    let mut chooser = Chooser::exhaustive();
    let mut shortest: Option<Counterexample> = None;
    for _ in 0..TRIED {
        if let (Err(violation), lines) =
            run_schedule(&server, scenario, &start, mutation, &mut chooser, true)
            && shortest
                .as_ref()
                .is_none_or(|shortest| lines.len() < shortest.lines.len())
        {
            shortest = Some(Counterexample {
                scenario: scenario.clone(),
                violation,
                lines,
                schedules: 0,
            });
        }
        if !chooser.next() {
            break;
        }
    }
    shortest
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenario {
            config,
            priors,
            plans,
            ..
        } = &self.scenario;
        let plans: Vec<_> = plans.iter().map(|plan| plan.name).collect();
        writeln!(f, "{} violated: {}", self.violation.id, self.violation.what)?;
        writeln!(
            f,
            "requests: {}; before: {priors:?}; {config:?}",
            plans.join(" | ")
        )?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
