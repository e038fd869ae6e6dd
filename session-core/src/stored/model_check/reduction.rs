//! Partial-order reduction leaves out no outcome: each family is explored with and without it, and
//! both must end in the same set of states.

use std::collections::BTreeSet;

use crate::stored::model::Slot;
use crate::stored::model_check::bounds::{
    ALL_DUE, ALL_ON, ANONYMOUS, CAP, DUE, MORE, OLD, OWNED, PLAIN, RENEW,
};
use crate::stored::model_check::check::{new_cookie, read};
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::families::{groups, long};
use crate::stored::model_check::initial_state::prepare;
use crate::stored::model_check::scenario::*;
use crate::stored::model_check::server::Server;
use crate::stored::model_check::state::State;

/// Returns the final state, without the names that depend on the order of the random draws.
fn outcome(state: &State<'_>) -> String {
    let records = state.store.slots.iter().map(|(key, slot)| match slot {
        Slot::Dead { expires } => format!("dead until {expires}"),
        Slot::Live { record, .. } => {
            let body = read(record).unwrap();
            let (map, flashes) = body.data.split_once(",[[").unwrap_or((&body.data, ""));
            let flashes = flashes.matches("info").count();
            let noted: Vec<_> = state
                .store
                .index
                .values()
                .map(|noted| noted.contains_key(key))
                .collect();
            let (user, times) = (
                &record.user,
                (
                    record.created,
                    record.expires,
                    body.previous_verifier.is_some(),
                ),
            );
            format!("{map} {flashes} {user:?} {noted:?} {times:?}")
        }
    });
    let mut all: Vec<_> = records.collect();
    all.sort();
    all.extend(
        state
            .requests
            .iter()
            .map(|request| match &request.response {
                Some(response) if !request.failed => {
                    let sends_id = new_cookie(request).is_some();
                    format!(
                        "{:?} {:?} {:?} {sends_id}",
                        request.cookie_state, response.result, response.gone
                    )
                }
                // The store did not reply to it, or it crashed.
                _ => "unknown".to_owned(),
            }),
    );
    all.join("; ")
}

fn outcomes(scenario: &Scenario) -> (BTreeSet<String>, u64) {
    let server = Server::new(scenario.config);
    let start = prepare(&server, scenario);
    let (mut all, mut schedules) = (BTreeSet::new(), 0);
    let mut chooser = Chooser::exhaustive();
    loop {
        let mut state = State::new(&server, scenario, &start, None, &mut chooser);
        if state.explore_schedule().unwrap() {
            all.insert(outcome(&state));
            schedules += 1;
        }
        if !chooser.next() {
            return (all, schedules);
        }
    }
}

#[test]
fn nothing_else_comes_of_what_is_left_out() {
    let groups = match long() {
        true => groups(&MORE, 2),
        false => {
            let logins = [READ, CLEAR].map(|plan| vec![plan, LOGIN_INSERT]);
            groups(&[READ, ADD, CLEAR], 2)
                .into_iter()
                .chain(logins)
                .collect()
        }
    };
    let (mut explored, mut of) = (0, 0);
    for (config, priors, faults, env_events) in [
        (PLAIN, ANONYMOUS, 1, &[][..]),
        (RENEW, DUE, 1, &[]),
        (CAP, OWNED, 0, &[]),
        (
            ALL_ON,
            ALL_DUE,
            0,
            &[EnvEvent::Clock(100), EnvEvent::DeleteExpired(1001)],
        ),
        (ALL_ON, OLD, 0, &[EnvEvent::Clock(59), EnvEvent::Clock(-60)]),
    ] {
        for plans in &groups {
            let scenario = Scenario::new(config, priors, plans)
                .faults(faults)
                .env_events(env_events, 1);
            let (reduced, some) = outcomes(&scenario);
            let (without_reduction, all) = outcomes(&Scenario {
                without_reduction: true,
                ..scenario
            });
            let lacks: Vec<_> = without_reduction.difference(&reduced).collect();
            assert!(
                lacks.is_empty(),
                "{} | {}: {lacks:#?}",
                plans[0].name,
                plans[1].name
            );
            (explored, of) = (explored + some, of + all);
        }
    }
    println!("explored {explored} schedules of {of}: no outcome is left out");
    assert!(explored < of);
}
