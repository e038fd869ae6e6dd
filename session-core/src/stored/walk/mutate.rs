//! The store as it answers; and six mistakes, made at the walker's boundary, each of which the walk must find.

use super::super::body::Body;
use super::super::model::Slot;
use super::super::question::{Answer, Outcome, Question, Record};
use super::run::World;
use crate::{Ask, Outgoing};

/// A mistake that the protocol is made to avoid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    /// A response whose close touched the record sets the cookie that came.
    ResendOnTouch,
    /// A write id is the loaded version and one.
    CounterVersion,
    /// A record keeps the id of its newest write only.
    NewestWriteOnly,
    /// The same, and nobody is told that a question was asked before.
    UntoldRepetition,
    /// A deleted record leaves nothing behind.
    NoTombstone,
    /// A record is deleted only if it still has the verifier that the request presented.
    DeleteNeedsVerifier,
}

pub(super) fn ask(world: &mut World<'_>, by: usize, question: &Question) -> Answer {
    match (world.mutation, question) {
        (
            Some(Mutation::NewestWriteOnly | Mutation::UntoldRepetition),
            Question::Update { key, version, record, now },
        ) => {
            let record = newest_only(record);
            world.store.ask(&Question::Update { key: *key, version: *version, record, now: *now })
        }
        (Some(Mutation::NoTombstone), Question::Delete { key, .. }) => {
            let answer = world.store.ask(question);
            world.store.slots.remove(key);
            answer
        }
        (Some(Mutation::DeleteNeedsVerifier), Question::Delete { key, .. }) => {
            let presented = world.requests[by].carried.map(|cookie| world.cookies[cookie].verifier);
            let has = match world.store.slots.get(key) {
                Some(Slot::Live { record, .. }) => Body::decode(&record.body).map(|body| body.verifier),
                _ => None,
            };
            if has == presented { world.store.ask(question) } else { Answer::Deleted(Outcome::Gone) }
        }
        _ => world.store.ask(question),
    }
}

/// The answer to this question is lost.
pub(super) fn asked_again(mutation: Option<Mutation>, ask: &mut Ask<Outgoing>) {
    if mutation != Some(Mutation::UntoldRepetition) {
        ask.asked_again();
    }
}

fn newest_only(record: &Record) -> Record {
    let mut body = Body::decode(&record.body).unwrap();
    body.recent.truncate(1);
    Record { body: body.encode().into(), ..record.clone() }
}
