//! Sessions on the server: the browser holds an id, a store the record. Who only audits cookies need not come here.
//!
//! - [`question`]: what a store is asked and what it answers.
//! - [`id`]: what the browser holds. [`body`]: what the core writes into a record.
//! - [`open`] and [`close`]: the protocol, as steps.

mod body;
mod close;
mod id;
#[cfg(test)]
mod model;
mod open;
mod question;
mod sessions;

use std::time::Duration;

use crate::world::NoRandom;

pub(crate) use close::close;
pub(crate) use open::Base;
pub use question::{
    Answer, Inserted, Loaded, Outcome, Question, Record, RecordKey, TOMBSTONE_SECONDS, Trimmed, Updated,
};
pub use sessions::StoredSessions;

/// What becomes of a request's changes when its session was ended, or its id renewed, while the request was under way.
///
/// ```
/// # use session_core::{OnGone, SecretKey, Sessions};
/// # let key = SecretKey::generate().unwrap();
/// let sessions = Sessions::builder(key).on_gone(OnGone::Conflict).build_stored();
/// # assert!(sessions.is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnGone {
    /// They are dropped, with the event [`Gone`](crate::EventKind::Gone): nobody is there to miss them.
    #[default]
    Forget,
    /// The request is answered 409, [`Error::Gone`](crate::Error::Gone).
    Conflict,
}

/// What is configured for stored sessions alone.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) on_gone: OnGone,
    /// How many sessions of one owner live.
    pub(crate) per_owner: Option<usize>,
    /// Seconds after which a verifier is renewed.
    pub(crate) renew_every: Option<u64>,
    /// Octets of a record.
    pub(crate) max_record: usize,
    pub(crate) open_within: Duration,
    pub(crate) close_within: Duration,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            on_gone: OnGone::Forget,
            per_owner: None,
            renew_every: None,
            max_record: 1 << 20,
            open_within: Duration::from_secs(2),
            close_within: Duration::from_secs(5),
        }
    }
}

impl Stored {
    /// The first setting that is not the default.
    pub(crate) fn changed(&self) -> Option<&'static str> {
        let plain = Self::default();
        let changed = [
            ("on_gone", self.on_gone != plain.on_gone),
            ("max_sessions_per_owner", self.per_owner.is_some()),
            ("renew_id_every", self.renew_every.is_some()),
            ("max_record_size", self.max_record != plain.max_record),
            ("deadlines", (self.open_within, self.close_within) != (plain.open_within, plain.close_within)),
        ];
        changed.iter().find(|(_, changed)| *changed).map(|(setting, _)| *setting)
    }
}

/// Eight random bytes for a write.
fn write_id(random: &dyn crate::Random) -> Result<u64, NoRandom> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}
