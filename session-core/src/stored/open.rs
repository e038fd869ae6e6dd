//! The beginning of a request on a stored session: at most one question.
//!
//! | what came | asked | the session is | its base |
//! |---|---|---|---|
//! | no cookie; one that is forged, or past what its stamp allows | | empty, new | none |
//! | an id of ours, whose record is absent or expired | load | empty, new | none |
//! | an id whose record was ended, has another verifier, or cannot be read | load | empty, new | refused |
//! | an id that opens its record | load | the record's | live |
//! | an id, and the store does not answer | load | empty, takes no change | degraded |
//!
//! Which of them may write what, and set a cookie, stands in [`close`](super::close).

use std::sync::Arc;

use http::HeaderValue;

use super::Stored;
use super::body::{Body, Opens};
use super::id::{Id, VerifierHash};
use super::question::{Answer, Loaded, Question, Record, RecordKey, TOMBSTONE_SECONDS};
use super::rest::{Kept, Place};
use crate::error::Rejected;
use crate::map::Map;
use crate::session::Session;
use crate::sessions::Core;
use crate::state::Origin;
use crate::step::Step;
use crate::wire::stamp::Stamp;

/// What a session was opened from.
#[derive(Debug)]
pub(crate) enum Base {
    /// No record; in a cookie session always.
    None,
    /// A record, and the id that opened it.
    Live(Box<Live>),
    /// An id of ours that opened nothing when the request began.
    Refused {
        /// Of the id.
        key: RecordKey,
        /// Whether a login may be under way in the browser that sent it, so that this request sets no cookie.
        mute: bool,
        /// Its record, if it is a renewed id that is used too late.
        reused: Option<Box<Live>>,
    },
    /// The store did not answer.
    Degraded,
}

/// For so many seconds after its session was ended or its id replaced, an id that opens nothing keeps its request mute: the
/// response that carries a newer id, of a login perhaps, may still be on its way to the browser.
pub(crate) const MUTE_SECONDS: u64 = 10;

impl Base {
    /// An id that opens nothing since that second. The clocks of two servers may differ: a second far in the future is no
    /// reason to stay mute.
    fn refused(key: RecordKey, since: u64, now: u64, reused: Option<Box<Live>>) -> Self {
        Self::Refused { key, mute: now.abs_diff(since) < MUTE_SECONDS, reused }
    }

    /// Where the record lies that the id names, as far as it may still be there.
    pub(crate) fn record_key(&self) -> Option<RecordKey> {
        match self {
            Self::Live(live) => Some(live.key),
            Self::Refused { key, .. } => Some(*key),
            Self::None | Self::Degraded => None,
        }
    }

    /// The record of a renewed id that is used too late.
    pub(super) fn reused(&self) -> Option<&Live> {
        match self {
            Self::Refused { reused, .. } => reused.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_degraded(&self) -> bool {
        matches!(self, Self::Degraded)
    }
}

#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) id: Id,
    /// Of the id.
    pub(crate) key: RecordKey,
    /// Of the id's verifier.
    pub(crate) presented: VerifierHash,
    pub(crate) current: Current,
}

/// A live record and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub(crate) record: Record,
    pub(crate) body: Body,
    /// Whether it would be kept otherwise today: sealed, or with another key.
    pub(crate) outdated: bool,
    /// Whether the second at which it expires is sealed, so that it is extended by a write.
    pub(crate) sealed: bool,
}

impl Current {
    /// `None` when the core cannot read its own bytes.
    pub(crate) fn read(core: &Core, key: RecordKey, mut record: Record, now: u64) -> Option<(Self, Map)> {
        let (owner, label) = (record.owner.as_deref(), record.label.as_deref());
        let place = Place { key, created: record.created, owner, label };
        let Kept { body, outdated, expires } = core.keys().records.read(&record.body, place, now)?;
        if let Some(expires) = expires {
            record.expires = record.expires.min(expires);
        }
        let map = body.map()?;
        Some((Self { record, body, outdated, sealed: expires.is_some() }, map))
    }

