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

use std::sync::Arc;

use http::HeaderValue;

use crate::data::map::Map;
use crate::error::Rejected;
use crate::record::at_rest::{Kept, Place};
use crate::record::body::{Body, Opens};
use crate::record::id::{Id, VerifierHash};
use crate::record::policy::Stored;
use crate::record::store::{
    Loaded, Record, RecordKey, StoreReply, StoreRequest, TOMBSTONE_SECONDS,
};
use crate::session::handle::Session;
use crate::session::state::Origin;
use crate::sessions::Core;
use crate::stored::step::Step;
use crate::token::stamp::Stamp;

/// What a session was opened from.
#[derive(Debug)]
pub(crate) enum Base {
    /// No record; in a cookie session always.
    None,
    /// A record, and the id that opened it.
    Live(Box<Live>),
    /// An id of ours that times alone speak against: too old, idle for too long, revoked, or of a clock that is ahead. Its
    /// record may be open to it at another server.
    Untimely(Box<Id>),
    /// An id of ours that opened nothing when the request began.
    Refused {
        /// Of the id.
        key: RecordKey,
        /// Whether there is a record, which has another verifier or cannot be read.
        lives: bool,
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
    /// What lies under the key of this id, by what the store answered: a record that is open to it, with its content; or why not.
    pub(crate) fn of(
        core: &Core,
        answer: StoreReply,
        id: Id,
        key: RecordKey,
        now: u64,
    ) -> Result<(Box<Live>, Map), (Self, Option<Rejected>)> {
        let refused = |lives, since| Self::Refused {
            key,
            lives,
            mute: is_mute(since, now),
            reused: None,
        };
        let record = match answer {
            StoreReply::Loaded(Loaded::Live(record)) => record,
            StoreReply::Loaded(Loaded::Dead { expires }) => {
                let ended = expires.saturating_sub(TOMBSTONE_SECONDS);
                return Err((refused(false, ended), Some(Rejected::Gone)));
            }
            StoreReply::Loaded(Loaded::Absent) => {
                return Err((refused(false, 0), Some(Rejected::Unknown)));
            }
            _ => return Err((Self::Degraded, None)),
        };
        // When its id was minted is not known, but it was not after this.
        let unreadable = (refused(true, record.seen), Some(Rejected::Unreadable));
        let (current, map) = Current::read(core, key, record, now).ok_or(unreadable)?;
        let presented = id.hash();
        let (opens, minted) = (current.body.opens(&presented, now), current.body.minted);
        let live = Box::new(Live {
            id,
            key,
            presented,
            current,
        });
        if opens.admits() {
            return Ok((live, map));
        }
        let reused = (opens == Opens::Reused).then_some(live);
        let base = Self::Refused {
            key,
            lives: true,
            mute: is_mute(minted, now),
            reused,
        };
        Err((base, Some(Rejected::Gone)))
    }

    /// Where the record lies that the id names, as far as it may still be there.
    pub(crate) fn record_key(&self) -> Option<RecordKey> {
        match self {
            Self::Live(live) => Some(live.key),
            Self::Refused { key, .. } => Some(*key),
            Self::Untimely(id) => Some(id.key()),
            Self::None | Self::Degraded => None,
        }
    }

    /// The record of a renewed id that is used too late.
    pub(crate) fn reused(&self) -> Option<&Live> {
        match self {
            Self::Refused { reused, .. } => reused.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_unavailable(&self) -> bool {
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
    /// Whether it would be kept otherwise today: encrypted, or with another key.
    pub(crate) outdated: bool,
    /// Whether the second at which it expires is encrypted, so that it is extended by a write.
    pub(crate) encrypted: bool,
}

impl Current {
    /// `None` when the core cannot read its own bytes.
    pub(crate) fn read(
        core: &Core,
        key: RecordKey,
        mut record: Record,
        now: u64,
    ) -> Option<(Self, Map)> {
        let (user, label) = (record.user.as_deref(), record.label.as_deref());
        let place = Place {
            key,
            created: record.created,
            user,
            label,
        };
        let Kept {
            body,
            outdated,
            expires,
        } = core.keys().records.read(&record.body, place, now)?;
        if let Some(expires) = expires {
            record.expires = record.expires.min(expires);
        }
        let map = body.map()?;
        Some((
            Self {
                record,
                body,
                outdated,
                encrypted: expires.is_some(),
            },
            map,
        ))
    }

    /// Whether the session has been idle for too long. The record's own end alone does not tell: it never comes earlier, also
    /// where the session has become one with a shorter lifetime.
    pub(crate) fn is_idle(&self, core: &Core, now: u64) -> bool {
        let end = self
            .record
            .seen
            .saturating_add(self.body.idle(&core.lifetime));
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
        let (mut origin, mut opened, mut untimely) = (Origin::NONE, None, None);
        let found = core.first(headers, &mut origin, now, |wires, _, value| {
            let (id, stamp, by) = Id::open(wires.signer(), value, now)?;
            if let Err(why) = core.lifetime.check_start(&stamp, now) {
                untimely.get_or_insert(id);
                return Err(why);
            }
            opened = Some((id, stamp));
            Ok((by, stamp.created))
        });
        let core = core.clone();
        let Some((id, stamp)) = opened.filter(|_| found) else {
            origin.base = untimely.map_or(Base::None, |id| Base::Untimely(Box::new(id)));
            return Step::Done(then(Session::new(
                core,
                origin,
                Map::default().recording(),
                now,
            )));
        };
        let key = id.key();
        Step::ask(
            StoreRequest::Load { key, now },
            self.open_within,
            move |answer, _| {
                let map = origin.learn(&core, answer, id, key, stamp, now);
                Step::Done(then(Session::new(core, origin, map, now)))
            },
        )
    }
}

/// Whether an id that opens nothing since that second keeps its request mute. The clocks of two servers may differ: a second
/// far in the future is no reason.
fn is_mute(since: u64, now: u64) -> bool {
    now.abs_diff(since) < MUTE_SECONDS
}

impl Origin {
    /// What the record says about the id that was accepted; its content.
    fn learn(
        &mut self,
        core: &Core,
        answer: StoreReply,
        id: Id,
        key: RecordKey,
        stamp: Stamp,
        now: u64,
    ) -> Map {
        let (base, why) = match Base::of(core, answer, id, key, now) {
            Ok((live, map)) => match stamp_of(core, &live.current, stamp, now) {
                Ok(stamp) => {
                    (self.stamp, self.base) = (Some(stamp), Base::Live(live));
                    return map;
                }
                Err(why) => (Base::Untimely(Box::new(live.id)), Some(why)),
            },
            Err(refused) => refused,
        };
        (self.base, self.rejected) = (base, why);
        Map::default().recording()
    }
}

/// The session's stamp: of its record where that knows better than the id. An error if times speak against the session.
fn stamp_of(core: &Core, current: &Current, stamp: Stamp, now: u64) -> Result<Stamp, Rejected> {
    let Body {
        permanent,
        authenticated,
        epoch,
        ..
    } = current.body;
    let stamp = Stamp {
        permanent,
        authenticated,
        epoch,
        created: current.record.created,
        ..stamp
    };
    if current.is_idle(core, now) {
        return Err(Rejected::Idle);
    }
    core.lifetime.check_start(&stamp, now)?;
    Ok(stamp)
}
