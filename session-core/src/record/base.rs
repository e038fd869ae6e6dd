//! What a stored session was loaded from.

use crate::data::map::Map;
use crate::error::Rejected;
use crate::record::at_rest::{Kept, Place};
use crate::record::body::{Body, VerifierMatch};
use crate::record::id::{Id, VerifierHash};
use crate::record::store::{Loaded, Record, StoreReply, TOMBSTONE_SECONDS};
use crate::record_key::RecordKey;
use crate::token::lifetime::Lifetime;
use crate::token::record_codec::RecordCodec;

/// What a session was opened from.
#[derive(Debug)]
pub(crate) enum LoadedFrom {
    /// No record; in a cookie session always.
    None,
    /// A record, and the id that opened it.
    Live(Box<LiveRecord>),
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
        reused: Option<Box<LiveRecord>>,
    },
    /// The store did not answer.
    Degraded,
}

/// For so many seconds after its session was ended or its id replaced, an id that opens nothing keeps its request mute: the
/// response that carries a newer id, of a login perhaps, may still be on its way to the browser.
pub(crate) const MUTE_SECONDS: u64 = 10;

impl LoadedFrom {
    /// What lies under the key of this id, by what the store answered: a record that is open to it, with its content; or why not.
    pub(crate) fn of(
        records: &RecordCodec,
        answer: StoreReply,
        id: Id,
        key: RecordKey,
        now: u64,
    ) -> Result<(Box<LiveRecord>, Map), (Self, Option<Rejected>)> {
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
        let (decoded, map) = Decoded::read(records, key, record, now).ok_or(unreadable)?;
        let presented = id.hash();
        let (opens, minted) = (decoded.body.opens(&presented, now), decoded.body.minted);
        let live = Box::new(LiveRecord {
            id,
            key,
            presented,
            decoded,
        });
        if opens.admits() {
            return Ok((live, map));
        }
        let reused = (opens == VerifierMatch::Reused).then_some(live);
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
    pub(crate) fn reused(&self) -> Option<&LiveRecord> {
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
pub(crate) struct LiveRecord {
    pub(crate) id: Id,
    /// Of the id.
    pub(crate) key: RecordKey,
    /// Of the id's verifier.
    pub(crate) presented: VerifierHash,
    pub(crate) decoded: Decoded,
}

/// A live record and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Decoded {
    pub(crate) record: Record,
    pub(crate) body: Body,
    /// Whether it would be kept otherwise today: encrypted, or with another key.
    pub(crate) outdated: bool,
    /// Whether the second at which it expires is encrypted, so that it is extended by a write.
    pub(crate) encrypted: bool,
}

impl Decoded {
    /// `None` when the core cannot read its own bytes.
    pub(crate) fn read(
        records: &RecordCodec,
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
        } = records.read(&record.body, place, now)?;
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
    pub(crate) fn is_idle(&self, lifetime: &Lifetime, now: u64) -> bool {
        let end = self.record.seen.saturating_add(self.body.idle(lifetime));
        self.record.expires.min(end) <= now
    }
}

/// Whether an id that opens nothing since that second keeps its request mute. The clocks of two servers may differ: a second
/// far in the future is no reason.
fn is_mute(since: u64, now: u64) -> bool {
    now.abs_diff(since) < MUTE_SECONDS
}
