//! The index: notes about the records that a user may have. The record itself decides whether it is the user's.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use session_core::RecordKey;

use super::budget::{Budget, Bytes, Full};

/// The bytes of a note besides the user's name: its two entries, and the unused capacity of hash tables and tree.
const NOTE_BYTES: usize = 512;
/// A note stays this many seconds after its end.
const SLACK: u64 = 24 * 60 * 60;

#[derive(Default)]
pub(super) struct Users {
    // Each note with its end. A user without notes has no entry.
    notes: HashMap<Arc<str>, HashMap<RecordKey, u64>>,
    // The end of each note, soonest first. It has exactly one entry for each note: `note` and `forget` change both together.
    ends: BTreeSet<(u64, RecordKey, Arc<str>)>,
}

impl Users {
    pub(super) fn keys(&self, user: &str) -> Vec<RecordKey> {
        match self.notes.get(user) {
            Some(keys) => keys.keys().copied().collect(),
            None => Vec::new(),
        }
    }

    /// # Errors
    /// The store is full.
    pub(super) fn note(
        &mut self,
        user: &str,
        key: RecordKey,
        until: u64,
        now: u64,
        budget: &Budget,
    ) -> Result<(), Full> {
        let end = until.max(now);
        // All notes of a user share one copy of the name.
        let (user, noted) = match self.notes.get_key_value(user) {
            Some((user, keys)) => (user.clone(), keys.get(&key).copied()),
            None => (Arc::from(user), None),
        };
        match noted {
            Some(noted) if noted >= end => return Ok(()),
            Some(noted) => drop(self.ends.remove(&(noted, key, user.clone()))),
            None => budget.change(Bytes::NONE, bytes(&user))?,
        }
        self.ends.insert((end, key, user.clone()));
        self.notes.entry(user).or_default().insert(key, end);
        Ok(())
    }

    pub(super) fn forget(&mut self, user: &str, key: RecordKey, budget: &Budget) {
        let Some((shared, _)) = self.notes.get_key_value(user) else {
            return;
        };
        let shared = shared.clone();
        let Some(keys) = self.notes.get_mut(user) else {
            return;
        };
        if let Some(end) = keys.remove(&key) {
            // Taking less is never refused.
            let _ = budget.change(bytes(user), Bytes::NONE);
            self.ends.remove(&(end, key, shared));
        }
        if keys.is_empty() {
            self.notes.remove(user);
        }
    }

    /// Removes at most `most` notes that are no longer needed, the oldest first.
    pub(super) fn sweep(&mut self, before: u64, most: usize, budget: &Budget) {
        let before = before.saturating_sub(SLACK);
        for _ in 0..most {
            match self.ends.first() {
                Some((end, key, user)) if *end < before => {
                    let (key, user) = (*key, user.clone());
                    self.forget(&user, key, budget);
                }
                _ => break,
            }
        }
    }
}

fn bytes(user: &str) -> Bytes {
    Bytes::new(NOTE_BYTES + user.len(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a user without notes is forgotten, too.
    #[test]
    fn nothing_stays_behind() {
        let (mut users, budget) = (Users::default(), Budget::new(Bytes::new(usize::MAX, true)));
        let key = |byte| RecordKey::from_bytes([byte; 32]);
        for (user, byte) in [("ada", 1), ("ada", 2), ("bob", 1)] {
            users.note(user, key(byte), 10, 0, &budget).unwrap();
        }
        users.note("ada", key(1), 20, 0, &budget).unwrap();
        for (user, byte) in [("ada", 1), ("ada", 1), ("ada", 2), ("eve", 1), ("bob", 2)] {
            users.forget(user, key(byte), &budget);
        }
        assert!(users.notes.contains_key("bob") && !users.notes.contains_key("ada"));
        users.sweep(u64::MAX, 1, &budget);
        assert!(users.notes.is_empty() && users.ends.is_empty());
        assert_eq!(budget.taken(), Bytes::NONE);
    }
}
