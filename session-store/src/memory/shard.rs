//! A part of the records, under one lock.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use session_core::{Inserted, Loaded, Outcome, Record, RecordKey, TOMBSTONE_SECONDS, Updated};

use super::room::Room;

/// What a record or tombstone takes besides owner, label and body: its slot, its place among the ends, the headers of three
/// allocations, and what hash table and tree leave empty.
pub(super) const SLOT_BYTES: usize = 512;

#[derive(Default)]
pub(super) struct Shard {
    slots: HashMap<RecordKey, Slot>,
    /// When each slot may be removed, soonest first.
    ends: BTreeSet<(u64, RecordKey)>,
}

enum Slot {
    /// `order` counts among the records of one owner.
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
        match self {
            Self::Record { record, .. } => record.expires,
            Self::Tombstone { expires } => *expires,
        }
    }

    fn bytes(&self) -> usize {
        let text = |text: &Option<_>| text.as_deref().map_or(0, str::len);
        match self {
            Self::Record { record, .. } => {
                SLOT_BYTES + record.body.len() + text(&record.owner) + text(&record.label)
            }
            Self::Tombstone { .. } => SLOT_BYTES,
        }
    }
}

impl Shard {
    /// What lies there, a tombstone that has ended as well.
    pub(super) fn load(&self, key: RecordKey) -> Loaded {
        match self.slots.get(&key) {
            Some(Slot::Record { record, .. }) => Loaded::Live(record.clone()),
            Some(Slot::Tombstone { expires }) => Loaded::Dead { expires: *expires },
            None => Loaded::Absent,
        }
    }

    /// The record, if it is live, and its order.
    pub(super) fn live(&self, key: RecordKey, now: u64) -> Option<(&Record, u64)> {
        match self.slots.get(&key) {
            Some(Slot::Record { record, order }) if record.expires > now => Some((record, *order)),
            _ => None,
        }
    }

    /// How many records there are, expired ones among them.
    pub(super) fn records(&self) -> usize {
        self.slots.values().filter(|slot| matches!(slot, Slot::Record { .. })).count()
    }

    /// `None`: there is no room.
    pub(super) fn insert(
        &mut self,
        key: RecordKey,
        record: &Record,
        orders: &AtomicU64,
        room: &Room,
    ) -> Option<Inserted> {
        match self.load(key) {
            Loaded::Live(record) => return Some(Inserted::Exists(record)),
            Loaded::Dead { .. } => return Some(Inserted::Dead),
            Loaded::Absent => {}
        }
        let slot = Slot::Record { record: record.clone(), order: next(orders) };
        self.put(key, slot, room).then_some(Inserted::Done)
    }

    /// `None`: it would grow, and there is no room.
    pub(super) fn update(
        &mut self,
        key: RecordKey,
        version: u64,
        record: &Record,
        now: u64,
        orders: &AtomicU64,
        room: &Room,
    ) -> Option<Updated> {
        let Some((old, order)) = self.live(key, now) else {
            return Some(Updated::Gone);
        };
        if old.version != version {
            return Some(Updated::Conflict(old.clone()));
        }
        let order = if record.owner == old.owner { order } else { next(orders) };
        let record = Record { expires: record.expires.max(old.expires), ..record.clone() };
        self.put(key, Slot::Record { record, order }, room).then_some(Updated::Done)
    }

    pub(super) fn touch(&mut self, key: RecordKey, expires: u64, now: u64, room: &Room) -> Outcome {
        let Some((old, order)) = self.live(key, now) else {
            return Outcome::Gone;
        };
        let record = Record { expires: old.expires.max(expires), seen: old.seen.max(now), ..old.clone() };
        self.put(key, Slot::Record { record, order }, room);
        Outcome::Done
    }

    /// Leaves a tombstone, if there is a record, and this one, judged by itself and its order.
    pub(super) fn end(
        &mut self,
        key: RecordKey,
        now: u64,
        room: &Room,
        this_one: impl FnOnce(&Record, u64) -> bool,
    ) -> bool {
        match self.slots.get(&key) {
            Some(Slot::Record { record, order }) if this_one(record, *order) => {
                self.put(key, Slot::Tombstone { expires: now.saturating_add(TOMBSTONE_SECONDS) }, room)
            }
            _ => false,
        }
    }

    /// The same for one version.
    pub(super) fn end_version(&mut self, key: RecordKey, version: u64, now: u64, room: &Room) -> Updated {
        match self.load(key) {
            Loaded::Live(record) if record.version != version => Updated::Conflict(record),
            _ if self.end(key, now, room, |_, _| true) => Updated::Done,
            _ => Updated::Gone,
        }
    }

    /// Removes what ended before that second, the oldest first, at most so many. How many.
    pub(super) fn sweep(&mut self, before: u64, most: usize, room: &Room) -> usize {
        let ended = self.ends.iter().take(most).take_while(|(expires, _)| *expires < before).count();
        for _ in 0..ended {
            if let Some((_, key)) = self.ends.pop_first()
                && let Some(slot) = self.slots.remove(&key)
            {
                room.change(slot.bytes(), 0);
            }
        }
        ended
    }

    /// Whether there was room. A slot that does not grow always has it.
    fn put(&mut self, key: RecordKey, slot: Slot, room: &Room) -> bool {
        let old = self.slots.get(&key);
        if !room.change(old.map_or(0, Slot::bytes), slot.bytes()) {
            return false;
        }
        let (before, after) = (old.map(Slot::expires), slot.expires());
        if before != Some(after) {
            if let Some(before) = before {
                self.ends.remove(&(before, key));
            }
            self.ends.insert((after, key));
        }
        self.slots.insert(key, slot);
        true
    }
}

/// The next number of the store's order. Drawn while the shard is locked, so that whoever sees a record sees it numbered.
fn next(orders: &AtomicU64) -> u64 {
    orders.fetch_add(1, Ordering::Relaxed)
}
