//! Carries out a transition, and what follows from it.

use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::stored::model_check::check::{Check, Violation, ensure};
use crate::stored::model_check::cookies::Cookie;
use crate::stored::model_check::faulty::Mutation;
use crate::stored::model_check::request::{Response, Sets, Stage, says_gone};
use crate::stored::model_check::scenario::{Carries, Op};
use crate::stored::model_check::state::{Sent, State};
use crate::stored::model_check::transitions::{Last, Transition, goes_on};
use crate::stored::model_check::{check, faulty, trace};
use crate::stored::step::{Pending, Step};

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
                let store_request = pending.question().clone();
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
                let store_request = pending.question().clone();
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
                } = pending.question().clone()
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
                self.trace(|state| trace::request(state, number, pending.question(), &reply, ""));
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

    /// A request arrives: its cookie is read, and its record loaded, unless the store does not
    /// reply.
    fn begin(&mut self, number: usize, replied: bool) -> Check {
        let carried = match self.requests[number].plan.carries {
            Carries::Any => self.carried(),
            Carries::Nothing | Carries::Forged => None,
        };
        self.requests[number].carried = carried;
        self.requests[number].created = Some(self.now);
        let forged = self.requests[number].plan.carries == Carries::Forged;
        let headers = match carried {
            Some(cookie) => self.cookies[cookie].headers(),
            None if forged => self.cookies[0].forged(),
            None => http::HeaderMap::new(),
        };
        let exchange = self.server.sessions(self.swapped).exchange(&headers);
        let step = exchange.opener().open_best_effort();
        self.requests[number].exchange = Some(exchange);
        self.trace(|state| trace::arrival(state, number));
        let opened = match step {
            Step::Done(opened) => opened,
            Step::Pending(pending) => {
                check::load(self, number, pending.question(), replied)?;
                let store_request = pending.question().clone();
                let reply = if replied {
                    self.store.execute(&store_request)
                } else {
                    StoreReply::Unavailable
                };
                let reply = faulty::loaded(self.mutation, &store_request, reply);
                if let (Some(Mutation::CounterVersion), StoreReply::Loaded(Loaded::Live(record))) =
                    (self.mutation, &reply)
                {
                    self.server.draws.drawn().counted = Some(record.version);
                }
                self.trace(|state| trace::request(state, number, &store_request, &reply, ""));
                match pending.answer(reply) {
                    Step::Done(opened) => opened,
                    Step::Pending(_) => {
                        return Violation::of("I15", "an open sends more than one request");
                    }
                }
            }
        };
        let Ok(session) = opened else {
            unreachable!("the exchange is open")
        };
        check::opened(self, number, &session)?;
        if self.may_step() {
            self.requests[number].stage = Stage::Opened(session);
            return Ok(());
        }
        self.handle(number, &session)
    }

    /// Chooses a cookie: any that the browser has had, the newest first, or none if a response
    /// removed it.
    fn carried(&mut self) -> Option<usize> {
        let emptied = self
            .requests
            .iter()
            .any(|request| request.sets() == Some(Sets::Removal));
        let (all, nothing) = (self.cookies.len(), usize::from(emptied));
        let choice = self.chooser.choose(all + nothing);
        (choice < all).then(|| all - 1 - choice)
    }

    /// Runs the handler and begins the close. From here on the request does not read the clock.
    pub(super) fn handle(&mut self, number: usize, session: &Session) -> Check {
        self.server.draws.drawn().by = number;
        self.requests[number].handle(number, session, &self.server.draws, self.now);
        let exchange = self.requests[number].exchange.take().unwrap();
        self.progress(number, exchange.close())
    }

    fn resume(&mut self, number: usize, pending: Pending<Outgoing>, reply: StoreReply) -> Check {
        match &reply {
            StoreReply::Touched(Outcome::Done) => self.requests[number].touched = true,
            StoreReply::Trimmed(_) => {
                if let Some((_, done)) = &mut self.requests[number].swept {
                    *done = true;
                }
            }
            _ => {}
        }
        self.leave(number);
        self.progress(number, pending.answer(reply))
    }

    /// The request no longer waits for its request to the store.
    fn leave(&mut self, number: usize) {
        let left = self.sent.iter_mut().filter(|sent| sent.by == number);
        left.for_each(|sent| sent.waited_for = false);
    }

    fn progress(&mut self, number: usize, step: Step<Outgoing>) -> Check {
        match step {
            Step::Pending(pending) => {
                self.requests[number].store_requests += 1;
                check::requested(self, number, pending.question())?;
                let store_request = pending.question().clone();
                self.sent.push(Sent {
                    by: number,
                    store_request,
                    executed: 0,
                    waited_for: true,
                    at: self.passed,
                });
                self.requests[number].stage = Stage::Closing(pending);
                Ok(())
            }
            Step::Done(outgoing) => self.respond(number, outgoing),
        }
    }

    fn respond(&mut self, number: usize, mut outgoing: Outgoing) -> Check {
        let mut headers = http::HeaderMap::new();
        let result = outgoing.apply(&mut headers);
        let mut sets = None;
        if let Some(cookie) = headers.get(http::header::SET_COOKIE) {
            sets = Some(match Cookie::read(cookie, &self.store) {
                Some(cookie) => {
                    self.cookies.push(cookie);
                    Sets::New(self.cookies.len() - 1)
                }
                None => Sets::Removal,
            });
        }
        let request = &mut self.requests[number];
        if self.mutation == Some(Mutation::ResendOnTouch) && sets.is_none() && request.touched {
            sets = request.carried.map(Sets::Resent);
        }
        request.response = Some(Response {
            result,
            sets,
            gone: says_gone(&outgoing),
        });
        self.trace(|state| trace::response(state, number));
        check::responded(self, number)
    }

    pub(super) fn deadline(&mut self, number: usize) -> Check {
        self.server.draws.drawn().by = number;
        self.requests[number].failed = true;
        self.trace(|state| trace::line(state, number, "gets no reply in time"));
        match std::mem::replace(&mut self.requests[number].stage, Stage::Ended) {
            Stage::Waiting => self.begin(number, false),
            Stage::Closing(pending) | Stage::Trimming(pending, _) => {
                let ends = !goes_on(pending.question());
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
