//! What may happen next. Most of what could is left out here, because it is another schedule in another order.

use crate::record::store::*;
use crate::stored::model_check::plan::{Carries, Tick};
use crate::stored::model_check::request::Stage;
use crate::stored::model_check::run::{Sent, World};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A request goes on: its question is executed, and the answer leads to the next one.
    Go(usize),
    /// Its question is executed, the answer is lost, and the driver asks again.
    Lost(usize),
    /// Its deadline passes: it is told that no answer came.
    Deadline(usize),
    /// It is never heard of again.
    Crash(usize),
    /// A question that nobody waits for any more is executed, by its number.
    Late(usize),
    Tick(Tick),
}

/// What happened last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    /// The request that did it.
    pub(super) agent: Option<usize>,
    /// Others could tell that it happened.
    pub(super) shows: bool,
    /// A tick that nobody has noticed yet.
    pub(super) tick: Option<Tick>,
}

impl World<'_> {
    /// What may, and whether something was left out.
    pub(super) fn options(&self) -> (Vec<Action>, bool) {
        let (mut options, mut left_out) = (Vec::new(), false);
        let (all, fault) = (self.scenario.unreduced, self.faults < self.scenario.faults);
        // A tick is seen by who looks at the clock or at the key ring; for all others it comes later.
        let tick = self.last.tick.filter(|_| !all);
        for (number, request) in self.requests.iter().enumerate() {
            let just_asked = self.last.agent == Some(number) || self.handling || all;
            let goes = match &request.stage {
                Stage::Ended => continue,
                Stage::Opened(_) => just_asked && tick != Some(Tick::Swap),
                Stage::Waiting => true,
                _ => tick.is_none(),
            };
            match goes && !all && self.comes_before(number) {
                true => left_out = true,
                false => options.extend(goes.then_some(Action::Go(number))),
            }
            if fault && tick.is_none() {
                options.extend(self.faults_of(number, just_asked));
            }
        }
        if tick.is_none() {
            let late = (0..self.sent.len())
                .filter(|number| self.may_come_late(&self.sent[*number], fault));
            options.extend(late.map(Action::Late));
        }
        options.extend(self.possible_ticks().map(Action::Tick));
        (options, left_out)
    }

    fn faults_of(&self, number: usize, just_asked: bool) -> Vec<Action> {
        let request = &self.requests[number];
        match &request.stage {
            Stage::Closing(ask) => {
                let lost = self.scenario.unreduced || self.matters_lost(ask.question());
                let mut faults = Vec::from_iter(lost.then_some(Action::Lost(number)));
                if just_asked {
                    faults.push(Action::Deadline(number));
                    // Whoever waits for another question ends with its deadline, so that a crash does nothing else.
                    let crash = self.scenario.unreduced || goes_on(ask.question());
                    faults.extend(crash.then_some(Action::Crash(number)));
                }
                faults
            }
            Stage::Waiting if request.plan.carries == Carries::Any => {
                let first =
                    self.sent.is_empty() && self.last.agent.is_none_or(|agent| agent < number);
                Vec::from_iter(
                    (first || self.scenario.unreduced).then_some(Action::Deadline(number)),
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
            Stage::Closing(ask) => !self.would_change(ask.question()),
            Stage::Waiting => true,
            _ => false,
        }
    }

    /// Whether it shows that an answer was lost: otherwise the question is just later, or its copy is.
    fn matters_lost(&self, question: &StoreRequest) -> bool {
        let idempotent = matches!(
            question,
            StoreRequest::Index { .. } | StoreRequest::Unindex { .. } | StoreRequest::Touch { .. }
        );
        !idempotent && self.would_change(question)
    }

    fn would_change(&self, question: &StoreRequest) -> bool {
        let mut copy = self.store.clone();
        copy.ask(question);
        copy != self.store
    }

    /// A question is executed at most twice. What would change nothing need not happen.
    fn may_come_late(&self, sent: &Sent, fault: bool) -> bool {
        !sent.waited_for
            && sent.executed < if fault { 2 } else { 1 }
            && !self.is_over(sent)
            && (self.scenario.unreduced || self.would_change(&sent.question))
    }

    /// Later than a tombstone lasts is outside of the contract. The driver gives up after 5 s.
    pub(super) fn is_over(&self, sent: &Sent) -> bool {
        self.passed - sent.at >= TOMBSTONE_SECONDS
    }

    /// Whether the clock may still step, so that it makes a difference when a handler runs.
    pub(super) fn may_step(&self) -> bool {
        self.ticks < self.scenario.most_ticks
            && self.scenario.ticks.iter().any(|tick| *tick != Tick::Swap)
    }

    fn possible_ticks(&self) -> impl Iterator<Item = Tick> {
        let left = self.ticks < self.scenario.most_ticks;
        let waiting = self
            .requests
            .iter()
            .any(|request| matches!(request.stage, Stage::Waiting));
        let seen = waiting
            || self
                .requests
                .iter()
                .any(|request| matches!(request.stage, Stage::Opened(_)));
        let possible = move |tick: &&Tick| match tick {
            Tick::Swap => waiting && !self.swapped,
            _ => seen,
        };
        self.scenario
            .ticks
            .iter()
            .filter(move |_| left)
            .filter(possible)
            .copied()
    }
}

/// Whether a close goes on when it gets no answer to this.
pub(super) fn goes_on(question: &StoreRequest) -> bool {
    matches!(question, StoreRequest::Unindex { .. })
}
