//! The scenarios that are explored, in families. Their bounds are low by default, so that all tests
//! together take about a minute; `SESSION_MODEL_CHECK=long` raises them.

use crate::stored::model_check::bounds::*;
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::explore;
use crate::stored::model_check::scenario::*;

pub(super) fn long() -> bool {
    std::env::var("SESSION_MODEL_CHECK").is_ok_and(|how| how == "long")
}

/// Returns every choice of `size` plans, with repetition.
pub(super) fn groups(plans: &[Plan], size: usize) -> Vec<Vec<Plan>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let beginning_with = |(at, plan): (usize, &Plan)| {
        let rest = groups(&plans[at..], size - 1).into_iter();
        let plan = *plan;
        rest.map(move |rest| [vec![plan], rest].concat())
            .collect::<Vec<_>>()
    };
    plans.iter().enumerate().flat_map(beginning_with).collect()
}

fn of(config: Config, priors: &'static [Prior], plans: &[Plan], size: usize) -> Vec<Scenario> {
    groups(plans, size)
        .iter()
        .map(|plans| Scenario::new(config, priors, plans))
        .collect()
}

fn with_faults(scenarios: Vec<Scenario>, faults: usize) -> Vec<Scenario> {
    scenarios
        .into_iter()
        .map(|scenario| scenario.faults(faults))
        .collect()
}

fn with_env_events(
    scenarios: Vec<Scenario>,
    env_events: &'static [EnvEvent],
    most: usize,
) -> Vec<Scenario> {
    scenarios
        .into_iter()
        .map(|scenario| scenario.env_events(env_events, most))
        .collect()
}

/// Explores all schedules of the scenarios, and prints how many there were. There must be at least
/// `least`, so that a model checker that skips schedules fails.
fn explore_all(name: &str, least: u64, scenarios: Vec<Scenario>) {
    let began = std::time::Instant::now();
    let mut schedules = 0;
    for scenario in &scenarios {
        match explore(scenario, None, Chooser::exhaustive(), u64::MAX) {
            Ok(explored) => schedules += explored,
            Err(counterexample) => panic!("{}", counterexample.simplest(None)),
        }
    }
    let (scenarios, seconds) = (scenarios.len(), began.elapsed().as_secs_f32());
    println!(
        "explored {schedules} schedules of {scenarios} scenarios, {name}: 0 violations ({seconds:.1} s)"
    );
    assert!(
        schedules >= least,
        "{schedules} schedules of {name} were explored, and there are at least {least}"
    );
}

#[test]
fn pairs_of_all_operations_with_a_fault() {
    let faults = if long() { 2 } else { 1 };
    let name = format!("all pairs, at most {faults} faults");
    explore_all(
        &format!("{name}, no user logged in"),
        17_000,
        with_faults(of(PLAIN, ANONYMOUS, &ALL, 2), faults),
    );
    explore_all(
        &format!("{name}, logged in"),
        26_000,
        with_faults(of(PLAIN, OWNED, &ALL, 2), faults),
    );
}

#[test]
fn pairs_of_all_operations_when_a_renewal_is_due() {
    let faults = if long() { 2 } else { 1 };
    explore_all(
        "all pairs, a renewal is due",
        19_000,
        with_faults(of(RENEW, DUE, &ALL, 2), faults),
    );
    explore_all(
        "pairs in an old session",
        11_000,
        with_faults(of(RENEW, LONG_LIVED, &FEW, 2), faults),
    );
    explore_all(
        "all pairs, after a renewal",
        8_000,
        with_faults(of(RENEW, RENEWED, &ALL, 2), faults - 1),
    );
}

#[test]
fn pairs_of_all_operations_with_one_session_for_each_user() {
    let faults = if long() { 1 } else { 0 };
    explore_all(
        "all pairs, one session for each user",
        12_000,
        with_faults(of(CAP, OWNED_DUE, &ALL, 2), faults),
    );
}

