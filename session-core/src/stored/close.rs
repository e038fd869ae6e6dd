//! The end of a request on a stored session: all rules in one table, and the function that chooses
//! among them.
//!
//! | opened from | the request | requests to the store, in this order | the response sets |
//! |---|---|---|---|
//! | any | did nothing | touch, if due | |
//! | none | left content or a user | (index) insert (trim) | a new id |
//! | none | cleared, left nothing, and a cookie came | | removal |
//! | none | left nothing | | |
//! | expired | cleared | load; delete (unindex) if the id opens the record; then as none | removal, or a new id |
//! | expired | anything else | as none | as none |
//! | refused, and there is no record | cleared | delete, to confirm the end; then as below | as below |
//! | live | cleared, left nothing | delete (unindex) | removal |
//! | live | cleared, left content or a user | delete (unindex), then as none | a new id |
//! | live | logged in, cycled the id, cleared its user, changed its permanence; or a renewal is due | (index) update (trim) | the id with its new verifier |
//! | live | changed, or a touch is due; and its id is outdated: it has another key or name than new ones | (index) update | the id with its new verifier |
//! | live | changed; or a touch is due, and the record is outdated | (index) update | |
//! | refused, recent | logged in | as none | a new id |
//! | refused, recent | cleared, and there is a record | | 409 |
//! | refused, recent | anything else | | |
//! | refused, not recent | | as none | |
//! | gone meanwhile | logged in | as none, with this request's changes alone | a new id |
//! | gone meanwhile | cleared, or cleared its user, and the record lives on under another id | | 409 |
//! | gone meanwhile | anything else | | nothing; or 409, if so configured |
//!
//! - *Expired* is a valid id that is no longer accepted because of its times. *Refused* is an id
//!   that opened no record when the request began: its session was ended, its id replaced, or its
//!   record cannot be read. It is *recent* for
//!   [`RECENT_SECONDS`](crate::record::base::RECENT_SECONDS); after that it is treated as no
//!   cookie. *Gone meanwhile* is a session that was ended, or whose id was replaced, while the
//!   request was under way. See [`LoadedFrom`].
//! - `index` is sent only with a user, `unindex` only if the ended record had one, `trim` at a
//!   login if a limit is configured.
//! - An update that finds another version makes the changes again on the newer record, and a delete
//!   that finds one ends that. If this request's verifier does not open the newer record, the
//!   session is gone meanwhile.
//! - A cookie is the last thing to happen ([`id_cookie`](super::id_cookie)).
//! - A request that only read does not fail: if something cannot be written for it, that is an
//!   event, and the record is extended where that needs no write ([`save`](super::save)).

use crate::event::EventKind;
use crate::record::base::LoadedFrom;
use crate::record::policy::ReusePolicy;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::session::state::State;
use crate::stored::closing::{CloseStep, Closing};
use crate::stored::pending_write::{Changes, PendingWrite};

/// Freezes the session, then decides. `accessed`: whether the handler opened the session, so
/// that the response depends on it.
pub(crate) fn close(session: &Session, accessed: bool) -> CloseStep {
    let settings = session.settings();
    // The clock is the application's code, so it is not called while the state is locked.
    let now = settings.now().as_secs();
    let mut state = session.state();
    state.freeze();
    let mut outgoing = Outgoing {
        cache_headers: settings.cache_headers,
        vary: accessed,
        ..Outgoing::default()
    };
    let incoming = session.incoming();
    session.report(state.rejected(incoming), &mut outgoing.events);
    if incoming.loaded_from.reused().is_some() {
        outgoing.events.push(session.event(EventKind::Reuse));
    }
    if session.is_unavailable() {
        let failed = EventKind::StoreFailed("the session was not loaded");
        outgoing.events.push(session.event(failed));
        return CloseStep::Done(outgoing);
    }
    // Most requests only read. Nothing is copied for them.
    if is_nothing_due(session, &state, now) {
        return CloseStep::Done(outgoing);
    }
    let closing = Closing::new(session, &state, now, outgoing);
    drop(state);
    closing.start()
}

/// Whether the request only read a live record, and nothing is due to it.
fn is_nothing_due(session: &Session, state: &State, now: u64) -> bool {
    let LoadedFrom::Live(live) = &session.incoming().loaded_from else {
        return false;
    };
    if state.cleared || state.map.is_modified() {
        return false;
    }
    let changes = Changes {
        changed: false,
        permanent: state.own.permanent,
        renewed: state.renewed,
    };
    PendingWrite::of(session, &changes, live, &live.decoded, now).is_nothing()
}

impl Closing {
    /// Takes the first row of the table that fits.
    fn start(self) -> CloseStep {
        let session = self.session.clone();
        match &session.incoming().loaded_from {
            LoadedFrom::Live(live) if self.cleared => {
                self.end(live.key, live.presented, &live.decoded.record)
            }
            LoadedFrom::Live(live) => self.save(live, &live.decoded, None),
            LoadedFrom::Expired(id) if self.cleared => self.end_expired((**id).clone()),
            LoadedFrom::Refused {
                key,
                record_exists: false,
                recent,
                ..
            } if self.cleared => self.confirm_end(*key, *recent),
            LoadedFrom::Refused {
                reused: Some(reused),
                ..
            } if self.policy().on_reuse != ReusePolicy::Report => self.end_reused(reused),
            LoadedFrom::Refused { .. }
            | LoadedFrom::Expired(_)
            | LoadedFrom::None
            | LoadedFrom::Unavailable => self.without_record(),
        }
    }
}
