//! What happens, and what follows from it.

use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::stored::model_check::check::{Check, Violation, demand};
use crate::stored::model_check::cookies::Cookie;
use crate::stored::model_check::mutate::Mutation;
use crate::stored::model_check::next::{Action, Last, goes_on};
use crate::stored::model_check::plan::{Carries, Op};
use crate::stored::model_check::request::{Response, Sets, Stage, says_gone};
use crate::stored::model_check::run::{Sent, World};
use crate::stored::model_check::{check, mutate, tell};
use crate::stored::step::{Pending, Step};

impl World<'_> {
    pub(super) fn act(&mut self, action: Action) -> Check {
        let before = self.effects;
        let cookies = self.cookies.len();
        let mut unnoticed = None;
        self.handling &= matches!(action, Action::Go(number) if matches!(self.requests[number].stage, Stage::Opened(_)));
        let agent = match action {
            Action::Go(number) => {
                self.advance(number)?;
                Some(number)
            }
            Action::Lost(number) => {
                let Stage::Closing(ask) = &mut self.requests[number].stage else {
                    unreachable!()
                };
                let question = ask.question().clone();
                mutate::mark_retried(self.mutation, ask);
                self.faults += 1;
                self.execute(number, &question, "; the answer is lost")?;
                Some(number)
            }
            Action::Deadline(number) => {
                self.faults += 1;
                self.deadline(number)?;
                Some(number)
            }
            Action::Crash(number) => {
                self.faults += 1;
                self.tell(|world| tell::line(world, number, "crashes"));
                self.leave(number);
                let request = &mut self.requests[number];
                (request.stage, request.exchange, request.failed) = (Stage::Ended, None, true);
                Some(number)
            }
            Action::Late(number) => {
                let Sent {
                    by,
                    question,
                    executed,
                    ..
                } = &mut self.sent[number];
                *executed += 1;
                let (by, question, again) = (*by, question.clone(), *executed > 1);
                self.faults += usize::from(again);
                self.execute(
                    by,
                    &question,
                    if again { ", again and late" } else { ", late" },
                )?;
                None
            }
            Action::Tick(tick) => {
                let noticed = self.tick(tick)?;
                unnoticed = Some(tick).filter(|_| !noticed);
                None
            }
        };
        let shows = match action {
            // It comes right after the step that asked.
            Action::Deadline(_) | Action::Crash(_) => self.last.shows || self.last.agent != agent,
            _ => agent.is_none() || before != self.effects || cookies != self.cookies.len(),
        };
        self.last = Last {
            agent,
            shows,
            tick: unnoticed,
        };
        Ok(())
    }

    /// One step of a request.
    fn advance(&mut self, number: usize) -> Check {
        self.server.draws.drawn().by = number;
        match std::mem::replace(&mut self.requests[number].stage, Stage::Ended) {
            Stage::Waiting => match self.requests[number].plan.ops {
                [Op::DeleteAll(user)] => {
                    let all = self.store.owned(user, self.now);
                    self.tell(|world| tell::line(world, number, "lists the sessions to delete"));
                    self.requests[number].swept = Some((self.effects, false));
                    self.deleting(number, all)
                }
                _ => self.begin(number, true),
            },
            Stage::Opened(session) => self.handle(number, &session),
            Stage::Closing(ask) => {
                let question = ask.question().clone();
                if let StoreRequest::Trim {
                    user, keep, now, ..
                } = &question
                {
                    let surplus = self.store.surplus(user, *keep, *now);
                    self.requests[number].swept = Some((self.effects, false));
                    if !surplus.is_empty() {
                        self.tell(|world| tell::line(world, number, "lists the sessions to trim"));
                        self.requests[number].stage = Stage::Trimming(ask, surplus);
                        return Ok(());
                    }
                }
                let answer = self.execute(number, &question, "")?;
                self.answer(number, ask, answer)
            }
            Stage::Trimming(ask, mut surplus) => {
                let StoreRequest::Trim {
                    user, now, this, ..
                } = ask.question().clone()
                else {
                    unreachable!()
                };
                self.end_of(number, &user, surplus.remove(0), now)?;
                if !surplus.is_empty() {
                    self.requests[number].stage = Stage::Trimming(ask, surplus);
                    return Ok(());
                }
                let alive = self.store.live(this, now).is_some();
                let answer = StoreReply::Trimmed(TrimResult { ended: 1, alive });
                self.tell(|world| tell::asked(world, number, ask.question(), &answer, ""));
                self.answer(number, ask, answer)
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

    /// The request arrives: its cookie is looked at, and its record loaded, or not.
    fn begin(&mut self, number: usize, answered: bool) -> Check {
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
        self.tell(|world| tell::arrival(world, number));
        let opened = match step {
            Step::Done(opened) => opened,
            Step::Pending(ask) => {
                check::load(self, number, ask.question(), answered)?;
                let question = ask.question().clone();
                let answer = if answered {
                    self.store.ask(&question)
                } else {
                    StoreReply::Unavailable
                };
                let answer = mutate::loaded(self.mutation, &question, answer);
                if let (Some(Mutation::CounterVersion), StoreReply::Loaded(Loaded::Live(record))) =
                    (self.mutation, &answer)
                {
                    self.server.draws.drawn().counted = Some(record.version);
                }
                self.tell(|world| tell::asked(world, number, &question, &answer, ""));
                match ask.answer(answer) {
                    Step::Done(opened) => opened,
                    Step::Pending(_) => return Violation::of("I15", "an open asks more than once"),
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

    /// Any cookie that the jar has had: the newest first. None, where it was told to remove it.
    fn carried(&mut self) -> Option<usize> {
        let emptied = self
            .requests
            .iter()
            .any(|request| request.sets() == Some(Sets::Removal));
        let (all, nothing) = (self.cookies.len(), usize::from(emptied));
        let choice = self.chooser.choose(all + nothing);
        (choice < all).then(|| all - 1 - choice)
    }

    /// The handler runs, and the close begins: from here on nobody looks at the clock.
    pub(super) fn handle(&mut self, number: usize, session: &Session) -> Check {
        self.server.draws.drawn().by = number;
        self.requests[number].handle(number, session, &self.server.draws, self.now);
        let exchange = self.requests[number].exchange.take().unwrap();
        self.progress(number, exchange.close())
    }

    fn answer(&mut self, number: usize, ask: Pending<Outgoing>, answer: StoreReply) -> Check {
        match &answer {
            StoreReply::Touched(Outcome::Done) => self.requests[number].touched = true,
            StoreReply::Trimmed(_) => {
                if let Some((_, done)) = &mut self.requests[number].swept {
                    *done = true;
                }
            }
            _ => {}
        }
        self.leave(number);
        self.progress(number, ask.answer(answer))
    }

    /// Nobody waits any more for what was asked.
    fn leave(&mut self, number: usize) {
        let left = self.sent.iter_mut().filter(|sent| sent.by == number);
        left.for_each(|sent| sent.waited_for = false);
    }

    fn progress(&mut self, number: usize, step: Step<Outgoing>) -> Check {
        match step {
            Step::Pending(ask) => {
                self.requests[number].asked += 1;
                check::asked(self, number, ask.question())?;
                let question = ask.question().clone();
                self.sent.push(Sent {
                    by: number,
                    question,
                    executed: 0,
                    waited_for: true,
                    at: self.passed,
                });
                self.requests[number].stage = Stage::Closing(ask);
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
                    Sets::Minted(self.cookies.len() - 1)
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
        self.tell(|world| tell::response(world, number));
        check::responded(self, number)
    }

    pub(super) fn deadline(&mut self, number: usize) -> Check {
        self.server.draws.drawn().by = number;
        self.requests[number].failed = true;
        self.tell(|world| tell::line(world, number, "gets no answer in time"));
        match std::mem::replace(&mut self.requests[number].stage, Stage::Ended) {
            Stage::Waiting => self.begin(number, false),
            Stage::Closing(ask) | Stage::Trimming(ask, _) => {
                let ends = !goes_on(ask.question());
                self.answer(number, ask, StoreReply::Unavailable)?;
                let ended = self.requests[number].has_ended();
                demand(ended || !ends, "I15", || {
                    "a close goes on without an answer".to_owned()
                })
            }
            _ => unreachable!("no question is out"),
        }
    }

    /// A question meets the store.
    fn execute(
        &mut self,
        by: usize,
        question: &StoreRequest,
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
        let answer = mutate::ask(self, by, question);
        self.tell(|world| tell::asked(world, by, question, &answer, how));
        check::executed(self, by, Some(question), &before)?;
        Ok(answer)
    }

    fn end_of(&mut self, by: usize, user: &str, key: RecordKey, now: u64) -> Check {
        let before = self.store.clone();
        self.store.end_of(user, key, now);
        self.tell(|world| {
            tell::line(
                world,
                by,
                &format!("ends {}", world.server.draws.drawn().session_name(&key)),
            )
        });
        check::executed(self, by, None, &before)
    }
}
