//! One schedule, from its beginning to its end.

use crate::record_key::RecordKey;
use std::collections::BTreeMap;

use crate::record::store::*;
use crate::stored::model::ModelStore;
use crate::stored::model_check::check;
use crate::stored::model_check::check::{Violation, ensure};
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::cookies::Cookie;
use crate::stored::model_check::faulty::Mutation;
use crate::stored::model_check::history::Life;
use crate::stored::model_check::initial_state::InitialState;
use crate::stored::model_check::request::Request;
use crate::stored::model_check::scenario::Scenario;
use crate::stored::model_check::server::{START, Server};
use crate::stored::model_check::transitions::Last;

/// A store_request of a close, on its way or past it.
pub(super) struct Sent {
    pub(super) by: usize,
    pub(super) store_request: StoreRequest,
    pub(super) executed: usize,
    /// Its request still waits for the reply.
    pub(super) waited_for: bool,
    /// So many seconds had passed.
    pub(super) at: u64,
}

pub(super) struct State<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) server: &'a Server,
    pub(super) mutation: Option<Mutation>,
    pub(super) chooser: &'a mut Chooser,
    pub(super) store: ModelStore,
    pub(super) history: BTreeMap<RecordKey, Life>,
    /// All that were ever sent.
    pub(super) cookies: Vec<Cookie>,
    /// How many of them were there before.
    pub(super) known: usize,
    pub(super) requests: Vec<Request>,
    pub(super) sent: Vec<Sent>,
    pub(super) now: u64,
    /// Seconds that the clock went on, and back.
    pub(super) passed: u64,
    pub(super) set_back: u64,
    pub(super) swapped: bool,
    /// How often the store changed.
    pub(super) store_changes: usize,
    pub(super) faults: usize,
    pub(super) env_events: usize,
    pub(super) last: Last,
    /// Nothing but handlers since the last env_event.
    pub(super) handling: bool,
    pub(super) lines: Option<Vec<String>>,
}

impl<'a> State<'a> {
    pub(super) fn new(
        server: &'a Server,
        scenario: &'a Scenario,
        start: &InitialState,
        mutation: Option<Mutation>,
        chooser: &'a mut Chooser,
    ) -> Self {
        server.time.set(start.now);
        *server.draws.drawn() = start.drawn.clone();
        Self {
            scenario,
            server,
            mutation,
            chooser,
            store: start.store.clone(),
            history: start.history.clone(),
            cookies: start.cookies.clone(),
            known: start.cookies.len(),
            requests: scenario
                .plans
                .iter()
                .map(|plan| Request::new(*plan))
                .collect(),
            sent: Vec::new(),
            now: start.now,
            passed: 0,
            set_back: 0,
            swapped: false,
            store_changes: 0,
            faults: 0,
            env_events: 0,
            last: Last::default(),
            handling: false,
            lines: None,
        }
    }

    /// To the end: all requests have ended, and nothing is left that could still change the store. Whether that is so, or
    /// it turned out that this is another schedule in another order.
    pub(super) fn explore_schedule(&mut self) -> Result<bool, Violation> {
        loop {
            let ended = self.requests.iter().all(Request::has_ended);
            if ended {
                check::when_quiet(self)?;
            }
            let (options, left_out) = self.enabled_transitions();
            if options.is_empty() {
                ensure(ended || left_out, "I15", || {
                    "a request never ends".to_owned()
                })?;
                if ended {
                    check::at_the_end(self)?;
                }
                return Ok(ended);
            }
            let transition = options[self.chooser.choose(options.len())];
            self.perform(transition)?;
        }
    }

    pub(super) fn trace(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.lines.is_some() {
            let line = format!(
                "{:>6} s  {}",
                self.now.cast_signed() - START.cast_signed(),
                line(self)
            );
            self.lines
                .iter_mut()
                .for_each(|lines| lines.push(line.clone()));
        }
    }
}
