//! The changes that a request made to its session apart from the map. Only a store reads them: another request may write the
//! record meanwhile, and then these are applied to the newer record. A cookie is written from the stamp and the map.

use std::sync::Arc;

/// The changes of one request.
#[derive(Default)]
pub(crate) struct OwnChanges {
    pub(crate) permanent: Option<bool>,
    /// The user who logged in.
    pub(crate) user: Option<Arc<str>>,
    /// Whether the session's former user was cleared.
    pub(crate) left: bool,
    /// The session's label. Only a store keeps it.
    pub(crate) label: Option<Arc<str>>,
    /// The user's epoch.
    pub(crate) epoch: Option<u16>,
}

impl OwnChanges {
    /// Forgets what the session was set to. That its user was cleared stays.
    pub(crate) fn clear(&mut self) {
        // The record of a stored session may still have a user, whom this request logged out before.
        *self = Self {
            left: self.left,
            ..Self::default()
        };
    }
}
