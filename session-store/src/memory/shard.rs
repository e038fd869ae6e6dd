//! A part of the records, under one lock.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, Updated},
};

use super::budget::{Bytes, Full, Room};

/// What a record or tombstone takes besides user, label and body: its slot, its place among the ends, the headers of three
/// allocations, and what hash table and tree leave empty.
pub(super) const SLOT_BYTES: usize = 512;

#[derive(Default)]
pub(super) struct Shard {
    slots: HashMap<RecordKey, Slot>,
    /// When each slot may be removed, soonest first.
    ends: BTreeSet<(u64, RecordKey)>,
}

struct Slot {
    content: Content,
    /// Whether it is of nobody: from its insert until it gets a user. So what an anonymous session leaves behind takes
    /// no room of others, and who stops being a user needs none of the strangers'.
    anonymous: bool,
}

enum Content {
    /// `order` counts among the records of one user.
    Record {
        record: Record,
        order: u64,
    },
    Tombstone {
        expires: u64,
    },
}

impl Slot {
    fn expires(&self) -> u64 {
        match &self.content {
            Content::Record { record, .. } => record.expires,
            Content::Tombstone { expires } => *expires,
        }
    }

    fn bytes(&self) -> Bytes {
        let text = |text: &Option<_>| text.as_deref().map_or(0, str::len);
        let content = match &self.content {
            Content::Record { record, .. } => {
                record.body.len() + text(&record.user) + text(&record.label)
            }
            Content::Tombstone { .. } => 0,
        };
        Bytes::new(SLOT_BYTES + content, self.anonymous)
    }
}

impl Shard {
    /// What lies there, a tombstone that has ended as well.
    pub(super) fn load(&self, key: RecordKey) -> Loaded {
        match self.slots.get(&key).map(|slot| &slot.content) {
            Some(Content::Record { record, .. }) => Loaded::Live(record.clone()),
            Some(Content::Tombstone { expires }) => Loaded::Dead { expires: *expires },
            None => Loaded::Absent,
        }
    }

    /// The record, if it is live, and its order.
    pub(super) fn live(&self, key: RecordKey, now: u64) -> Option<(&Record, u64)> {
        match &self.slots.get(&key)?.content {
            Content::Record { record, order } if record.expires > now => Some((record, *order)),
            _ => None,
        }
    }

    /// How many records there are, expired ones among them.
    pub(super) fn records(&self) -> usize {
        self.slots
            .values()
            .filter(|slot| matches!(slot.content, Content::Record { .. }))
            .count()
    }

    /// # Errors
    /// There is no room.
    pub(super) fn insert(
        &mut self,
        key: RecordKey,
        record: &Record,
        orders: &AtomicU64,
        room: &Room,
    ) -> Result<Inserted, Full> {
        match self.load(key) {
            Loaded::Live(record) => return Ok(Inserted::Exists(record)),
            Loaded::Dead { .. } => return Ok(Inserted::Dead),
            Loaded::Absent => {}
        }
        let content = Content::Record {
            record: record.clone(),
            order: next(orders),
        };
        self.put(
            key,
            Slot {
                content,
                anonymous: record.user.is_none(),
            },
            room,
        )?;
        Ok(Inserted::Done)
    }

    /// # Errors
    /// It would grow, and there is no room.
    pub(super) fn update(
        &mut self,
        key: RecordKey,
        version: u64,
        record: &Record,
        now: u64,
        orders: &AtomicU64,
        room: &Room,
    ) -> Result<Updated, Full> {
        let Some((old, order)) = self.live(key, now) else {
            return Ok(Updated::Gone);
        };
        if old.version != version {
            return Ok(Updated::Conflict(old.clone()));
        }
        let order = if record.user == old.user {
            order
        } else {
            next(orders)
        };
        let anonymous = self.is_anonymous(key) && record.user.is_none();
        let record = Record {
            expires: record.expires.max(old.expires),
            ..record.clone()
        };
        self.put(
            key,
            Slot {
                content: Content::Record { record, order },
                anonymous,
            },
            room,
        )?;
        Ok(Updated::Done)
    }

    pub(super) fn touch(&mut self, key: RecordKey, expires: u64, now: u64, room: &Room) -> Outcome {
        let Some((old, order)) = self.live(key, now) else {
            return Outcome::Gone;
        };
        let record = Record {
            expires: old.expires.max(expires),
            seen: old.seen.max(now),
            ..old.clone()
        };
        let slot = Slot {
            content: Content::Record { record, order },
            anonymous: self.is_anonymous(key),
        };
        // It takes what it took.
        match self.put(key, slot, room) {
            Ok(()) => Outcome::Done,
            Err(_) => unreachable!("there is room for what does not grow"),
        }
    }

    /// Leaves a tombstone, if there is a record, and this one, judged by itself and its order.
    pub(super) fn end(
        &mut self,
        key: RecordKey,
        now: u64,
        room: &Room,
        this_one: impl FnOnce(&Record, u64) -> bool,
    ) -> bool {
        match self.slots.get(&key).map(|slot| &slot.content) {
            Some(Content::Record { record, order }) if this_one(record, *order) => {
                let content = Content::Tombstone {
                    expires: now.saturating_add(TOMBSTONE_SECONDS),
                };
                self.put(
                    key,
                    Slot {
                        content,
                        anonymous: self.is_anonymous(key),
                    },
                    room,
                )
                .is_ok()
            }
            _ => false,
        }
    }

    /// The same for one version.
    pub(super) fn end_version(
        &mut self,
        key: RecordKey,
        version: u64,
        now: u64,
        room: &Room,
    ) -> Updated {
        match self.load(key) {
            Loaded::Live(record) if record.version != version => Updated::Conflict(record),
            _ if self.end(key, now, room, |_, _| true) => Updated::Done,
            _ => Updated::Gone,
        }
    }

    /// Removes what ended before that second, the oldest first, at most so many. How many.
    pub(super) fn sweep(&mut self, before: u64, most: usize, room: &Room) -> usize {
        let ended = self
            .ends
            .iter()
            .take(most)
            .take_while(|(expires, _)| *expires < before)
            .count();
        for _ in 0..ended {
            if let Some((_, key)) = self.ends.pop_first()
                && let Some(slot) = self.slots.remove(&key)
            {
                let _ = room.change(slot.bytes(), Bytes::NONE);
            }
        }
        ended
    }

    fn is_anonymous(&self, key: RecordKey) -> bool {
        self.slots.get(&key).is_some_and(|slot| slot.anonymous)
    }

    /// There is always room for a slot that does not grow.
    fn put(&mut self, key: RecordKey, slot: Slot, room: &Room) -> Result<(), Full> {
        let old = self.slots.get(&key);
        room.change(old.map_or(Bytes::NONE, Slot::bytes), slot.bytes())?;
        let (before, after) = (old.map(Slot::expires), slot.expires());
        if before != Some(after) {
            if let Some(before) = before {
                self.ends.remove(&(before, key));
            }
            self.ends.insert((after, key));
        }
        self.slots.insert(key, slot);
        Ok(())
    }
}

/// The next number of the store's order. Drawn while the shard is locked, so that whoever sees a record sees it numbered.
fn next(orders: &AtomicU64) -> u64 {
    orders.fetch_add(1, Ordering::Relaxed)
}
