//! The transitions that are enabled in a state, after partial-order reduction.

use crate::record::store::*;
use crate::stored::model_check::request::Stage;
use crate::stored::model_check::scenario::{Carries, EnvEvent};
use crate::stored::model_check::state::{Sent, State};

/// A transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    /// A request takes a step: the store executes its request, and the reply leads to the next one.
    Advance(usize),
    /// The store executes its request, the reply is lost, and the driver will send the request
    /// again.
    LoseReply(usize),
    /// Its deadline passes without a reply.
    Deadline(usize),
    /// It crashes.
    Crash(usize),
    /// A request to the store, by its number, is executed after its sender stopped waiting.
    ExecuteLate(usize),
    Environment(EnvEvent),
}

/// The last transition.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    /// The request that took it.
    pub(super) agent: Option<usize>,
    /// Whether it changed something that other requests can see.
    pub(super) shows: bool,
    /// An environment event that no request has noticed yet.
    pub(super) env_event: Option<EnvEvent>,
}

impl State<'_> {
    /// Returns the enabled transitions, and whether the reduction left some out.
    pub(super) fn enabled_transitions(&self) -> (Vec<Transition>, bool) {
        let (mut options, mut left_out) = (Vec::new(), false);
        let (all, fault) = (
            self.scenario.without_reduction,
            self.faults < self.scenario.faults,
        );
        // Only a request that reads the clock or the key ring notices an environment event. All
        // others take their steps before it.
        let env_event = self.last.env_event.filter(|_| !all);
        for (number, request) in self.requests.iter().enumerate() {
            let just_sent = self.last.agent == Some(number) || self.handling || all;
            let goes = match &request.stage {
                Stage::Ended => continue,
                Stage::Opened(_) => just_sent && env_event != Some(EnvEvent::SwapKeys),
                Stage::Waiting => true,
                _ => env_event.is_none(),
            };
            match goes && !all && self.comes_before(number) {
                true => left_out = true,
                false => options.extend(goes.then_some(Transition::Advance(number))),
            }
            if fault && env_event.is_none() {
                options.extend(self.faults_of(number, just_sent));
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

    fn faults_of(&self, number: usize, just_sent: bool) -> Vec<Transition> {
        let request = &self.requests[number];
        match &request.stage {
            Stage::Closing(pending) => {
                let lost = self.scenario.without_reduction || self.matters_lost(pending.request());
                let mut faults = Vec::from_iter(lost.then_some(Transition::LoseReply(number)));
                if just_sent {
                    faults.push(Transition::Deadline(number));
                    // Without a reply, any other request to the store ends its close, so a crash
                    // would do nothing else.
                    let crash = self.scenario.without_reduction || goes_on(pending.request());
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

    /// Whether this request's step commutes with the last transition and has to come before it.
    /// Another schedule has them in that order.
    fn comes_before(&self, number: usize) -> bool {
        if self.last.shows || self.last.agent.is_none_or(|agent| agent <= number) {
            return false;
        }
        match &self.requests[number].stage {
            Stage::Closing(pending) => !self.would_change(pending.request()),
            Stage::Waiting => true,
            _ => false,
        }
    }

    /// Whether a lost reply makes a difference. Otherwise the request to the store is just late, or
    /// its copy is.
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

    /// Whether a request to the store may be executed late. It is executed at most twice, and only
    /// if that changes something.
    fn may_come_late(&self, sent: &Sent, fault: bool) -> bool {
        !sent.waited_for
            && sent.executed < if fault { 2 } else { 1 }
            && !self.is_over(sent)
            && (self.scenario.without_reduction || self.would_change(&sent.store_request))
    }

    /// Whether a tombstone would have ended: that is outside of the contract, since the driver
    /// gives up after 5 s.
    pub(super) fn is_over(&self, sent: &Sent) -> bool {
        self.passed - sent.at >= TOMBSTONE_SECONDS
    }

    /// Whether the clock may still move, so that the time at which a handler runs makes a
    /// difference.
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

/// Whether a close goes on without a reply to this request.
pub(super) fn goes_on(store_request: &StoreRequest) -> bool {
    matches!(store_request, StoreRequest::Unindex { .. })
}
