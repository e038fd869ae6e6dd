//! The work that is due to a live record at the end of a request.

use crate::record::base::{Decoded, LiveRecord};
use crate::session::handle::Session;
use crate::token::lifetime::{Refresh, tenth};

/// The seconds for which the previous verifier stays valid after the new one was presented, for
/// requests that were under way.
pub(crate) const OVERLAP_SECONDS: u64 = 60;

/// The changes of a request that matter for the record.
pub(crate) struct Changes {
    /// It changed the content, the label or the epoch.
    pub(crate) changed: bool,
    /// The permanence that it set.
    pub(crate) permanent: Option<bool>,
    /// It logged in, or asked for a new id.
    pub(crate) renewed: bool,
}

/// The work that is due to a live record at the end of a request.
pub(crate) struct PendingWrite {
    /// A new verifier is generated.
    pub(crate) new_verifier: bool,
    /// The last new verifier was presented for the first time, so the previous one gets its end.
    pub(crate) verifier_arrived: bool,
    /// The record is written: for one of these, or for what the request did.
    pub(crate) write: bool,
    /// The record is extended.
    pub(crate) touch: bool,
}

impl PendingWrite {
    /// Decides what is due. A request that only reads is decided here, too, without a copy of its
    /// session.
    pub(crate) fn of(
        session: &Session,
        changes: &Changes,
        live: &LiveRecord,
        decoded: &Decoded,
        now: u64,
    ) -> Self {
        let Decoded { record, body, .. } = decoded;
        let lifetime = &session.settings().lifetime;
        let tenth = tenth(body.idle(lifetime));
        let touch = match lifetime.refresh {
            Refresh::AfterTenth => now.saturating_sub(record.seen) >= tenth,
            Refresh::EachRequest => true,
            Refresh::Never => false,
        };
        let due = changes.changed || touch;
        let verifier_age = now.saturating_sub(body.verifier_created);
        let renew_every = match &session.settings().stored {
            Some(policy) => policy.renew_every,
            None => None,
        };
        let renewal_due = renew_every.is_some_and(|every| verifier_age >= every);
        let is_current = body.verifier == live.presented;
        // An id of an old key or name is replaced as by a renewal. If the new id does not come
        // back, it was lost, and is replaced again after a while; not with each request.
        let lost = verifier_age >= tenth.max(OVERLAP_SECONDS);
        let reissue = due && session.incoming().outdated && (is_current || lost);
        // The browser's cookie has an expiry only if the session is permanent, so it has to be sent
        // again.
        let permanence_changed = match changes.permanent {
            Some(permanent) => permanent != body.permanent,
            None => false,
        };
        let new_verifier = changes.renewed || permanence_changed || renewal_due || reissue;
        let previous_has_no_end = match body.previous_verifier {
            Some(previous) => previous.valid_until.is_none(),
            None => false,
        };
        let verifier_arrived = is_current && previous_has_no_end;
        Self {
            new_verifier,
            verifier_arrived,
            write: new_verifier || verifier_arrived || changes.changed || (due && decoded.outdated),
            touch,
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        !(self.write || self.touch)
    }
}
