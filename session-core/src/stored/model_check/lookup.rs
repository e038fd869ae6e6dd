//! The worth of a cookie, according to the history and the store.

use crate::record::base::RECENT_SECONDS;
use crate::record::body::{Body, VerifierMatch};
use crate::record::store::*;
use crate::stored::model::Slot;
use crate::stored::model_check::check::Check;
use crate::stored::model_check::request::CookieState;
use crate::stored::model_check::request_invariants;
use crate::stored::model_check::state::State;

/// A record is about to be loaded. Notes what the request's cookie is worth, according to the
/// history.
pub(super) fn load(
    state: &mut State<'_>,
    number: usize,
    store_request: &StoreRequest,
    replied: bool,
) -> Check {
    request_invariants::i13_only_ids_of_ours_are_loaded(state, number, store_request)?;
    if let Some(cookie) = state.requests[number].carried {
        state.requests[number].cookie_state = if replied {
            cookie_state(state, cookie)
        } else {
            CookieState::Unknown
        };
        state.requests[number].recent = is_recent(state, cookie);
        state.requests[number].reused = replied && is_reused(state, cookie);
    }
    Ok(())
}

/// Whether the session of a cookie ended, or its id was replaced, less than [`RECENT_SECONDS`] ago.
fn is_recent(state: &State<'_>, cookie: usize) -> bool {
    let (life, now) = (&state.history[&state.cookies[cookie].key], state.now);
    let since = life
        .tombstone
        .map(|expires| expires - TOMBSTONE_SECONDS)
        .or(life.verifier_created);
    since.is_some_and(|since| now.abs_diff(since) < RECENT_SECONDS)
}

/// Whether a cookie has the previous id of a live record, after that id's end.
pub(super) fn is_reused(state: &State<'_>, cookie: usize) -> bool {
    let cookie = &state.cookies[cookie];
    let Some(Slot::Live { record, .. }) = state.store.slots.get(&cookie.key) else {
        return false;
    };
    let opens =
        Body::decode(&record.body).map(|body| body.match_verifier(&cookie.verifier, state.now));
    record.expires > state.now && opens == Some(VerifierMatch::Reused)
}

/// Returns what a cookie is worth now.
pub(super) fn cookie_state(state: &State<'_>, cookie: usize) -> CookieState {
    cookie_state_at(state, cookie, state.now)
}

/// Returns what a cookie is worth to a request whose time is this second.
pub(super) fn cookie_state_at(state: &State<'_>, cookie: usize, now: u64) -> CookieState {
    let cookie = &state.cookies[cookie];
    let life = &state.history[&cookie.key];
    let revoked = life
        .known(&cookie.verifier)
        .is_none_or(|known| known.revoked);
    match (life.tombstone, state.store.slots.get(&cookie.key)) {
        // The history decides, whatever the store still has.
        (Some(expires), _) => {
            if expires > now && !life.collected {
                CookieState::Dead
            } else {
                CookieState::Nothing
            }
        }
        (None, Some(Slot::Live { record, .. })) => {
            let opens =
                Body::decode(&record.body).map(|body| body.match_verifier(&cookie.verifier, now));
            match opens {
                Some(VerifierMatch::Current | VerifierMatch::Previous)
                    if !revoked && record.expires > now =>
                {
                    CookieState::Live
                }
                Some(VerifierMatch::Current | VerifierMatch::Previous) if !revoked => {
                    CookieState::Nothing
                }
                _ => CookieState::Stale,
            }
        }
        // It had expired, and the store deleted it for that.
        (None, _) => CookieState::Nothing,
    }
}
