//! What must hold of a request: what its open shows, what its close asks, what its response sets.

use crate::error::Error;
use crate::record::body::Body;
use crate::record::policy::ReusePolicy;
use crate::record::store::*;
use crate::session::handle::Session;
use crate::stored::model_check::check::{
    Check, Violation, cookie_state, cookie_state_at, ensure, is_live, is_reused, new_cookie,
};
use crate::stored::model_check::history::Content;
use crate::stored::model_check::record_invariants::is_gone;
use crate::stored::model_check::request::{CookieState, Sets};
use crate::stored::model_check::scenario::{Carries, Op};
use crate::stored::model_check::state::State;
use crate::stored::model_check::trace::name;

/// So many questions one close asks at most, besides one more for each change that another made to the record meanwhile:
/// index, update, then, the record gone, index, insert, trim; or delete, unindex, index, insert, trim.
const MOST_QUESTIONS: usize = 6;

/// **I13** Forged ids, and those whose stamp breaks the absolute lifetime, call nothing. **I8** A sent id that we did not
/// mint is never used as a key.
pub(super) fn i13_only_ids_of_ours_are_loaded(
    state: &State<'_>,
    number: usize,
    store_request: &StoreRequest,
) -> Check {
    let StoreRequest::Load { key, .. } = store_request else {
        return Violation::of("I13", format!("an open asks {store_request:?}"));
    };
    let Some(cookie) = state.requests[number]
        .carried
        .map(|cookie| &state.cookies[cookie])
    else {
        return Violation::of("I13", "loaded without a cookie of ours".to_owned());
    };
    ensure(*key == cookie.key, "I8", || {
        "loaded under a key that did not come".to_owned()
    })?;
    let too_old = state
        .scenario
        .config
        .absolute
        .is_some_and(|most| cookie.created + most < state.now);
    ensure(!too_old, "I13", || {
        "loaded though the stamp is past the absolute lifetime".to_owned()
    })
}

/// **I5** After an acknowledged clear or delete_all no verifier opens; **I7** after a login the old verifier never sees its
/// data; **I6** dead stays dead; **I4** and who may see, sees the record as it is.
pub(super) fn i5_i7_only_a_live_verifier_opens(
    state: &State<'_>,
    cookie: Option<usize>,
    cookie_state: CookieState,
    session: &Session,
) -> Check {
    let life = cookie.map(|cookie| &state.history[&state.cookies[cookie].key]);
    let seen = session.payload();
    let expected = match (cookie_state, life) {
        (CookieState::Live, Some(life)) => life.content.text(),
        _ => Content::default().text(),
    };
    let id = match cookie_state {
        CookieState::Live => "I4",
        CookieState::Stale => "I7",
        CookieState::Unknown => "I14",
        _ if life.is_some_and(|life| life.for_good) => "I5",
        _ => "I6",
    };
    ensure(seen == expected, id, || {
        format!("a handler sees {seen} and not {expected}")
    })?;
    let user = life
        .filter(|_| cookie_state == CookieState::Live)
        .and_then(|life| life.user.clone());
    ensure(session.user() == user, id, || {
        format!("a handler sees {:?} and not {user:?}", session.user())
    })
}

/// **I8** No store_request names a key that is not that of the cookie that came or of a selector that this request drew.
pub(super) fn i8_only_keys_of_ours(
    state: &State<'_>,
    number: usize,
    store_request: &StoreRequest,
) -> Check {
    let (StoreRequest::Load { key, .. }
    | StoreRequest::Insert { key, .. }
    | StoreRequest::Update { key, .. }
    | StoreRequest::Touch { key, .. }
    | StoreRequest::Delete { key, .. }
    | StoreRequest::Index { key, .. }
    | StoreRequest::Unindex { key, .. }
    | StoreRequest::Trim { this: key, .. }) = store_request;
    let came = state.requests[number]
        .carried
        .is_some_and(|cookie| state.cookies[cookie].key == *key);
    let drawn = || {
        state
            .server
            .draws
            .drawn()
            .selectors
            .contains(&(*key, number))
    };
    let fits = match store_request {
        StoreRequest::Insert { .. } => drawn(),
        _ => came || drawn(),
    };
    ensure(fits, "I8", || {
        "a store_request about another's record".to_owned()
    })
}

/// **I8** A verifier that enters a record was drawn by the request that writes it.
pub(super) fn i8_verifiers_are_fresh(state: &State<'_>, by: usize, body: &Body) -> Check {
    let drawn = state.server.draws.drawn();
    ensure(drawn.verifiers.contains(&(body.verifier, by)), "I8", || {
        "a record gets a verifier that its writer did not draw".to_owned()
    })
}

/// **I8** No selector or verifier is given to two. A cookie goes out after everything that makes it true: at that moment it
/// opens its record, unless the clock has expired it.
pub(super) fn i8_cookies_are_given_once(state: &State<'_>, number: usize) -> Check {
    let request = &state.requests[number];
    let Some(cookie) = new_cookie(request) else {
        return Ok(());
    };
    let (sent, before) = (&state.cookies[cookie], &state.cookies[..cookie]);
    let twice = before.iter().any(|other| other.verifier == sent.verifier);
    ensure(!twice, "I8", || "a verifier is sent twice".to_owned())?;
    let came = request
        .carried
        .is_some_and(|cookie| state.cookies[cookie].key == sent.key);
    let first = before.iter().all(|other| other.key != sent.key);
    ensure(came || first, "I8", || {
        "a selector is sent to another".to_owned()
    })?;
    ensure(!is_gone(cookie_state(state, cookie)), "I8", || {
        "a cookie is sent that opens nothing".to_owned()
    })
}

