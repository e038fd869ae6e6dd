//! The beginning of a request on a stored session: at most one question.
//!
//! | what came | asked | the session is | its base |
//! |---|---|---|---|
//! | no cookie, or one that is forged | | empty, new | none |
//! | an id of ours, past or before what its stamp allows | | empty, new | untimely |
//! | an id that opens its record, and that has expired | load | empty, new | untimely |
//! | an id of ours, whose record is absent | load | empty, new | none |
//! | an id whose record was ended, has another verifier, or cannot be read | load | empty, new | refused |
//! | an id that opens its record | load | the record's | live |
//! | an id, and the store does not answer | load | empty, takes no change | degraded |
//!
//! Which of them may write what, and set a cookie, stands in [`close`](super::close).

use crate::record::base::Decoded;
use crate::record::base::LoadedFrom;
use std::sync::Arc;

use http::HeaderValue;

use crate::data::map::Map;
use crate::error::Rejected;
use crate::record::body::Body;
use crate::record::id::Id;
use crate::record::policy::Stored;
use crate::record::store::{StoreReply, StoreRequest};
use crate::record_key::RecordKey;
use crate::rules::open::Candidate;
use crate::session::handle::Session;
use crate::session::state::Incoming;
use crate::settings::Settings;
use crate::stored::step::Step;
use crate::token::stamp::Stamp;

impl Stored {
    /// `then` makes the result of the session, so that a question is asked but once.
    pub(crate) fn open<'a, I: Iterator<Item = &'a HeaderValue>, T: 'static>(
        &self,
        settings: &Arc<Settings>,
        headers: impl Fn() -> I,
        then: impl FnOnce(Session) -> T + Send + 'static,
    ) -> Step<T> {
        let now = settings.now().as_secs();
        let candidates = settings.candidates(headers);
        let (mut incoming, mut opened, mut untimely) = (candidates.incoming(), None, None);
        let keys = settings.keys();
        for Candidate { name, value, .. } in candidates.tried() {
            let found = match Id::open(keys.of(*name).signer(), value, now) {
                Ok(found) => found,
                Err(rejected) => {
                    incoming.note_opened(value, Err(rejected));
                    continue;
                }
            };
            let (id, stamp, freshness) = found;
            let accepted = match settings.lifetime.check_start(&stamp, now) {
                Ok(()) => settings.accept(*name, stamp.created, freshness, now),
                Err(rejected) => {
                    untimely.get_or_insert_with(|| id.clone());
                    Err(rejected)
                }
            };
            if incoming.note_opened(value, accepted) {
                opened = Some((id, stamp));
                break;
            }
        }
        let settings = settings.clone();
        let Some((id, stamp)) = opened else {
            incoming.loaded_from =
                untimely.map_or(LoadedFrom::None, |id| LoadedFrom::Untimely(Box::new(id)));
            return Step::Done(then(Session::new(
                settings,
                incoming,
                Map::default().recording(),
                now,
            )));
        };
        let key = id.key();
        Step::ask(
            StoreRequest::Load { key, now },
            self.open_within,
            move |answer, _| {
                let map = incoming.learn(&settings, answer, id, key, stamp, now);
                Step::Done(then(Session::new(settings, incoming, map, now)))
            },
        )
    }
}

impl Incoming {
    /// What the record says about the id that was accepted; its content.
    fn learn(
        &mut self,
        settings: &Settings,
        answer: StoreReply,
        id: Id,
        key: RecordKey,
        stamp: Stamp,
        now: u64,
    ) -> Map {
        let (base, why) = match LoadedFrom::of(&settings.keys().records, answer, id, key, now) {
            Ok((live, map)) => match stamp_of(settings, &live.decoded, stamp, now) {
                Ok(stamp) => {
                    (self.stamp, self.loaded_from) = (Some(stamp), LoadedFrom::Live(live));
                    return map;
                }
                Err(why) => (LoadedFrom::Untimely(Box::new(live.id)), Some(why)),
            },
            Err(refused) => refused,
        };
        (self.loaded_from, self.rejected) = (base, why);
        Map::default().recording()
    }
}

/// The session's stamp: of its record where that knows better than the id. An error if times speak against the session.
fn stamp_of(
    settings: &Settings,
    decoded: &Decoded,
    stamp: Stamp,
    now: u64,
) -> Result<Stamp, Rejected> {
    let Body {
        permanent,
        authenticated,
        epoch,
        ..
    } = decoded.body;
    let stamp = Stamp {
        permanent,
        authenticated,
        epoch,
        created: decoded.record.created,
        ..stamp
    };
    if decoded.is_idle(&settings.lifetime, now) {
        return Err(Rejected::Idle);
    }
    settings.lifetime.check_start(&stamp, now)?;
    Ok(stamp)
}
