//! The store as it answers; and ten mistakes, made at the walker's boundary, each of which the walk must find.

use crate::record::body::Body;
use crate::record::store::{Loaded, Record, StoreReply, StoreRequest, TOMBSTONE_SECONDS, Updated};
use crate::response::outgoing::Outgoing;
use crate::stored::model::Slot;
use crate::stored::model_check::run::World;
use crate::stored::step::Pending;

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
pub(super) fn loaded(
    mutation: Option<Mutation>,
    question: &StoreRequest,
    answer: StoreReply,
) -> StoreReply {
    let StoreRequest::Load { now, .. } = question else {
        return answer;
    };
    match (mutation, answer) {
        (Some(Mutation::EndlessTombstone), StoreReply::Loaded(Loaded::Dead { .. })) => {
            StoreReply::Loaded(Loaded::Dead {
                expires: now + TOMBSTONE_SECONDS,
            })
        }
        (Some(Mutation::ShortTombstone), StoreReply::Loaded(Loaded::Dead { .. })) => {
            StoreReply::Loaded(Loaded::Absent)
        }
        (Some(Mutation::AlwaysJustMinted), StoreReply::Loaded(Loaded::Live(record))) => {
            let mut body = Body::decode(&record.body).unwrap();
            body.verifier_created = *now;
            StoreReply::Loaded(Loaded::Live(Record {
                body: body.encode().into(),
                ..record
            }))
        }
        (_, answer) => answer,
    }
}

pub(super) fn ask(world: &mut World<'_>, by: usize, question: &StoreRequest) -> StoreReply {
    match (world.mutation, question) {
        (
            Some(Mutation::NewestWriteOnly | Mutation::UntoldRepetition),
            StoreRequest::Update {
                key,
                version,
                record,
                now,
            },
        ) => {
            let record = newest_only(record);
            world.store.ask(&StoreRequest::Update {
                key: *key,
                version: *version,
                record,
                now: *now,
            })
        }
        (Some(Mutation::NoTombstone), StoreRequest::Delete { key, .. }) => {
            let answer = world.store.ask(question);
            world.store.slots.remove(key);
            answer
        }
        (Some(Mutation::DeleteByKeyAlone), StoreRequest::Delete { key, now, .. }) => {
            match world.store.slots.get(key) {
                Some(Slot::Live { record, .. }) => {
                    let version = record.version;
                    world.store.ask(&StoreRequest::Delete {
                        key: *key,
                        version,
                        now: *now,
                    })
                }
                _ => StoreReply::Deleted(Updated::Gone),
            }
        }
        (Some(Mutation::DeleteNeedsVerifier), StoreRequest::Delete { key, .. }) => {
            let presented = world.requests[by]
                .carried
                .map(|cookie| world.cookies[cookie].verifier);
            let has = match world.store.slots.get(key) {
                Some(Slot::Live { record, .. }) => {
                    Body::decode(&record.body).map(|body| body.verifier)
                }
                _ => None,
            };
            if has == presented {
                world.store.ask(question)
            } else {
                StoreReply::Deleted(Updated::Gone)
            }
        }
        _ => world.store.ask(question),
    }
}

/// The answer to this question is lost.
pub(super) fn mark_retried(mutation: Option<Mutation>, ask: &mut Pending<Outgoing>) {
    if mutation != Some(Mutation::UntoldRepetition) {
        ask.mark_retried();
    }
}

fn newest_only(record: &Record) -> Record {
    let mut body = Body::decode(&record.body).unwrap();
    body.recent_writes.truncate(1);
    Record {
        body: body.encode().into(),
        ..record.clone()
    }
}
