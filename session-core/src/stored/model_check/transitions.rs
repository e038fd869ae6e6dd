//! What may happen next. Most of what could is left out here, because it is another schedule in another order.

use crate::record::store::*;
use crate::stored::model_check::request::Stage;
use crate::stored::model_check::scenario::{Carries, EnvEvent};
use crate::stored::model_check::state::{Sent, State};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    /// A request goes on: its store_request is executed, and the reply leads to the next one.
    Advance(usize),
    /// Its store_request is executed, the reply is lost, and the driver asks again.
    LoseReply(usize),
    /// Its deadline passes: it is told that no reply came.
    Deadline(usize),
    /// It is never heard of again.
    Crash(usize),
    /// A store_request that nobody waits for any more is executed, by its number.
    ExecuteLate(usize),
    Environment(EnvEvent),
}

/// What happened last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    /// The request that did it.
    pub(super) agent: Option<usize>,
    /// Others could tell that it happened.
    pub(super) shows: bool,
    /// A env_event that nobody has noticed yet.
    pub(super) env_event: Option<EnvEvent>,
}

impl State<'_> {
    /// What may, and whether something was left out.
    pub(super) fn enabled_transitions(&self) -> (Vec<Transition>, bool) {
        let (mut options, mut left_out) = (Vec::new(), false);
        let (all, fault) = (
            self.scenario.without_reduction,
            self.faults < self.scenario.faults,
        );
        // A env_event is seen by who looks at the clock or at the key ring; for all others it comes later.
        let env_event = self.last.env_event.filter(|_| !all);
        for (number, request) in self.requests.iter().enumerate() {
            let just_asked = self.last.agent == Some(number) || self.handling || all;
            let goes = match &request.stage {
                Stage::Ended => continue,
                Stage::Opened(_) => just_asked && env_event != Some(EnvEvent::SwapKeys),
                Stage::Waiting => true,
                _ => env_event.is_none(),
            };
            match goes && !all && self.comes_before(number) {
                true => left_out = true,
                false => options.extend(goes.then_some(Transition::Advance(number))),
            }
            if fault && env_event.is_none() {
                options.extend(self.faults_of(number, just_asked));
            }
        }
        if env_event.is_none() {
            let late = (0..self.sent.len())
                .filter(|number| self.may_come_late(&self.sent[*number], fault));
            options.extend(late.map(Transition::ExecuteLate));
        }
        options.extend(self.possible_env_events().map(Transition::Environment));
        (options, left_out)
    }

    fn faults_of(&self, number: usize, just_asked: bool) -> Vec<Transition> {
        let request = &self.requests[number];
        match &request.stage {
            Stage::Closing(pending) => {
                let lost = self.scenario.without_reduction || self.matters_lost(pending.question());
                let mut faults = Vec::from_iter(lost.then_some(Transition::LoseReply(number)));
                if just_asked {
                    faults.push(Transition::Deadline(number));
                    // Whoever waits for another store_request ends with its deadline, so that a crash does nothing else.
                    let crash = self.scenario.without_reduction || goes_on(pending.question());
                    faults.extend(crash.then_some(Transition::Crash(number)));
                }
                faults
            }
            Stage::Waiting if request.plan.carries == Carries::Any => {
                let first =
                    self.sent.is_empty() && self.last.agent.is_none_or(|agent| agent < number);
                Vec::from_iter(
                    (first || self.scenario.without_reduction)
                        .then_some(Transition::Deadline(number)),
                )
            }
            _ => Vec::new(),
        }
    }

    /// Whether a request's step is to be taken before the last one, since neither shows to the other: then it was, in
    /// another schedule.
    fn comes_before(&self, number: usize) -> bool {
        if self.last.shows || self.last.agent.is_none_or(|agent| agent <= number) {
            return false;
        }
        match &self.requests[number].stage {
            Stage::Closing(pending) => !self.would_change(pending.question()),
            Stage::Waiting => true,
            _ => false,
        }
    }

    /// Whether it shows that an reply was lost: otherwise the store_request is just later, or its copy is.
    fn matters_lost(&self, store_request: &StoreRequest) -> bool {
        let idempotent = matches!(
            store_request,
            StoreRequest::Index { .. } | StoreRequest::Unindex { .. } | StoreRequest::Touch { .. }
        );
        !idempotent && self.would_change(store_request)
    }

    fn would_change(&self, store_request: &StoreRequest) -> bool {
        let mut copy = self.store.clone();
        copy.execute(store_request);
        copy != self.store
    }

    /// A store_request is executed at most twice. What would change nothing need not happen.
    fn may_come_late(&self, sent: &Sent, fault: bool) -> bool {
        !sent.waited_for
            && sent.executed < if fault { 2 } else { 1 }
            && !self.is_over(sent)
            && (self.scenario.without_reduction || self.would_change(&sent.store_request))
    }

    /// Later than a tombstone lasts is outside of the contract. The driver gives up after 5 s.
    pub(super) fn is_over(&self, sent: &Sent) -> bool {
        self.passed - sent.at >= TOMBSTONE_SECONDS
    }

    /// Whether the clock may still step, so that it makes a difference when a handler runs.
    pub(super) fn may_step(&self) -> bool {
        self.env_events < self.scenario.max_env_events
            && self
                .scenario
                .env_events
                .iter()
                .any(|env_event| *env_event != EnvEvent::SwapKeys)
    }

    fn possible_env_events(&self) -> impl Iterator<Item = EnvEvent> {
        let left = self.env_events < self.scenario.max_env_events;
        let waiting = self
            .requests
            .iter()
            .any(|request| matches!(request.stage, Stage::Waiting));
        let seen = waiting
            || self
                .requests
                .iter()
                .any(|request| matches!(request.stage, Stage::Opened(_)));
        let possible = move |env_event: &&EnvEvent| match env_event {
            EnvEvent::SwapKeys => waiting && !self.swapped,
            _ => seen,
        };
        self.scenario
            .env_events
            .iter()
            .filter(move |_| left)
            .filter(possible)
            .copied()
    }
}

/// Whether a close goes on when it gets no reply to this.
pub(super) fn goes_on(store_request: &StoreRequest) -> bool {
    matches!(store_request, StoreRequest::Unindex { .. })
}
