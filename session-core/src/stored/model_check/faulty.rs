//! Mutations: ten mistakes, made between the core and the store or the browser. The model checker
//! must find each.

use crate::record::body::Body;
use crate::record::store::{Loaded, Record, StoreReply, StoreRequest, TOMBSTONE_SECONDS, Updated};
use crate::response::outgoing::Outgoing;
use crate::stored::model::Slot;
use crate::stored::model_check::state::State;
use crate::stored::step::Pending;

/// A mistake that the protocol avoids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    /// A response whose close touched the record sets the request's own cookie again.
    ResendOnTouch,
    /// A write id is the loaded version plus one, not a random number.
    CounterVersion,
    /// A record lists its newest write only.
    NewestWriteOnly,
    /// A record lists its newest write only, and the driver does not say that a request was sent
    /// before.
    UnmarkedRetry,
    /// A deleted record leaves no tombstone.
    NoTombstone,
    /// A record is deleted only if it still has the verifier that the request presented.
    DeleteNeedsVerifier,
    /// A record is deleted whatever its version.
    DeleteByKeyAlone,
    /// A tombstone never ends, and always looks new.
    EndlessTombstone,
    /// A verifier always looks as if it had just been generated.
    AlwaysJustMinted,
    /// A tombstone ends immediately.
    ShortTombstone,
}

/// Returns the reply to a load, with the mutation.
pub(super) fn loaded(
    mutation: Option<Mutation>,
    store_request: &StoreRequest,
    reply: StoreReply,
) -> StoreReply {
    let StoreRequest::Load { now, .. } = store_request else {
        return reply;
    };
    match (mutation, reply) {
        (Some(Mutation::EndlessTombstone), StoreReply::Loaded(Loaded::Tombstone { .. })) => {
            StoreReply::Loaded(Loaded::Tombstone {
                expires: now + TOMBSTONE_SECONDS,
            })
        }
        (Some(Mutation::ShortTombstone), StoreReply::Loaded(Loaded::Tombstone { .. })) => {
            StoreReply::Loaded(Loaded::NotFound)
        }
        (Some(Mutation::AlwaysJustMinted), StoreReply::Loaded(Loaded::Live(record))) => {
            let mut body = Body::decode(&record.body).unwrap();
            body.verifier_created = *now;
            StoreReply::Loaded(Loaded::Live(Record {
                body: body.encode().into(),
                ..record
            }))
        }
        (_, reply) => reply,
    }
}

pub(super) fn execute(
    state: &mut State<'_>,
    by: usize,
    store_request: &StoreRequest,
) -> StoreReply {
    match (state.mutation, store_request) {
        (
            Some(Mutation::NewestWriteOnly | Mutation::UnmarkedRetry),
            StoreRequest::Update {
                key,
                version,
                record,
                now,
            },
        ) => {
            let record = newest_only(record);
            state.store.execute(&StoreRequest::Update {
                key: *key,
                version: *version,
                record,
                now: *now,
            })
        }
        (Some(Mutation::NoTombstone), StoreRequest::Delete { key, .. }) => {
            let reply = state.store.execute(store_request);
            state.store.slots.remove(key);
            reply
        }
        (Some(Mutation::DeleteByKeyAlone), StoreRequest::Delete { key, now, .. }) => {
            match state.store.slots.get(key) {
                Some(Slot::Live { record, .. }) => {
                    let version = record.version;
                    state.store.execute(&StoreRequest::Delete {
                        key: *key,
                        version,
                        now: *now,
                    })
                }
                _ => StoreReply::Deleted(Updated::Gone),
            }
        }
        (Some(Mutation::DeleteNeedsVerifier), StoreRequest::Delete { key, .. }) => {
            let presented = state.requests[by]
                .carried
                .map(|cookie| state.cookies[cookie].verifier);
            let has = match state.store.slots.get(key) {
                Some(Slot::Live { record, .. }) => {
                    Body::decode(&record.body).map(|body| body.verifier)
                }
                _ => None,
            };
            if has == presented {
                state.store.execute(store_request)
            } else {
                StoreReply::Deleted(Updated::Gone)
            }
        }
        _ => state.store.execute(store_request),
    }
}

/// The reply to this request is lost.
pub(super) fn mark_retried(mutation: Option<Mutation>, pending: &mut Pending<Outgoing>) {
    if mutation != Some(Mutation::UnmarkedRetry) {
        pending.mark_retried();
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