#[test]
fn triples() {
    if !long() {
        explore_all("triples", 9_000, of(PLAIN, ANONYMOUS, &FEW, 3));
        return explore_all(
            "triples when a renewal is due",
            11_000,
            of(RENEW, DUE, &FEW, 3),
        );
    }
    explore_all("triples", 9_000, of(PLAIN, ANONYMOUS, &MORE, 3));
    explore_all("triples, logged in", 9_000, of(PLAIN, OWNED, &MORE, 3));
    explore_all(
        "triples when a renewal is due",
        9_000,
        of(RENEW, DUE, &MORE, 3),
    );
    explore_all(
        "triples after a renewal",
        9_000,
        of(RENEW, RENEWED, &FEW, 3),
    );
    explore_all(
        "triples, one session for each user",
        9_000,
        of(CAP, OWNED, &FEW, 3),
    );
    explore_all(
        "triples, at most 2 faults",
        9_000,
        with_faults(of(PLAIN, ANONYMOUS, &FEW, 3), 2),
    );
}

#[test]
fn clock_steps() {
    // There are many more schedules where a request can carry two cookies.
    let (few, fewer) = ([RENEW_ID, CLEAR, LOGIN_INSERT], [READ, RENEW_ID, CLEAR]);
    for (name, priors, plans) in [
        ("logged in", OWNED, few),
        ("a renewal is due", ALL_DUE, few),
        ("after a renewal", ALL_RENEWED, fewer),
        ("old", OLD, few),
    ] {
        let name = format!("pairs and a step of the clock, {name}");
        if !long() {
            explore_all(
                &name,
                4_000,
                with_env_events(of(ALL_ON, priors, &plans, 2), STEPS, 1),
            );
            continue;
        }
        explore_all(
            &name,
            300_000,
            with_env_events(of(ALL_ON, priors, &ALL, 2), STEPS, 1),
        );
        let twice = with_env_events(of(ALL_ON, priors, &FEW, 2), STEPS, 2);
        explore_all(&format!("{name}, and another"), 300_000, twice);
    }
}

#[test]
fn reused_ids() {
    let plans = [READ, ADD, RENEW_ID, LOGIN_INSERT, CLEAR];
    for (name, config) in [
        ("the session", END_SESSION),
        ("all of its user's", END_USER),
    ] {
        let name = format!("pairs where a reused id ends {name}");
        explore_all(&name, 1_000, with_faults(of(config, REUSED, &plans, 2), 1));
    }
}

#[test]
fn swapped_keys() {
    let plans: &[Plan] = if long() { &ALL } else { &FEW };
    explore_all(
        "pairs and new keys",
        500,
        with_env_events(of(RENEW, DUE, plans, 2), &[EnvEvent::SwapKeys], 1),
    );
}

/// Three requests of all kinds, with all faults and environment events, by chance.
#[test]
fn by_chance() {
    let (seeds, each, mut schedules) = if long() {
        (20_000, 300, 0)
    } else {
        (400, 50, 0)
    };
    for seed in 0..seeds {
        let mut chance = Chooser::random(seed);
        let mut either = || chance.choose(2) == 1;
        let config = Config {
            renew: either(),
            cap: either(),
            absolute: either().then_some(1500),
            conflict: either(),
            ..PLAIN
        };
        let mut one_of = |from: usize| chance.choose(from);
        let priors = [ANONYMOUS, OWNED, OWNED_DUE, ALL_DUE, ALL_RENEWED, OLD][one_of(6)];
        let plans = [(); 3].map(|()| ALL[one_of(ALL.len())]);
        let scenario = Scenario::new(config, priors, &plans).faults(one_of(4));
        let scenario = match one_of(3) {
            0 => scenario,
            1 => scenario.env_events(STEPS, 1 + one_of(3)),
            _ => scenario.env_events(
                &[
                    EnvEvent::SwapKeys,
                    EnvEvent::Clock(61),
                    EnvEvent::Clock(100),
                ],
                1 + one_of(3),
            ),
        };
        match explore(&scenario, None, Chooser::random(seed), each) {
            Ok(explored) => schedules += explored,
            Err(counterexample) => panic!("{}", counterexample.simplest(None)),
        }
    }
    println!(
        "explored {schedules} schedules of {seeds} scenarios, three requests by chance: 0 violations"
    );
    assert_eq!(schedules, seeds * each);
}
