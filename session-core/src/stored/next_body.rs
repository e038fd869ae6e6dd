//! The body that replaces that of a live record: the life of a verifier.
//!
//! | the verifier is | when |
//! |---|---|
//! | generated | when a close first finds a new one due; an update that is attempted again carries the same one |
//! | dropped | when the update met a newer record, and on that one none is due any more |
//! | stored | by the update; the presented verifier becomes the previous one, and has no end yet |
//! | sent | after the index, the update and the trim; after a lost reply only if the record still has it |
//! | presented | by a later request; that request gives the previous verifier its end, [`OVERLAP_SECONDS`] later |
//!
//! | the previous verifier ends | because |
//! |---|---|
//! | [`OVERLAP_SECONDS`] after the new one was presented | requests that the browser sent before may still be under way |
//! | at the next renewal | a record has room for one; the verifier that was presented takes its place |
//! | immediately, at a login, a `clear_user` or a `cycle_id` | an attacker may know the old id (session fixation) |
//!
//! Until the new verifier comes back, the previous one has no end: the response with the new one
//! may have been lost.

use std::sync::Arc;

use crate::env::EntropyError;
use crate::record::base::{Decoded, LiveRecord};
use crate::record::body::{Body, PreviousVerifier, RECENT_WRITES};
use crate::stored::closing::Closing;
use crate::stored::pending_write::{OVERLAP_SECONDS, PendingWrite};
use crate::token::lifetime::tenth;
use crate::token::stamp::Epoch;

impl Closing {
    /// Generates the new verifier, if one is due, and the id of the write. Returns the latter.
    pub(crate) fn generate_update_ids(
        &mut self,
        live: &LiveRecord,
        new_verifier: bool,
    ) -> Result<u64, EntropyError> {
        self.new_id = match self.new_id.take() {
            _ if !new_verifier => None,
            None => Some(live.id.with_new_verifier(&*self.settings().random)?),
            generated => generated,
        };
        self.generate_write_id()
    }

    /// Whether the user's index has to be written: at a login, and from time to time.
    pub(crate) fn is_index_due(&self, body: &Body) -> bool {
        let age = self.now.saturating_sub(body.indexed);
        self.user.is_some() || age >= tenth(body.idle(&self.settings().lifetime))
    }

    /// Returns the body that replaces that of the decoded record.
    pub(crate) fn next_body(
        &self,
        live: &LiveRecord,
        decoded: &Decoded,
        pending: &PendingWrite,
        write_id: u64,
        data: Arc<str>,
    ) -> Body {
        let body = &decoded.body;
        let mut next = Body {
            permanent: self.permanent.unwrap_or(body.permanent),
            previous_verifier: self.next_previous(live, body, pending),
            recent_writes: Vec::with_capacity(RECENT_WRITES),
            data,
            ..body.clone()
        };
        next.recent_writes.push(write_id);
        let older = body.recent_writes.iter().take(RECENT_WRITES - 1);
        next.recent_writes.extend(older);
        if let Some(user) = self.epoch {
            next.epoch = Epoch { user, ..body.epoch };
        }
        if self.user_cleared {
            next.authenticated = None;
        }
        // A login decides both.
        if self.user.is_some() {
            next.epoch = self.stamp.epoch;
            next.authenticated = self.stamp.authenticated;
        }
        if self.is_index_due(body) {
            next.indexed = self.now;
        }
        if pending.new_verifier {
            next.verifier_created = self.now;
        }
        if let Some(id) = &self.new_id {
            next.verifier = id.verifier_hash();
        }
        next
    }

    fn next_previous(
        &self,
        live: &LiveRecord,
        body: &Body,
        pending: &PendingWrite,
    ) -> Option<PreviousVerifier> {
        if self.renewed {
            return None;
        }
        if pending.new_verifier {
            return Some(PreviousVerifier {
                hash: live.presented,
                valid_until: None,
            });
        }
        let mut previous = body.previous_verifier?;
        if pending.verifier_arrived {
            previous.valid_until = Some(self.now.saturating_add(OVERLAP_SECONDS));
        }
        Some(previous)
    }
}
