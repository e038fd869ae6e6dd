//! The plainest store that keeps the contract: one map, an index that it does not need, no garbage collection. With a [`Bug`] it
//! breaks the contract in one place.

use std::collections::BTreeMap;
use std::sync::Mutex;

use session_core::{
    RecordKey,
    protocol::{Loaded, Record, TOMBSTONE_SECONDS},
};
use session_store::StoreError;
use tokio::task::yield_now;

use super::bug::Bug;

pub(super) type Key = Vec<u8>;

pub(super) struct Plain {
    pub(super) bug: Option<Bug>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) slots: BTreeMap<Key, Slot>,
    /// The index: for each user the keys, each with the time until which its entry lasts.
    pub(super) notes: BTreeMap<String, BTreeMap<Key, (RecordKey, u64)>>,
    pub(super) orders: u64,
    latest: u64,
}

#[derive(Clone)]
pub(super) enum Slot {
    Record {
        record: Record,
        order: u64,
        before: Option<Record>,
    },
    Tombstone {
        until: u64,
        user: Option<String>,
    },
}

impl Plain {
    pub(super) fn new(bug: Option<Bug>) -> Self {
        Self {
            bug,
            state: Mutex::default(),
        }
    }

    pub(super) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(super) fn with<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        run(&mut self.state.lock().unwrap())
    }

    /// Between a check and what follows from it.
    pub(super) async fn gap(&self, bug: Bug) {
        if self.has(bug) {
            for _ in 0..3 {
                yield_now().await;
            }
        }
    }

    pub(super) fn key(&self, key: RecordKey) -> Key {
        let bytes = key.as_bytes();
        match self.bug {
            Some(Bug::KeyCut) => bytes[..16].to_vec(),
            Some(Bug::KeyAsText) => String::from_utf8_lossy(bytes).into_owned().into_bytes(),
            Some(Bug::KeyEndsAtNul) => bytes.split(|byte| *byte == 0).next().unwrap().to_vec(),
            _ => bytes.to_vec(),
        }
    }

    pub(super) fn user(&self, user: &str) -> String {
        match self.bug {
            Some(Bug::UserFolded) => user.to_lowercase(),
            Some(Bug::UserTrimmed) => user.trim_end().to_owned(),
            Some(Bug::UserEndsAtNul) => user.split('\0').next().unwrap().to_owned(),
            Some(Bug::UserCut) => user.chars().take(255).collect(),
            _ => user.to_owned(),
        }
    }

    pub(super) fn owns(&self, user: &str, record: &Record) -> bool {
        let of = record.user.as_deref();
        let of = if self.has(Bug::NobodyIsEmpty) {
            Some(of.unwrap_or_default())
        } else {
            of
        };
        of.is_some_and(|of| self.user(of) == self.user(user))
    }

    pub(super) fn now(&self, state: &mut State, now: u64) -> u64 {
        state.latest = state.latest.max(now);
        if self.has(Bug::LatestTime) {
            state.latest
        } else {
            now
        }
    }

    pub(super) fn is_live(&self, record: &Record, now: u64) -> bool {
        record.expires > now || (self.has(Bug::LiveAtItsEnd) && record.expires == now)
    }

    pub(super) fn encoded(&self, record: &Record) -> Record {
        let mut record = record.clone();
        match self.bug {
            Some(Bug::VersionSigned) => {
                record.version = record.version.min(i64::MAX.cast_unsigned())
            }
            Some(Bug::VersionAsFloat) => record.version = record.version as f64 as u64,
            Some(Bug::TimesOf32Bits) => record.expires = record.expires.min(u64::from(u32::MAX)),
            Some(Bug::LabelEmptied) => {
                record.label = record.label.filter(|label| !label.is_empty())
            }
            Some(Bug::UserEmptied) => record.user = record.user.filter(|user| !user.is_empty()),
            _ => {}
        }
        record
    }

    fn tombstone(&self, record: &Record, now: u64) -> Option<Slot> {
        let seconds = if self.has(Bug::TombstoneShort) {
            TOMBSTONE_SECONDS / 2
        } else {
            TOMBSTONE_SECONDS
        };
        let user = record.user.as_deref().map(str::to_owned);
        let until = if self.has(Bug::TombstoneOverflows) {
            now.cast_signed().wrapping_add(60).max(0).cast_unsigned()
        } else {
            now.saturating_add(seconds)
        };
        (!self.has(Bug::NoTombstone)).then_some(Slot::Tombstone { until, user })
    }

    pub(super) fn end(&self, state: &mut State, key: &Key, now: u64) -> bool {
        let Some(Slot::Record { record, .. }) = state.slots.get(key) else {
            return false;
        };
        match self.tombstone(record, now) {
            Some(tombstone) => state.slots.insert(key.clone(), tombstone),
            None => state.slots.remove(key),
        };
        true
    }

    pub(super) fn do_load(&self, key: RecordKey, now: u64) -> Loaded {
        self.with(|state| {
            let now = self.now(state, now);
            match state.slots.get(&self.key(key)) {
                Some(Slot::Record { record, .. })
                    if self.has(Bug::ExpiredIsDead) && !self.is_live(record, now) =>
                {
                    Loaded::Tombstone {
                        expires: record.expires + TOMBSTONE_SECONDS,
                    }
                }
                Some(Slot::Record { record, .. }) => Loaded::Live(record.clone()),
                Some(Slot::Tombstone { until, .. })
                    if *until > now || self.has(Bug::TombstoneOutlasts) =>
                {
                    Loaded::Tombstone { expires: *until }
                }
                Some(Slot::Tombstone { .. }) | None => Loaded::NotFound,
            }
        })
    }

    pub(super) fn refuse(&self, bug: Bug, text: &str) -> Result<(), StoreError> {
        let refused = self.has(bug) && text.contains('\0');
        if refused {
            Err(StoreError::new("invalid byte sequence for encoding: 0x00"))
        } else {
            Ok(())
        }
    }
}