    /// Whether the session has been idle for too long. The record's own end alone does not tell: it never comes earlier, also
    /// where the session has become one with a shorter lifetime.
    pub(super) fn is_idle(&self, core: &Core, now: u64) -> bool {
        let end = self.record.seen.saturating_add(self.body.idle(&core.lifetime));
        self.record.expires.min(end) <= now
    }
}

impl Stored {
    /// `then` makes the result of the session, so that a question is asked but once.
    pub(crate) fn open<'a, I: Iterator<Item = &'a HeaderValue>, T: 'static>(
        &self,
        core: &Arc<Core>,
        headers: impl Fn() -> I,
        then: impl FnOnce(Session) -> T + Send + 'static,
    ) -> Step<T> {
        let now = core.now().as_secs();
        let (mut origin, mut opened) = (Origin::NONE, None);
        let found = core.first(headers, &mut origin, now, |wires, _, value| {
            let (id, stamp, by) = Id::open(wires.signer(), value, &core.lifetime, now)?;
            opened = Some((id, stamp));
            Ok((by, stamp.created))
        });
        let core = core.clone();
        let Some((id, stamp)) = opened.filter(|_| found) else {
            return Step::Done(then(Session::new(core, origin, Map::default().recording(), now)));
        };
        let key = id.key();
        Step::ask(Question::Load { key, now }, self.open_within, move |answer, _| {
            let map = origin.learn(&core, answer, id, key, stamp, now);
            Step::Done(then(Session::new(core, origin, map, now)))
        })
    }
}

impl Origin {
    /// What the record says about the id that was accepted; its content.
    fn learn(&mut self, core: &Core, answer: Answer, id: Id, key: RecordKey, stamp: Stamp, now: u64) -> Map {
        let nothing = Map::default().recording();
        let (base, why) = match answer {
            Answer::Loaded(Loaded::Live(record)) => match open(core, record, id, key, stamp, now) {
                Ok((live, stamp, map)) => {
                    (self.stamp, self.base) = (Some(stamp), Base::Live(live));
                    return map;
                }
                Err((base, why)) => (base, Some(why)),
            },
            Answer::Loaded(Loaded::Dead { expires }) => {
                let ended = expires.saturating_sub(TOMBSTONE_SECONDS);
                (Base::refused(key, ended, now, None), Some(Rejected::Gone))
            }
            Answer::Loaded(Loaded::Absent) => (Base::None, Some(Rejected::Unknown)),
            _ => (Base::Degraded, None),
        };
        (self.base, self.rejected) = (base, why);
        nothing
    }
}

/// A live record, if this id opens it.
fn open(
    core: &Core,
    record: Record,
    id: Id,
    key: RecordKey,
    stamp: Stamp,
    now: u64,
) -> Result<(Box<Live>, Stamp, Map), (Base, Rejected)> {
    // When its id was minted is not known, but it was not after this.
    let unreadable = (Base::refused(key, record.seen, now, None), Rejected::Unreadable);
    let (current, map) = Current::read(core, key, record, now).ok_or(unreadable)?;
    let presented = id.hash();
    let opens = current.body.opens(&presented, now);
    if !opens.admits() {
        let minted = current.body.minted;
        let live = || Box::new(Live { id, key, presented, current });
        let reused = (opens == Opens::Reused).then(live);
        return Err((Base::refused(key, minted, now, reused), Rejected::Gone));
    }
    let Body { permanent, authenticated, epoch, .. } = current.body;
    let stamp = Stamp { permanent, authenticated, epoch, created: current.record.created, ..stamp };
    if current.is_idle(core, now) {
        return Err((Base::None, Rejected::Idle));
    }
    core.lifetime.check_start(&stamp, now).map_err(|why| (Base::None, why))?;
    Ok((Box::new(Live { id, key, presented, current }), stamp, map))
}
