//! How many bytes are taken, and how many may be.

use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) struct Room {
    used: AtomicUsize,
    pub(super) limit: usize,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit }
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// What took `from` bytes takes `to` now. Whether there is room: always, if it does not grow; if there is none, nothing
    /// changes.
    pub(super) fn change(&self, from: usize, to: usize) -> bool {
        let change = |used: usize| {
            if to <= from {
                return Some(used.saturating_sub(from - to));
            }
            used.checked_add(to - from).filter(|used| *used <= self.limit)
        };
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }
}
