//! A part of the records. The store holds it under one lock.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, Updated},
};

use super::budget::{Budget, Bytes, Full};

/// The bytes of a record or tombstone besides user, label and body: its slot, its entry in `ends`, the headers of three
/// allocations, and the unused capacity of hash table and tree.
pub(super) const SLOT_BYTES: usize = 512;

#[derive(Default)]
pub(super) struct Shard {
    slots: HashMap<RecordKey, Slot>,
    // The second at which each slot expires. It has exactly one entry for each slot: `put` and `sweep` change both together.
    ends: BTreeSet<(u64, RecordKey)>,
}

struct Slot {
    content: Content,
    // Whether it belongs to no user: true from an insert without a user until the record gets one, and never true again. So the
    // tombstone of an anonymous session stays in the anonymous part, and a logout never needs more of that part.
    anonymous: bool,
}

enum Content {
    // `order` is the place among the records of one user.
    Record { record: Record, order: u64 },
    Tombstone { expires: u64 },
}

impl Slot {
    fn expires(&self) -> u64 {
        match &self.content {
            Content::Record { record, .. } => record.expires,
            Content::Tombstone { expires } => *expires,
        }
    }

    fn bytes(&self) -> Bytes {
        let mut bytes = SLOT_BYTES;
        if let Content::Record { record, .. } = &self.content {
            bytes += record.body.len();
            for text in [&record.user, &record.label].into_iter().flatten() {
                bytes += text.len();
            }
        }
        Bytes::new(bytes, self.anonymous)
    }
}

impl Shard {
    /// Returns what is under this key, even if it is a tombstone that has ended.
    pub(super) fn load(&self, key: RecordKey) -> Loaded {
        let Some(slot) = self.slots.get(&key) else {
            return Loaded::NotFound;
        };
        match &slot.content {
            Content::Record { record, .. } => Loaded::Live(record.clone()),
            Content::Tombstone { expires } => Loaded::Tombstone { expires: *expires },
        }
    }

    /// Returns the record and its order, if it is live.
    pub(super) fn live(&self, key: RecordKey, now: u64) -> Option<(&Record, u64)> {
        match &self.slots.get(&key)?.content {
            Content::Record { record, order } if record.expires > now => Some((record, *order)),
            _ => None,
        }
    }

    /// Returns the number of records, expired ones included.
    pub(super) fn records(&self) -> usize {
        self.slots
            .values()
            .filter(|slot| matches!(slot.content, Content::Record { .. }))
            .count()
    }

    /// # Errors
    /// The store is full.
    pub(super) fn insert(
        &mut self,
        key: RecordKey,
        record: &Record,
        orders: &AtomicU64,
        budget: &Budget,
    ) -> Result<Inserted, Full> {
        match self.load(key) {
            Loaded::Live(record) => return Ok(Inserted::Exists(record)),
            Loaded::Tombstone { .. } => return Ok(Inserted::Tombstone),
            Loaded::NotFound => {}
        }
        let content = Content::Record {
            record: record.clone(),
            order: next(orders),
        };
        let slot = Slot {
            content,
            anonymous: record.user.is_none(),
        };
        self.put(key, slot, budget)?;
        Ok(Inserted::Done)
    }

    /// # Errors
    /// The record would grow, and the store is full.
    pub(super) fn update(
        &mut self,
        key: RecordKey,
        version: u64,
        record: &Record,
        now: u64,
        orders: &AtomicU64,
        budget: &Budget,
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
        let slot = Slot {
            content: Content::Record { record, order },
            anonymous,
        };
        self.put(key, slot, budget)?;
        Ok(Updated::Done)
    }

    pub(super) fn touch(
        &mut self,
        key: RecordKey,
        expires: u64,
        now: u64,
        budget: &Budget,
    ) -> Outcome {
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
        // Its user, label and body stay, so it grows in neither amount.
        match self.put(key, slot, budget) {
            Ok(()) => Outcome::Done,
            Err(_) => unreachable!("a slot that does not grow is never refused"),
        }
    }

    /// Replaces a record that satisfies the condition by a tombstone. Returns whether it did. The condition gets the record and
    /// its order, under the shard's lock.
    pub(super) fn end(
        &mut self,
        key: RecordKey,
        now: u64,
        budget: &Budget,
        condition: impl FnOnce(&Record, u64) -> bool,
    ) -> bool {
        let Some(slot) = self.slots.get(&key) else {
            return false;
        };
        let Content::Record { record, order } = &slot.content else {
            return false;
        };
        if !condition(record, *order) {
            return false;
        }
        let tombstone = Slot {
            content: Content::Tombstone {
                expires: now.saturating_add(TOMBSTONE_SECONDS),
            },
            anonymous: slot.anonymous,
        };
        self.put(key, tombstone, budget).is_ok()
    }

    /// Replaces a record of this version by a tombstone.
    pub(super) fn end_version(
        &mut self,
        key: RecordKey,
        version: u64,
        now: u64,
        budget: &Budget,
    ) -> Updated {
        match self.load(key) {
            Loaded::Live(record) if record.version != version => Updated::Conflict(record),
            _ if self.end(key, now, budget, |_, _| true) => Updated::Done,
            _ => Updated::Gone,
        }
    }

    /// Removes at most `most` records and tombstones that expired before this second, the oldest first. Returns their number.
    pub(super) fn sweep(&mut self, before: u64, most: usize, budget: &Budget) -> usize {
        let mut removed = 0;
        while removed < most
            && let Some((expires, key)) = self.ends.first().copied()
            && expires < before
        {
            self.ends.pop_first();
            if let Some(slot) = self.slots.remove(&key) {
                // Taking less is never refused.
                let _ = budget.change(slot.bytes(), Bytes::NONE);
            }
            removed += 1;
        }
        removed
    }

    fn is_anonymous(&self, key: RecordKey) -> bool {
        self.slots.get(&key).is_some_and(|slot| slot.anonymous)
    }

    /// Puts a slot under this key, in place of what is there. A slot that does not grow is never refused.
    fn put(&mut self, key: RecordKey, slot: Slot, budget: &Budget) -> Result<(), Full> {
        let old = self.slots.get(&key);
        budget.change(old.map_or(Bytes::NONE, Slot::bytes), slot.bytes())?;
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

/// Returns the next number of the store's order. Called under the shard's lock, so no reader sees a record without its number.
fn next(orders: &AtomicU64) -> u64 {
    orders.fetch_add(1, Ordering::Relaxed)
}
