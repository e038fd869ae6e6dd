//! The steps of one request: it arrives, its handler runs, and it closes.

use crate::record::store::*;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::stored::model_check::check::{Check, Violation};
use crate::stored::model_check::cookies::Cookie;
use crate::stored::model_check::faulty::Mutation;
use crate::stored::model_check::request::{Response, Sets, Stage, says_gone};
use crate::stored::model_check::scenario::Carries;
use crate::stored::model_check::state::{Sent, State};
use crate::stored::model_check::{check, faulty, lookup, trace};
use crate::stored::step::{Pending, Step};

impl State<'_> {
    /// A request arrives: its cookie is read, and its record loaded, unless the store does not
    /// reply.
    pub(super) fn begin(&mut self, number: usize, replied: bool) -> Check {
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
                lookup::load(self, number, pending.request(), replied)?;
                let store_request = pending.request().clone();
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
                match pending.reply(reply) {
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

    pub(super) fn resume(
        &mut self,
        number: usize,
        pending: Pending<Outgoing>,
        reply: StoreReply,
    ) -> Check {
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
        self.progress(number, pending.reply(reply))
    }

    /// The request no longer waits for its request to the store.
    pub(super) fn leave(&mut self, number: usize) {
        let left = self.sent.iter_mut().filter(|sent| sent.by == number);
        left.for_each(|sent| sent.waited_for = false);
    }

    pub(super) fn progress(&mut self, number: usize, step: Step<Outgoing>) -> Check {
        match step {
            Step::Pending(pending) => {
                self.requests[number].store_requests += 1;
                check::requested(self, number, pending.request())?;
                let store_request = pending.request().clone();
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
}
