//! Carries out a transition, and what follows from it.

use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::stored::model_check::check::{Check, Violation, ensure};
use crate::stored::model_check::request::Stage;
use crate::stored::model_check::scenario::Op;
use crate::stored::model_check::state::{Sent, State};
use crate::stored::model_check::transitions::{Last, Transition, goes_on};
use crate::stored::model_check::{check, faulty, trace};

impl State<'_> {
    pub(super) fn perform(&mut self, transition: Transition) -> Check {
        let before = self.store_changes;
        let cookies = self.cookies.len();
        let mut unnoticed = None;
        self.handling &= matches!(transition, Transition::Advance(number) if matches!(self.requests[number].stage, Stage::Opened(_)));
        let agent = match transition {
            Transition::Advance(number) => {
                self.advance(number)?;
                Some(number)
            }
            Transition::LoseReply(number) => {
                let Stage::Closing(pending) = &mut self.requests[number].stage else {
                    unreachable!()
                };
                let store_request = pending.request().clone();
                faulty::mark_retried(self.mutation, pending);
                self.faults += 1;
                self.execute(number, &store_request, "; the reply is lost")?;
                Some(number)
            }
            Transition::Deadline(number) => {
                self.faults += 1;
                self.deadline(number)?;
                Some(number)
            }
            Transition::Crash(number) => {
                self.faults += 1;
                self.trace(|state| trace::line(state, number, "crashes"));
                self.leave(number);
                let request = &mut self.requests[number];
                (request.stage, request.exchange, request.failed) = (Stage::Ended, None, true);
                Some(number)
            }
            Transition::ExecuteLate(number) => {
                let Sent {
                    by,
                    store_request,
                    executed,
                    ..
                } = &mut self.sent[number];
                *executed += 1;
                let (by, store_request, again) = (*by, store_request.clone(), *executed > 1);
                self.faults += usize::from(again);
                self.execute(
                    by,
                    &store_request,
                    if again { ", again and late" } else { ", late" },
                )?;
                None
            }
            Transition::Environment(env_event) => {
                let noticed = self.env_event(env_event)?;
                unnoticed = Some(env_event).filter(|_| !noticed);
                None
            }
        };
        let shows = match transition {
            // It happens right after the step that sent the request.
            Transition::Deadline(_) | Transition::Crash(_) => {
                self.last.shows || self.last.agent != agent
            }
            _ => agent.is_none() || before != self.store_changes || cookies != self.cookies.len(),
        };
        self.last = Last {
            agent,
            shows,
            env_event: unnoticed,
        };
        Ok(())
    }

    /// Takes one step of a request.
    fn advance(&mut self, number: usize) -> Check {
        self.server.draws.drawn().by = number;
        match std::mem::replace(&mut self.requests[number].stage, Stage::Ended) {
            Stage::Waiting => match self.requests[number].plan.ops {
                [Op::DeleteAll(user)] => {
                    let all = self.store.of_user(user, self.now);
                    self.trace(|state| trace::line(state, number, "lists the sessions to delete"));
                    self.requests[number].swept = Some((self.store_changes, false));
                    self.deleting(number, all)
                }
                _ => self.begin(number, true),
            },
            Stage::Opened(session) => self.handle(number, &session),
            Stage::Closing(pending) => {
                let store_request = pending.request().clone();
                if let StoreRequest::Trim {
                    user, keep, now, ..
                } = &store_request
                {
                    let surplus = self.store.surplus(user, *keep, *now);
                    self.requests[number].swept = Some((self.store_changes, false));
                    if !surplus.is_empty() {
                        self.trace(|state| {
                            trace::line(state, number, "lists the sessions to trim")
                        });
                        self.requests[number].stage = Stage::Trimming(pending, surplus);
                        return Ok(());
                    }
                }
                let reply = self.execute(number, &store_request, "")?;
                self.resume(number, pending, reply)
            }
            Stage::Trimming(pending, mut surplus) => {
                let StoreRequest::Trim {
                    user, now, this, ..
                } = pending.request().clone()
                else {
                    unreachable!()
                };
                self.end_of(number, &user, surplus.remove(0), now)?;
                if !surplus.is_empty() {
                    self.requests[number].stage = Stage::Trimming(pending, surplus);
                    return Ok(());
                }
                let alive = self.store.live(this, now).is_some();
                let reply = StoreReply::Trimmed(TrimResult { ended: 1, alive });
                self.trace(|state| trace::request(state, number, pending.request(), &reply, ""));
                self.resume(number, pending, reply)
            }
            Stage::DeletingAll(mut left) => {
                let [Op::DeleteAll(user)] = self.requests[number].plan.ops else {
                    unreachable!()
                };
                self.end_of(number, user, left.remove(0), self.now)?;
                self.deleting(number, left)
            }
            Stage::Ended => unreachable!("nothing follows an end"),
        }
    }

    fn deleting(&mut self, number: usize, left: Vec<RecordKey>) -> Check {
        if left.is_empty() {
            if let Some((_, done)) = &mut self.requests[number].swept {
                *done = true;
            }
            let [Op::DeleteAll(user)] = self.requests[number].plan.ops else {
                unreachable!()
            };
            return check::all_deleted(self, number, user);
        }
        self.requests[number].stage = Stage::DeletingAll(left);
        Ok(())
    }

    pub(super) fn deadline(&mut self, number: usize) -> Check {
        self.server.draws.drawn().by = number;
        self.requests[number].failed = true;
        self.trace(|state| trace::line(state, number, "gets no reply in time"));
        match std::mem::replace(&mut self.requests[number].stage, Stage::Ended) {
            Stage::Waiting => self.begin(number, false),
            Stage::Closing(pending) | Stage::Trimming(pending, _) => {
                let ends = !goes_on(pending.request());
                self.resume(number, pending, StoreReply::Unavailable)?;
                let ended = self.requests[number].has_ended();
                ensure(ended || !ends, "I15", || {
                    "a close goes on without a reply".to_owned()
                })
            }
            _ => unreachable!("no request to the store is waiting"),
        }
    }

    /// The store executes a request.
    fn execute(
        &mut self,
        by: usize,
        store_request: &StoreRequest,
        how: &str,
    ) -> Result<StoreReply, Violation> {
        let sent = self
            .sent
            .iter_mut()
            .find(|sent| sent.by == by && sent.waited_for);
        if let Some(sent) = sent {
            sent.executed += 1;
        }
        let before = self.store.clone();
        let reply = faulty::execute(self, by, store_request);
        self.trace(|state| trace::request(state, by, store_request, &reply, how));
        check::executed(self, by, Some(store_request), &before)?;
        Ok(reply)
    }

    fn end_of(&mut self, by: usize, user: &str, key: RecordKey, now: u64) -> Check {
        let before = self.store.clone();
        self.store.end_of(user, key, now);
        self.trace(|state| {
            trace::line(
                state,
                by,
                &format!("ends {}", state.server.draws.drawn().session_name(&key)),
            )
        });
        check::executed(self, by, None, &before)
    }
}
