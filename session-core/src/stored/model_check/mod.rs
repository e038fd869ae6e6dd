//! The walker: every order in which the steps of a few requests on one session can happen, and what must hold in each.
//!
//! The protocol does no I/O, so its steps can be put in any order. A *schedule* is one such order from the beginning to the
//! end; the walk takes one after the other, runs each from the start with a deterministic clock and random source, and
//! checks the eighteen invariants after every change in the store, every reply to a browser, and the end. An invariant is a
//! function whose name begins with its number: those of the records stand in [`record_invariants`], of the requests in [`request_invariants`],
//! and what must hold at the end in [`end_invariants`]. [`check`] says when each is checked.
//!
//! ```text
//! cargo test -p session-core --lib model_check -- --nocapture                                   about a minute
//! SESSION_MODEL_CHECK=long cargo test -p session-core --release --lib model_check -- --nocapture       about ten minutes
//! ```
//!
//! # A schedule
//!
//! It begins with what one or a few undisturbed requests left ([`start`]). Then up to three requests ([`plan`]) come, each
//! with any cookie that the jar has had by then. What may happen next ([`next`]):
//!
//! - A request goes on: its store_request is executed, the reply comes, and what follows from it, up to the next store_request, is
//!   done. A load is followed by the handler and the beginning of the close.
//! - A fault, of which a schedule has a limited number. The reply is lost, and the driver asks again. The deadline passes;
//!   the store_request was not executed, or it is later: at any step until 60 s have passed, also after its request has ended,
//!   after others have closed, and after a tombstone was laid. A store_request that was replied is executed again, as late. A
//!   request crashes.
//! - A env_event, of which a schedule has a limited number: the clock goes on or back, the store deletes what has ended, or the
//!   key ring is swapped.
//!
//! A trim and a delete_all are no single step: the records to be ended are listed, then ended one by one.
//!
//! # What is left out, because it is another schedule in another order
//!
//! ([`reduced`] walks with and without it and compares what comes out.)
//!
//! - A local computation shows to nobody, so it needs no step of its own, unless the clock may step before it.
//! - Of two steps in a row that change nothing in the store, of two requests, one order is explored.
//! - A store_request executed late that changes nothing shows to nobody; when it is lost unexecuted, it is just later.
//! - A deadline passes right after the store_request is asked, or not at all: its execution may come later in any case. A crash
//!   does what a deadline does, where the close does not go on after it (which is checked).
//! - A env_event comes right before somebody looks: who begins, or who closes.
//! - Deliveries to the jar. A request that was sent with an older cookie is one that carries any cookie the jar has had;
//!   and what the jar holds in the end is the cookie that was delivered last, any of those that were set.
//!
//! # Where an invariant is read with an exception
//!
//! - *Expired* (I6, I12) is judged by the time that a store_request carries. One that was asked a moment before the record
//!   expired, and is executed after, extends it; and under a clock that is set back an expired record is live again.
//! - A login under a clock that was set back begins the session at an earlier second than before, and its record, which
//!   never expires sooner, exceeds created + absolute by as much (I11). What counts is checked at the open.
//! - A message may be taken by a request whose outcome is unknown (I3).
//! - A login that finds its session gone begins a fresh one, without what an `update` made of a loaded value: I16 goes
//!   before I1.
//! - A login or renewal whose outcome is unknown may have retired the verifier in the jar; and whoever has minted counts
//!   as renewing, though no response has told so (I9).
//!
//! # What is outside of the contract
//!
//! A store_request that is executed 60 s after it was asked, or later: the driver's deadline is 5 s, and a tombstone lasts 60 s.
//! (When the clock goes on by 60 s or more, whoever waits for an reply is told that none came.)
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod check;
mod choose;
mod cookies;
mod counterexample;
mod end_invariants;
mod environment;
mod families;
mod faulty;
mod history;
mod initial_state;
mod mutations;
mod perform;
mod record_invariants;
mod reduction;
mod regressions;
mod request;
mod request_invariants;
mod scenario;
mod server;
mod state;
mod trace;
mod transitions;

use std::panic::{AssertUnwindSafe, catch_unwind};

use check::Violation;
use choose::Chooser;
use counterexample::Counterexample;
use faulty::Mutation;
use initial_state::{InitialState, prepare};
use scenario::Scenario;
use server::Server;
use state::State;

/// Walks all schedules of a scenario, or as many as are to be drawn by chance; how many.
fn explore(
    scenario: &Scenario,
    mutation: Option<Mutation>,
    mut chooser: Chooser,
    most: u64,
) -> Result<u64, Box<Counterexample>> {
    let server = Server::new(scenario.config);
    let start = prepare(&server, scenario);
    let mut schedules = 0;
    loop {
        let (checked, _) = run(&server, scenario, &start, mutation, &mut chooser, false);
        schedules += u64::from(checked != Ok(false));
        if let Err(violation) = checked {
            let (again, lines) = run(
                &server,
                scenario,
                &start,
                mutation,
                &mut chooser.replay(),
                true,
            );
            assert_eq!(
                again,
                Err(violation.clone()),
                "the same schedule, the same violation"
            );
            return Err(Box::new(Counterexample {
                scenario: scenario.clone(),
                violation,
                lines,
                schedules,
            }));
        }
        if schedules == most || !chooser.next() {
            return Ok(schedules);
        }
    }
}

/// One schedule: what it violates; whether it came to an end, or was another one in another order. A panic is a violation
/// like others (I15).
fn run(
    server: &Server,
    scenario: &Scenario,
    start: &InitialState,
    mutation: Option<Mutation>,
    chooser: &mut Chooser,
    traced: bool,
) -> (Result<bool, Violation>, Vec<String>) {
    let mut state = State::new(server, scenario, start, mutation, chooser);
    state.lines = traced.then(Vec::new);
    let checked =
        catch_unwind(AssertUnwindSafe(|| state.explore_schedule())).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(Violation {
                id: "I15",
                what: format!("panic: {}", text.unwrap_or_default()),
            })
        });
    let lines = state.lines.take().unwrap_or_default();
    (checked, lines)
}
