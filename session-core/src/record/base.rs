//! The origin of a stored session: a live record, or the reason why there is none.

use crate::data::map::Map;
use crate::error::Rejected;
use crate::record::at_rest::{RecordContext, StoredBody};
use crate::record::body::{Body, VerifierMatch};
use crate::record::id::{Id, VerifierHash};
use crate::record::store::{Loaded, Record, StoreReply, TOMBSTONE_SECONDS};
use crate::record_key::RecordKey;
use crate::token::lifetime::Lifetime;
use crate::token::record_codec::RecordCodec;

/// The origin of a stored session.
#[derive(Debug, Default)]
pub(crate) enum LoadedFrom {
    /// No record. Always so if the session is in its cookie.
    #[default]
    None,
    /// A record, and the id that opened it.
    Live(Box<LiveRecord>),
    /// A valid id that is no longer accepted because of its times: it is too old, was idle for too
    /// long, was revoked, or comes from a clock that is ahead. Another server, with another clock,
    /// may still accept it.
    Expired(Box<Id>),
    /// A valid id that opened no record when the request began.
    Refused {
        /// Of the id.
        key: RecordKey,
        /// Whether there is a record: it has another verifier, or cannot be read.
        record_exists: bool,
        /// Whether the session was ended, or its id replaced, less than [`RECENT_SECONDS`] ago. A
        /// newer id may then be on its way to the browser, so this request sets no cookie unless
        /// its user logs in.
        recent: bool,
        /// The record, if the id is one that a periodic renewal replaced and that is no longer
        /// accepted.
        reused: Option<Box<LiveRecord>>,
    },
    /// The store did not reply.
    Unavailable,
}

/// An id that opens no record sets no cookie for this many seconds after its session was ended or
/// its id replaced. Within them, the response that carries the newer id, of a login for instance,
/// may still be on its way to the browser.
pub(crate) const RECENT_SECONDS: u64 = 10;

/// Why an id opens no record.
pub(crate) struct Unopened {
    pub(crate) loaded_from: LoadedFrom,
    /// The reason for the application, except where the store did not reply.
    pub(crate) rejected: Option<Rejected>,
}

impl LoadedFrom {
    /// Reads the store's reply to the load for this id. Returns the live record that the id opens,
    /// with its content.
    ///
    /// # Errors
    /// Why the id opens nothing.
    pub(crate) fn from_reply(
        records: &RecordCodec,
        reply: StoreReply,
        id: Id,
        key: RecordKey,
        now: u64,
    ) -> Result<(Box<LiveRecord>, Map), Unopened> {
        let record = match reply {
            StoreReply::Loaded(Loaded::Live(record)) => record,
            StoreReply::Loaded(Loaded::Tombstone { expires }) => {
                // A tombstone ends this long after the deletion.
                let ended = expires.saturating_sub(TOMBSTONE_SECONDS);
                return Err(Unopened::new(key, false, ended, now, Rejected::Gone));
            }
            StoreReply::Loaded(Loaded::NotFound) => {
                // There never was a record, or it ended longer ago than a tombstone lasts.
                return Err(Unopened::new(key, false, 0, now, Rejected::Unknown));
            }
            _ => {
                return Err(Unopened {
                    loaded_from: Self::Unavailable,
                    rejected: None,
                });
            }
        };
        Self::from_record(records, record, id, key, now)
    }

    fn from_record(
        records: &RecordCodec,
        record: Record,
        id: Id,
        key: RecordKey,
        now: u64,
    ) -> Result<(Box<LiveRecord>, Map), Unopened> {
        // The body says when the verifier was generated. If it cannot be read, the last write is
        // the latest possible time.
        let seen = record.seen;
        let Some((decoded, map)) = Decoded::read(records, key, record, now) else {
            return Err(Unopened::new(key, true, seen, now, Rejected::Unreadable));
        };
        let presented = id.verifier_hash();
        let matched = decoded.body.match_verifier(&presented, now);
        let verifier_created = decoded.body.verifier_created;
        let live = Box::new(LiveRecord {
            id,
            key,
            presented,
            decoded,
        });
        if matched.is_valid() {
            return Ok((live, map));
        }
        let mut unopened = Unopened::new(key, true, verifier_created, now, Rejected::Gone);
        if let Self::Refused { reused, .. } = &mut unopened.loaded_from
            && matched == VerifierMatch::Reused
        {
            *reused = Some(live);
        }
        Err(unopened)
    }

    /// Returns the key of the record that the id names, which may not exist any more.
    pub(crate) fn record_key(&self) -> Option<RecordKey> {
        match self {
            Self::Live(live) => Some(live.key),
            Self::Refused { key, .. } => Some(*key),
            Self::Expired(id) => Some(id.record_key()),
            Self::None | Self::Unavailable => None,
        }
    }

    /// Returns the record if its id was replaced by a periodic renewal and is used too late.
    pub(crate) fn reused(&self) -> Option<&LiveRecord> {
        match self {
            Self::Refused { reused, .. } => reused.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

impl Unopened {
    /// A refused id. `since`: the second since which it opens nothing.
    fn new(key: RecordKey, record_exists: bool, since: u64, now: u64, rejected: Rejected) -> Self {
        // The clocks of two servers may differ, so a little in the future is recent as well. A
        // second far in the future is not.
        let recent = now.abs_diff(since) < RECENT_SECONDS;
        Self {
            loaded_from: LoadedFrom::Refused {
                key,
                record_exists,
                recent,
                reused: None,
            },
            rejected: Some(rejected),
        }
    }
}

/// A record that lives, and the id that found it.
#[derive(Debug)]
pub(crate) struct LiveRecord {
    pub(crate) id: Id,
    /// Of the id.
    pub(crate) key: RecordKey,
    /// The hash of the id's verifier.
    pub(crate) presented: VerifierHash,
    pub(crate) decoded: Decoded,
}

/// A live record with its body decoded.
#[derive(Debug, Clone)]
pub(crate) struct Decoded {
    pub(crate) record: Record,
    pub(crate) body: Body,
    /// Whether the current configuration would write the body differently: encrypted or plain, or
    /// with another key.
    pub(crate) outdated: bool,
    /// Whether the body is encrypted, and its end with it. The record is then extended by a write.
    pub(crate) encrypted: bool,
}

impl Decoded {
    /// Decodes a record, and returns its content as well. Returns `None` if the core cannot read
    /// the body.
    pub(crate) fn read(
        records: &RecordCodec,
        key: RecordKey,
        mut record: Record,
        now: u64,
    ) -> Option<(Self, Map)> {
        let context = RecordContext {
            key,
            created: record.created,
            user: record.user.as_deref(),
            label: record.label.as_deref(),
        };
        let StoredBody {
            body,
            outdated,
            expires,
        } = records.decode(&record.body, context, now)?;
        // The column is not encrypted: an attacker who can write to the store must not lengthen a
        // session by it.
        if let Some(expires) = expires {
            record.expires = record.expires.min(expires);
        }
        let map = body.map()?;
        let decoded = Self {
            record,
            body,
            outdated,
            encrypted: expires.is_some(),
        };
        Some((decoded, map))
    }

    /// Whether the session has been idle for too long. The record's `expires` is not enough: it
    /// never decreases, not even if the session's lifetime became shorter.
    pub(crate) fn is_idle(&self, lifetime: &Lifetime, now: u64) -> bool {
        let end = self.record.seen.saturating_add(self.body.idle(lifetime));
        self.record.expires.min(end) <= now
    }
}
