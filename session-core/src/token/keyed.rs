//! The keys that are derived from a ring for one configuration. They are replaced as a whole when the ring is.

use crate::token::format::Formats;
use crate::token::mac::MacKey;
use crate::token::record_codec::RecordCodec;

/// The two names of a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieName {
    Previous,
    Current,
}

/// All derived keys.
pub(crate) struct Keys {
    pub(crate) cookie: Formats,
    /// The formats of the cookie under its previous name.
    pub(crate) previous: Option<Formats>,
    pub(crate) records: RecordCodec,
    pub(crate) log: MacKey,
}

impl Keys {
    pub(crate) fn of(&self, name: CookieName) -> &Formats {
        match (name, &self.previous) {
            (CookieName::Previous, Some(previous)) => previous,
            // `candidates` returns the previous name only while the cookie is being renamed.
            _ => &self.cookie,
        }
    }
}
