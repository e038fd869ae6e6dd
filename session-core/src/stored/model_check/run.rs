//! One schedule, from its beginning to its end.

use crate::record_key::RecordKey;
use std::collections::BTreeMap;

use crate::record::store::*;
use crate::stored::model::ModelStore;
use crate::stored::model_check::check;
use crate::stored::model_check::check::{Violation, demand};
use crate::stored::model_check::choose::Chooser;
use crate::stored::model_check::cookies::Cookie;
use crate::stored::model_check::history::Life;
use crate::stored::model_check::mutate::Mutation;
use crate::stored::model_check::next::Last;
use crate::stored::model_check::plan::Scenario;
use crate::stored::model_check::request::Request;
use crate::stored::model_check::server::{START, Server};
use crate::stored::model_check::start::Start;

/// A question of a close, on its way or past it.
pub(super) struct Sent {
    pub(super) by: usize,
    pub(super) question: StoreRequest,
    pub(super) executed: usize,
    /// Its request still waits for the answer.
    pub(super) waited_for: bool,
    /// So many seconds had passed.
    pub(super) at: u64,
}

pub(super) struct World<'a> {
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
    pub(super) effects: usize,
    pub(super) faults: usize,
    pub(super) ticks: usize,
    pub(super) last: Last,
    /// Nothing but handlers since the last tick.
    pub(super) handling: bool,
    pub(super) lines: Option<Vec<String>>,
}

impl<'a> World<'a> {
    pub(super) fn new(
        server: &'a Server,
        scenario: &'a Scenario,
        start: &Start,
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
            effects: 0,
            faults: 0,
            ticks: 0,
            last: Last::default(),
            handling: false,
            lines: None,
        }
    }

    /// To the end: all requests have ended, and nothing is left that could still change the store. Whether that is so, or
    /// it turned out that this is another schedule in another order.
    pub(super) fn go(&mut self) -> Result<bool, Violation> {
        loop {
            let ended = self.requests.iter().all(Request::has_ended);
            if ended {
                check::when_quiet(self)?;
            }
            let (options, left_out) = self.options();
            if options.is_empty() {
                demand(ended || left_out, "I15", || {
                    "a request never ends".to_owned()
                })?;
                if ended {
                    check::at_the_end(self)?;
                }
                return Ok(ended);
            }
            let action = options[self.chooser.choose(options.len())];
            self.act(action)?;
        }
    }

    pub(super) fn tell(&mut self, line: impl FnOnce(&Self) -> String) {
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
