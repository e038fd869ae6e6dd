//! The date of Expires, which only cookies in Flask's format have. Ours have Max-Age.

use std::time::{Duration, UNIX_EPOCH};

use crate::cookie::template::Expiry;
use crate::json::tagged::DateTime;

/// The last second that a date with a year of four digits can show.
const LAST_SECOND: u64 = 253_402_300_799;

impl Expiry {
    /// Returns the expiry at a second since 1970.
    pub(crate) fn expires(at: u64) -> Self {
        let at = UNIX_EPOCH.checked_add(Duration::from_secs(at.min(LAST_SECOND)));
        Self::Expires(DateTime::from(at.unwrap_or(UNIX_EPOCH)))
    }
}