/// **I9** A request that ended gone, dead or stale sets no cookie, unless by log_in; if its own login was ended, not
/// even then. One that began dead or stale, and not only since a moment ago, is anonymous, and may.
pub(super) fn i9_gone_sets_no_cookie(state: &State<'_>, number: usize) -> Check {
    let request = &state.requests[number];
    let gone = request
        .response
        .as_ref()
        .is_some_and(|response| response.gone);
    let recent = is_gone(request.cookie_state) && request.recent;
    let may = !gone && (!recent || request.user.is_some());
    ensure(may || request.sets().is_none(), "I9", || {
        format!(
            "{} found {:?} and sets a cookie",
            name(number),
            request.cookie_state
        )
    })
}

/// **I5** Where a reused id is to end its session, or all of its user's, it has when the request is replied, or a login or
/// renewal has dropped that id meanwhile; and it is an error where it has not.
pub(super) fn i5_ended_for_reuse(state: &State<'_>, number: usize) -> Check {
    let request = &state.requests[number];
    let ends = request.reused && state.scenario.config.reuse != ReusePolicy::Report;
    let replied = request
        .response
        .as_ref()
        .is_some_and(|response| response.result.is_ok());
    let left = request
        .carried
        .is_some_and(|cookie| is_reused(state, cookie));
    ensure(!(ends && replied && left), "I5", || {
        format!("{} leaves what a reused id was to end", name(number))
    })
}

/// **I10** A removal cookie is delivered only after the record is dead (or expired) that the request's id opened when it
/// began; and never while the id would open one, by the second of the request's own close. An id that was replaced opens
/// nothing any more, unless a clock is set back, which the request need not notice.
pub(super) fn i10_removed_when_dead(state: &State<'_>, number: usize) -> Check {
    let request = &state.requests[number];
    if request.sets() != Some(Sets::Removal) {
        return Ok(());
    }
    let ended = request
        .carried
        .is_none_or(|cookie| match request.cookie_state {
            CookieState::Live => !is_live(state, &state.cookies[cookie].key),
            CookieState::Stale => true,
            _ => {
                cookie_state_at(state, cookie, request.created.unwrap_or(state.now))
                    != CookieState::Live
            }
        });
    ensure(ended, "I10", || {
        "the cookie is removed while the record lives".to_owned()
    })
}

/// **I13** Nothing is stored, and no store called, without cookie and change.
pub(super) fn i13_nothing_is_asked_for_nothing(
    state: &State<'_>,
    number: usize,
    store_request: &StoreRequest,
) -> Check {
    let request = &state.requests[number];
    let leaves = request.user.is_some() || Content::of(&request.effects) != Content::default();
    // A logout with an id that its stamp alone speaks against.
    let ends = request.cleared && request.carried.is_some();
    let may = request.cookie_state != CookieState::Nothing || leaves || ends;
    ensure(may, "I13", || {
        format!("{} left nothing and asks {store_request:?}", name(number))
    })
}

/// **I14** A failed load leads to no write and no Set-Cookie.
pub(super) fn i14_a_failed_load_leads_to_nothing(state: &State<'_>, number: usize) -> Check {
    let request = &state.requests[number];
    let nothing = request.store_requests == 0 && request.sets().is_none();
    ensure(
        request.cookie_state != CookieState::Unknown || nothing,
        "I14",
        || {
            format!(
                "{} writes or sets a cookie though its load failed",
                name(number)
            )
        },
    )
}

/// **I15** Every schedule ends: a close asks a bounded number of questions.
pub(super) fn i15_bounded(state: &State<'_>, number: usize) -> Check {
    let asked = state.requests[number].store_requests;
    ensure(asked <= MOST_QUESTIONS + state.store_changes, "I15", || {
        format!("a close asks for the {asked}th time")
    })
}

/// **I15** ... in a declared outcome: success; 503 if the store did not reply; 409 if a change no longer fits, if a logout
/// meets another id, or, where so configured, if the session is gone.
pub(super) fn i15_declared(state: &State<'_>, number: usize) -> Check {
    let request = &state.requests[number];
    let Some(response) = &request.response else {
        return Ok(());
    };
    let declared = match &response.result {
        Ok(()) => true,
        Err(Error::Unavailable) => request.failed,
        // A logout that has ended nothing is told so in any case.
        Err(Error::Gone) => {
            response.gone && (state.scenario.config.conflict || request.cleared || request.left)
        }
        Err(Error::Conflict { .. }) => state.scenario.any_op(|op| *op == Op::Retype),
        Err(_) => false,
    };
    ensure(declared, "I15", || {
        format!("{} ends with {:?}", name(number), response.result)
    })?;
    let forged = request.plan.carries == Carries::Forged;
    ensure(
        !forged || request.cookie_state == CookieState::Nothing,
        "I13",
        || "a forged id was taken".to_owned(),
    )
}
