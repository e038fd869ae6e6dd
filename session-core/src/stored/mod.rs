//! Sessions on the server: the browser holds an id, a store the record. Who only audits cookies need not come here.
//!
//! - [`question`]: what a store is asked and what it answers.
//! - [`id`]: what the browser holds. [`body`]: what the core writes into a record; [`rest`]: how it is kept.
//! - [`open`] and [`close`]: the protocol, as steps; below close, [`save`] and [`user`].

mod body;
mod close;
mod closing;
mod config;
mod end;
mod id;
#[cfg(test)]
mod model;
mod open;
mod question;
mod rest;
mod reuse;
mod save;
mod sessions;
#[cfg(test)]
mod tests;
mod user;
#[cfg(test)]
mod walk;

use crate::world::EntropyError;

#[cfg(fuzzing)]
pub(crate) use body::Body;
pub(crate) use close::close;
pub(crate) use config::Stored;
pub use config::{GonePolicy, ReusePolicy};
pub(crate) use open::{Base, Live};
pub use question::{
    Inserted, Loaded, Outcome, Record, RecordKey, StoreReply, StoreRequest, TOMBSTONE_SECONDS,
    TrimResult, Updated,
};
pub use sessions::StoredSessions;

/// Eight random bytes for a write.
fn write_id(random: &dyn crate::EntropySource) -> Result<u64, EntropyError> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}
