//! Which records an owner may have: a hint, apart from the records.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use session_core::RecordKey;

use super::room::{Bytes, Full, Room};

/// What a note takes besides the owner's name: two places, and what hash tables and tree leave empty.
const NOTE_BYTES: usize = 512;
/// How many seconds a note stays when it is no longer needed.
const SLACK: u64 = 24 * 60 * 60;

#[derive(Default)]
pub(super) struct Owners {
    /// Each note with its end.
    notes: HashMap<Arc<str>, HashMap<RecordKey, u64>>,
    /// When each note may be removed, soonest first.
    ends: BTreeSet<(u64, RecordKey, Arc<str>)>,
}

impl Owners {
    pub(super) fn keys(&self, owner: &str) -> Vec<RecordKey> {
        self.notes.get(owner).into_iter().flat_map(HashMap::keys).copied().collect()
    }

    /// # Errors
    /// There is no room.
    pub(super) fn note(
        &mut self,
        owner: &str,
        key: RecordKey,
        until: u64,
        now: u64,
        room: &Room,
    ) -> Result<(), Full> {
        let end = until.max(now);
        let noted = self.notes.get(owner).and_then(|keys| keys.get(&key)).copied();
        if noted.is_some_and(|noted| noted >= end) {
            return Ok(());
        }
        if noted.is_none() {
            room.change(Bytes::NONE, bytes(owner))?;
        }
        let owner: Arc<str> =
            self.notes.get_key_value(owner).map_or_else(|| owner.into(), |(owner, _)| owner.clone());
        if let Some(noted) = noted {
            self.ends.remove(&(noted, key, owner.clone()));
        }
        self.ends.insert((end, key, owner.clone()));
        self.notes.entry(owner).or_default().insert(key, end);
        Ok(())
    }

    pub(super) fn forget(&mut self, owner: &str, key: RecordKey, room: &Room) {
        let Some((shared, _)) = self.notes.get_key_value(owner) else {
            return;
        };
        let shared = shared.clone();
        let Some(keys) = self.notes.get_mut(owner) else {
            return;
        };
        if let Some(end) = keys.remove(&key) {
            let _ = room.change(bytes(owner), Bytes::NONE);
            self.ends.remove(&(end, key, shared));
        }
        if keys.is_empty() {
            self.notes.remove(owner);
        }
    }

    /// Removes notes that are no longer needed, the oldest first, at most so many.
    pub(super) fn sweep(&mut self, before: u64, most: usize, room: &Room) {
        let before = before.saturating_sub(SLACK);
        for _ in 0..most {
            match self.ends.first() {
                Some((end, key, owner)) if *end < before => {
                    let (key, owner) = (*key, owner.clone());
                    self.forget(&owner, key, room);
                }
                _ => break,
            }
        }
    }
}

fn bytes(owner: &str) -> Bytes {
    Bytes::new(NOTE_BYTES + owner.len(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also the name of an owner without notes is forgotten.
    #[test]
    fn nothing_stays_behind() {
        let (mut owners, room) = (Owners::default(), Room::new(Bytes::new(usize::MAX, true)));
        let key = |byte| RecordKey::from_bytes([byte; 32]);
        for (owner, byte) in [("ada", 1), ("ada", 2), ("bob", 1)] {
            owners.note(owner, key(byte), 10, 0, &room).unwrap();
        }
        owners.note("ada", key(1), 20, 0, &room).unwrap();
        for (owner, byte) in [("ada", 1), ("ada", 1), ("ada", 2), ("eve", 1), ("bob", 2)] {
            owners.forget(owner, key(byte), &room);
        }
        assert!(owners.notes.contains_key("bob") && !owners.notes.contains_key("ada"));
        owners.sweep(u64::MAX, 1, &room);
        assert!(owners.notes.is_empty() && owners.ends.is_empty());
        assert_eq!(room.taken(), Bytes::NONE);
    }
}
