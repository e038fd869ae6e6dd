//! The state of a schedule, and its exploration to the end.

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

/// A request to the store that a close has sent, on its way or executed.
pub(super) struct Sent {
    pub(super) by: usize,
    pub(super) store_request: StoreRequest,
    pub(super) executed: usize,
    /// The close still waits for the reply.
    pub(super) waited_for: bool,
    /// The seconds that had passed when it was sent.
    pub(super) at: u64,
}

pub(super) struct State<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) server: &'a Server,
    pub(super) mutation: Option<Mutation>,
    pub(super) chooser: &'a mut Chooser,
    pub(super) store: ModelStore,
    pub(super) history: BTreeMap<RecordKey, Life>,
    /// All cookies that were ever sent.
    pub(super) cookies: Vec<Cookie>,
    /// The number of cookies that were sent before the schedule began.
    pub(super) known: usize,
    pub(super) requests: Vec<Request>,
    pub(super) sent: Vec<Sent>,
    pub(super) now: u64,
    /// The seconds by which the clock has moved forward, and back.
    pub(super) passed: u64,
    pub(super) set_back: u64,
    pub(super) swapped: bool,
    /// The number of changes in the store.
    pub(super) store_changes: usize,
    pub(super) faults: usize,
    pub(super) env_events: usize,
    pub(super) last: Last,
    /// Whether only handlers have run since the last environment event.
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

    /// Takes transitions until none is enabled: all requests have ended, and nothing can change the
    /// store any more. Returns whether it came so far; `false` if the partial-order reduction
    /// showed that this schedule is another one in another order.
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
