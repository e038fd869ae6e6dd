//! The bytes that the memory store has taken, and its limits: for all content, and for the part without a user.

use std::sync::Mutex;

use super::lock;

/// An amount of memory, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bytes {
    pub(super) all: usize,
    /// The part of `all` that belongs to no user.
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

    fn plus(self, other: Self) -> Self {
        Self {
            all: self.all.saturating_add(other.all),
            anonymous: self.anonymous.saturating_add(other.anonymous),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            all: self.all.saturating_sub(other.all),
            anonymous: self.anonymous.saturating_sub(other.anonymous),
        }
    }
}

/// The limit that refuses a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    All,
    Anonymous,
}

pub(super) struct Budget {
    // One lock over both amounts: both limits are checked before either amount changes. No other lock is taken under it.
    taken: Mutex<Bytes>,
    pub(super) limit: Bytes,
}

impl Budget {
    pub(super) fn new(limit: Bytes) -> Self {
        Self {
            taken: Mutex::default(),
            limit,
        }
    }

    pub(super) fn taken(&self) -> Bytes {
        *lock(&self.taken)
    }

    /// Replaces `from`, which is part of what is taken, by `to`. It succeeds for content that grows in neither amount, even
    /// when the store is full. After an error nothing has changed.
    pub(super) fn change(&self, from: Bytes, to: Bytes) -> Result<(), Full> {
        if from == to {
            return Ok(());
        }
        let mut taken = lock(&self.taken);
        let after = taken.minus(from).plus(to);
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
