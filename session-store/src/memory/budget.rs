//! How many bytes are taken, and how many may be: in all, and of these by sessions of nobody.

use std::sync::Mutex;

use super::lock;

/// What something takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bytes {
    pub(super) all: usize,
    /// As many again, if it is nobody's.
    pub(super) anonymous: usize,
}

impl Bytes {
    pub(super) const NONE: Self = Self {
        all: 0,
        anonymous: 0,
    };

    pub(super) fn new(bytes: usize, anonymous: bool) -> Self {
        Self {
            all: bytes,
            anonymous: if anonymous { bytes } else { 0 },
        }
    }

    /// With `to` in place of `from`, which is part of this.
    fn after(self, from: Self, to: Self) -> Self {
        let after =
            |taken: usize, from: usize, to: usize| taken.saturating_sub(from).saturating_add(to);
        Self {
            all: after(self.all, from.all, to.all),
            anonymous: after(self.anonymous, from.anonymous, to.anonymous),
        }
    }
}

/// Which of the two has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    All,
    Anonymous,
}

pub(super) struct Room {
    // Both at once: each is checked before either changes. Nothing else is locked meanwhile.
    taken: Mutex<Bytes>,
    pub(super) limit: Bytes,
}

impl Room {
    pub(super) fn new(limit: Bytes) -> Self {
        Self {
            taken: Mutex::default(),
            limit,
        }
    }

    pub(super) fn taken(&self) -> Bytes {
        *lock(&self.taken)
    }

    /// What took `from` takes `to` now. There is always room for what grows in neither; where there is none, nothing
    /// changes.
    pub(super) fn change(&self, from: Bytes, to: Bytes) -> Result<(), Full> {
        if from == to {
            return Ok(());
        }
        let mut taken = lock(&self.taken);
        let after = taken.after(from, to);
        if to.all > from.all && after.all > self.limit.all {
            return Err(Full::All);
        }
        if to.anonymous > from.anonymous && after.anonymous > self.limit.anonymous {
            return Err(Full::Anonymous);
        }
        *taken = after;
        Ok(())
    }
}
