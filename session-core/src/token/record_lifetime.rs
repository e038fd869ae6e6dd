//! The times that only stored sessions have: when a record ends, and how long a browser keeps an id.

use crate::token::lifetime::{LONGEST_MAX_AGE, Lifetime};

impl Lifetime {
    /// Returns the longest idle lifetime, in seconds.
    pub(crate) fn longest_idle(&self) -> u64 {
        let all = [Some(self.idle), self.permanent_idle, self.anonymous_idle];
        all.iter().flatten().max().unwrap_or(&self.idle).as_secs()
    }

    /// Returns the second at which a record ends that has this idle lifetime and is written or touched at `now`.
    pub(crate) fn expires(&self, created: u64, now: u64, idle: u64) -> u64 {
        // Stores have signed numbers of 64 bits.
        let latest = i64::MAX.cast_unsigned();
        let end = created.saturating_add(self.absolute);
        now.saturating_add(idle).min(end).min(latest)
    }

    /// Returns Max-Age in seconds for the id of a permanent session. It does not end with the idle lifetime, which a store
    /// extends without a new cookie.
    pub(crate) fn max_age_of_id(&self, created: u64, now: u64) -> u64 {
        let age = now.saturating_sub(created);
        let left = self.absolute.saturating_sub(age);
        left.min(LONGEST_MAX_AGE)
    }
}
