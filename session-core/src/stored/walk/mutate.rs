//! The store as it answers; and ten mistakes, made at the walker's boundary, each of which the walk must find.

use super::super::body::Body;
use super::super::model::Slot;
use super::super::question::{Answer, Loaded, Question, Record, TOMBSTONE_SECONDS, Updated};
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
    /// A record is deleted whatever its version.
    DeleteByKeyAlone,
    /// A tombstone never ends, and always looks as if it had been laid just now.
    EndlessTombstone,
    /// A record always looks as if its verifier had been minted just now.
    AlwaysJustMinted,
    /// A tombstone ends at once.
    ShortTombstone,
}

/// What a load is answered.
pub(super) fn loaded(mutation: Option<Mutation>, question: &Question, answer: Answer) -> Answer {
    let Question::Load { now, .. } = question else { return answer };
    match (mutation, answer) {
        (Some(Mutation::EndlessTombstone), Answer::Loaded(Loaded::Dead { .. })) => {
            Answer::Loaded(Loaded::Dead { expires: now + TOMBSTONE_SECONDS })
        }
        (Some(Mutation::ShortTombstone), Answer::Loaded(Loaded::Dead { .. })) => {
            Answer::Loaded(Loaded::Absent)
        }
        (Some(Mutation::AlwaysJustMinted), Answer::Loaded(Loaded::Live(record))) => {
            let mut body = Body::decode(&record.body).unwrap();
            body.minted = *now;
            Answer::Loaded(Loaded::Live(Record { body: body.encode().into(), ..record }))
        }
        (_, answer) => answer,
    }
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
        (Some(Mutation::DeleteByKeyAlone), Question::Delete { key, now, .. }) => {
            match world.store.slots.get(key) {
                Some(Slot::Live { record, .. }) => {
                    let version = record.version;
                    world.store.ask(&Question::Delete { key: *key, version, now: *now })
                }
                _ => Answer::Deleted(Updated::Gone),
            }
        }
        (Some(Mutation::DeleteNeedsVerifier), Question::Delete { key, .. }) => {
            let presented = world.requests[by].carried.map(|cookie| world.cookies[cookie].verifier);
            let has = match world.store.slots.get(key) {
                Some(Slot::Live { record, .. }) => Body::decode(&record.body).map(|body| body.verifier),
                _ => None,
            };
            if has == presented { world.store.ask(question) } else { Answer::Deleted(Updated::Gone) }
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
