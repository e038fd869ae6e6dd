//! The initial state of a schedule: what a few undisturbed requests left.

use std::collections::BTreeMap;

use crate::record::body::Body;
use crate::record_key::RecordKey;
use crate::stored::model::{ModelStore, Slot};
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::cookies::Cookie;
use crate::stored::model_check::history::Life;
use crate::stored::model_check::scenario::{Carries, INSERT, Op, Plan, Prior, READ, Scenario};
use crate::stored::model_check::server::{Drawn, START, Server};
use crate::stored::model_check::state::State;

#[derive(Clone)]
pub(super) struct InitialState {
    pub(super) store: ModelStore,
    pub(super) history: BTreeMap<RecordKey, Life>,
    pub(super) cookies: Vec<Cookie>,
    pub(super) drawn: Drawn,
    pub(super) now: u64,
}

const BEGIN: &[Op] = &[Op::Insert, Op::Flash];
const LOGIN: &[Op] = &[Op::Insert, Op::Flash, Op::Login("ada")];

/// Runs the scenario's earlier requests, one after the other.
pub(super) fn prepare(server: &Server, scenario: &Scenario) -> InitialState {
    let empty = InitialState {
        store: ModelStore::default(),
        history: BTreeMap::new(),
        cookies: Vec::new(),
        drawn: Drawn::default(),
        now: START,
    };
    let plan = |ops: &'static [Op]| Plan {
        name: "before",
        ops,
        carries: Carries::Nothing,
    };
    scenario.priors.iter().fold(empty, |mut start, prior| {
        let plan = match prior {
            Prior::Wait(seconds) => {
                start.now += seconds;
                return start;
            }
            Prior::Begin => plan(BEGIN),
            Prior::Login => plan(LOGIN),
            Prior::Read => READ,
            Prior::Write => INSERT,
        };
        let alone = Scenario::new(scenario.config, &[], &[plan]);
        let mut first = Chooser::exhaustive();
        let mut state = State::new(server, &alone, &start, None, &mut first);
        state.explore_schedule().unwrap();
        let State {
            store,
            history,
            cookies,
            now,
            ..
        } = state;
        let mut start = InitialState {
            store,
            history,
            cookies,
            drawn: server.draws.drawn().clone(),
            now,
        };
        start.settle();
        start
    })
}

impl InitialState {
    /// Writes the content with which all schedules begin. It contains the word "old", and texts
    /// that the core would not write itself.
    fn settle(&mut self) {
        self.drawn.mark_as_earlier();
        for (key, life) in &mut self.history {
            let old = [
                ("a", r#""old""#),
                ("keep", r#"[1.50, "\u006fld-\u00e9" , 1E+2]"#),
                ("list", r#"["old"]"#),
                ("n", "5"),
            ];
            life.content.keys = old
                .map(|(key, text)| (key.to_owned(), text.to_owned()))
                .into();
            life.content
                .flashes
                .iter_mut()
                .for_each(|(_, message)| *message = "old".into());
            life.base = life.content.clone();
            life.writers.clear();
            if let Some(Slot::Live { record, .. }) = self.store.slots.get_mut(key) {
                let body = Body::decode(&record.body).unwrap();
                record.body = Body {
                    data: life.content.text().into(),
                    ..body
                }
                .encode()
                .into();
            }
        }
    }
}
