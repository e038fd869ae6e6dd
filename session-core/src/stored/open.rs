//! The beginning of a request on a stored session: at most one request to the store.
//!
//! | the cookie | request | the session | `loaded_from` |
//! |---|---|---|---|
//! | none, or a forged one | | empty, new | none |
//! | a valid id whose stamp is not valid at this time | | empty, new | expired |
//! | an id that opens its record, and the session has expired | load | empty, new | expired |
//! | an id whose record does not exist, or has another verifier, or cannot be read | load | empty, new | refused |
//! | an id that opens its record | load | the record's | live |
//! | an id, and the store does not reply | load | empty, takes no changes | unavailable |
//!
//! [`close`](super::close) says which of them may write, and set a cookie.

use std::sync::Arc;

use http::HeaderValue;

use crate::data::map::Map;
use crate::error::Rejected;
use crate::record::base::{Decoded, LoadedFrom};
use crate::record::id::Id;
use crate::record::policy::StorePolicy;
use crate::record::store::{StoreReply, StoreRequest};
use crate::record_key::RecordKey;
use crate::rules::open::{Candidate, Candidates};
use crate::session::handle::Session;
use crate::session::state::Incoming;
use crate::settings::Settings;
use crate::stored::step::Step;
use crate::token::stamp::Stamp;

/// Opens the session of a request with these Cookie headers.
pub(crate) fn open<'a, I: Iterator<Item = &'a HeaderValue>>(
    settings: &Arc<Settings>,
    policy: &StorePolicy,
    headers: impl Fn() -> I,
) -> Step<Session> {
    let now = settings.now().as_secs();
    let mut candidates = Candidates::default();
    let (name, mut incoming) = settings.find_cookies(headers, &mut candidates);
    let (mut valid, mut expired) = (None, None);
    let keys = settings.keys();
    for Candidate { value, .. } in candidates.iter().flatten() {
        let (id, stamp, freshness) = match Id::open(keys.of(name).signer(), value, now) {
            Ok(opened) => opened,
            Err(rejected) => {
                incoming.note_opened(value, Err(rejected));
                continue;
            }
        };
        // The id is valid, but its times or its cookie's name may still speak against it.
        let accepted = match settings.lifetime.check_start(&stamp, now) {
            Ok(()) => settings.accept(name, stamp.created, freshness, now),
            Err(rejected) => {
                // A logout ends the record of the first such id.
                expired.get_or_insert_with(|| id.clone());
                Err(rejected)
            }
        };
        if incoming.note_opened(value, accepted) {
            valid = Some((id, stamp));
            break;
        }
    }
    let settings = settings.clone();
    let Some((id, stamp)) = valid else {
        if let Some(id) = expired {
            incoming.loaded_from = LoadedFrom::Expired(Box::new(id));
        }
        let empty = Map::default().recording();
        return Step::Done(Session::new(settings, incoming, empty, now));
    };
    let key = id.record_key();
    let load = StoreRequest::Load { key, now };
    Step::request(load, policy.open_timeout, move |reply, _| {
        let map = incoming.apply_loaded(&settings, reply, id, key, stamp, now);
        Step::Done(Session::new(settings, incoming, map, now))
    })
}

impl Incoming {
    /// Sets what the store's reply says about the id. Returns the session's content.
    fn apply_loaded(
        &mut self,
        settings: &Settings,
        reply: StoreReply,
        id: Id,
        key: RecordKey,
        stamp: Stamp,
        now: u64,
    ) -> Map {
        let keys = settings.keys();
        match LoadedFrom::from_reply(&keys.records, reply, id, key, now) {
            Ok((live, map)) => match checked_stamp(settings, &live.decoded, stamp, now) {
                Ok(stamp) => {
                    self.stamp = Some(stamp);
                    self.loaded_from = LoadedFrom::Live(live);
                    return map;
                }
                Err(rejected) => {
                    self.rejected = Some(rejected);
                    self.loaded_from = LoadedFrom::Expired(Box::new(live.id));
                }
            },
            Err(unopened) => {
                self.rejected = unopened.rejected;
                self.loaded_from = unopened.loaded_from;
            }
        }
        Map::default().recording()
    }
}

/// Returns the session's stamp. Its fields are the record's, since the id may be older than the
/// last login; only the second of issue is the id's.
///
/// # Errors
/// The session has expired, or was revoked.
fn checked_stamp(
    settings: &Settings,
    decoded: &Decoded,
    stamp: Stamp,
    now: u64,
) -> Result<Stamp, Rejected> {
    if decoded.is_idle(&settings.lifetime, now) {
        return Err(Rejected::Idle);
    }
    let stamp = Stamp {
        permanent: decoded.body.permanent,
        issued: stamp.issued,
        created: decoded.record.created,
        authenticated: decoded.body.authenticated,
        epoch: decoded.body.epoch,
    };
    settings.lifetime.check_start(&stamp, now)?;
    Ok(stamp)
}
