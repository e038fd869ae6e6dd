//! Which records a user may have: a hint, apart from the records.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use session_core::RecordKey;

use super::budget::{Bytes, Full, Room};

/// What a note takes besides the user's name: two places, and what hash tables and tree leave empty.
const NOTE_BYTES: usize = 512;
/// How many seconds a note stays when it is no longer needed.
const SLACK: u64 = 24 * 60 * 60;

#[derive(Default)]
pub(super) struct Users {
    /// Each note with its end.
    notes: HashMap<Arc<str>, HashMap<RecordKey, u64>>,
    /// When each note may be removed, soonest first.
    ends: BTreeSet<(u64, RecordKey, Arc<str>)>,
}

impl Users {
    pub(super) fn keys(&self, user: &str) -> Vec<RecordKey> {
        self.notes
            .get(user)
            .into_iter()
            .flat_map(HashMap::keys)
            .copied()
            .collect()
    }

    /// # Errors
    /// There is no room.
    pub(super) fn note(
        &mut self,
        user: &str,
        key: RecordKey,
        until: u64,
        now: u64,
        room: &Room,
    ) -> Result<(), Full> {
        let end = until.max(now);
        let noted = self
            .notes
            .get(user)
            .and_then(|keys| keys.get(&key))
            .copied();
        if noted.is_some_and(|noted| noted >= end) {
            return Ok(());
        }
        if noted.is_none() {
            room.change(Bytes::NONE, bytes(user))?;
        }
        let user: Arc<str> = self
            .notes
            .get_key_value(user)
            .map_or_else(|| user.into(), |(user, _)| user.clone());
        if let Some(noted) = noted {
            self.ends.remove(&(noted, key, user.clone()));
        }
        self.ends.insert((end, key, user.clone()));
        self.notes.entry(user).or_default().insert(key, end);
        Ok(())
    }

    pub(super) fn forget(&mut self, user: &str, key: RecordKey, room: &Room) {
        let Some((shared, _)) = self.notes.get_key_value(user) else {
            return;
        };
        let shared = shared.clone();
        let Some(keys) = self.notes.get_mut(user) else {
            return;
        };
        if let Some(end) = keys.remove(&key) {
            let _ = room.change(bytes(user), Bytes::NONE);
            self.ends.remove(&(end, key, shared));
        }
        if keys.is_empty() {
            self.notes.remove(user);
        }
    }

    /// Removes notes that are no longer needed, the oldest first, at most so many.
    pub(super) fn sweep(&mut self, before: u64, most: usize, room: &Room) {
        let before = before.saturating_sub(SLACK);
        for _ in 0..most {
            match self.ends.first() {
                Some((end, key, user)) if *end < before => {
                    let (key, user) = (*key, user.clone());
                    self.forget(&user, key, room);
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

    /// Also the name of a user without notes is forgotten.
    #[test]
    fn nothing_stays_behind() {
        let (mut users, room) = (Users::default(), Room::new(Bytes::new(usize::MAX, true)));
        let key = |byte| RecordKey::from_bytes([byte; 32]);
        for (user, byte) in [("ada", 1), ("ada", 2), ("bob", 1)] {
            users.note(user, key(byte), 10, 0, &room).unwrap();
        }
        users.note("ada", key(1), 20, 0, &room).unwrap();
        for (user, byte) in [("ada", 1), ("ada", 1), ("ada", 2), ("eve", 1), ("bob", 2)] {
            users.forget(user, key(byte), &room);
        }
        assert!(users.notes.contains_key("bob") && !users.notes.contains_key("ada"));
        users.sweep(u64::MAX, 1, &room);
        assert!(users.notes.is_empty() && users.ends.is_empty());
        assert_eq!(room.taken(), Bytes::NONE);
    }
}
