//! What must hold of a request: what its open shows, what its close asks, what its response sets.

use crate::error::Error;
use crate::record::body::Body;
use crate::record::policy::ReusePolicy;
use crate::record::store::*;
use crate::session::handle::Session;
use crate::stored::model_check::check::{
    Check, Violation, demand, found, found_at, is_live, is_reused, minted,
};
use crate::stored::model_check::history::Content;
use crate::stored::model_check::plan::{Carries, Op};
use crate::stored::model_check::record::is_gone;
use crate::stored::model_check::request::{Found, Sets};
use crate::stored::model_check::run::World;
use crate::stored::model_check::tell::name;

/// So many questions one close asks at most, besides one more for each change that another made to the record meanwhile:
/// index, update, then, the record gone, index, insert, trim; or delete, unindex, index, insert, trim.
const MOST_QUESTIONS: usize = 6;

/// **I13** Forged ids, and those whose stamp breaks the absolute lifetime, call nothing. **I8** A sent id that we did not
/// mint is never used as a key.
pub(super) fn i13_only_ids_of_ours_are_loaded(
    world: &World<'_>,
    number: usize,
    question: &StoreRequest,
) -> Check {
    let StoreRequest::Load { key, .. } = question else {
        return Violation::of("I13", format!("an open asks {question:?}"));
    };
    let Some(cookie) = world.requests[number]
        .carried
        .map(|cookie| &world.cookies[cookie])
    else {
        return Violation::of("I13", "loaded without a cookie of ours".to_owned());
    };
    demand(*key == cookie.key, "I8", || {
        "loaded under a key that did not come".to_owned()
    })?;
    let too_old = world
        .scenario
        .config
        .absolute
        .is_some_and(|most| cookie.created + most < world.now);
    demand(!too_old, "I13", || {
        "loaded though the stamp is past the absolute lifetime".to_owned()
    })
}

/// **I5** After an acknowledged clear or delete_all no verifier opens; **I7** after a login the old verifier never sees its
/// data; **I6** dead stays dead; **I4** and who may see, sees the record as it is.
pub(super) fn i5_i7_only_a_live_verifier_opens(
    world: &World<'_>,
    cookie: Option<usize>,
    found: Found,
    session: &Session,
) -> Check {
    let life = cookie.map(|cookie| &world.history[&world.cookies[cookie].key]);
    let seen = session.payload();
    let expected = match (found, life) {
        (Found::Live, Some(life)) => life.content.text(),
        _ => Content::default().text(),
    };
    let id = match found {
        Found::Live => "I4",
        Found::Stale => "I7",
        Found::Unknown => "I14",
        _ if life.is_some_and(|life| life.for_good) => "I5",
        _ => "I6",
    };
    demand(seen == expected, id, || {
        format!("a handler sees {seen} and not {expected}")
    })?;
    let user = life
        .filter(|_| found == Found::Live)
        .and_then(|life| life.user.clone());
    demand(session.user() == user, id, || {
        format!("a handler sees {:?} and not {user:?}", session.user())
    })
}

/// **I8** No question names a key that is not that of the cookie that came or of a selector that this request drew.
pub(super) fn i8_only_keys_of_ours(
    world: &World<'_>,
    number: usize,
    question: &StoreRequest,
) -> Check {
    let (StoreRequest::Load { key, .. }
    | StoreRequest::Insert { key, .. }
    | StoreRequest::Update { key, .. }
    | StoreRequest::Touch { key, .. }
    | StoreRequest::Delete { key, .. }
    | StoreRequest::Index { key, .. }
    | StoreRequest::Unindex { key, .. }
    | StoreRequest::Trim { this: key, .. }) = question;
    let came = world.requests[number]
        .carried
        .is_some_and(|cookie| world.cookies[cookie].key == *key);
    let drawn = || {
        world
            .server
            .draws
            .drawn()
            .selectors
            .contains(&(*key, number))
    };
    let fits = match question {
        StoreRequest::Insert { .. } => drawn(),
        _ => came || drawn(),
    };
    demand(fits, "I8", || {
        "a question about another's record".to_owned()
    })
}

/// **I8** A verifier that enters a record was drawn by the request that writes it.
pub(super) fn i8_verifiers_are_fresh(world: &World<'_>, by: usize, body: &Body) -> Check {
    let drawn = world.server.draws.drawn();
    demand(drawn.verifiers.contains(&(body.verifier, by)), "I8", || {
        "a record gets a verifier that its writer did not draw".to_owned()
    })
}

/// **I8** No selector or verifier is given to two. A cookie goes out after everything that makes it true: at that moment it
/// opens its record, unless the clock has expired it.
pub(super) fn i8_cookies_are_given_once(world: &World<'_>, number: usize) -> Check {
    let request = &world.requests[number];
    let Some(cookie) = minted(request) else {
        return Ok(());
    };
    let (sent, before) = (&world.cookies[cookie], &world.cookies[..cookie]);
    let twice = before.iter().any(|other| other.verifier == sent.verifier);
    demand(!twice, "I8", || "a verifier is sent twice".to_owned())?;
    let came = request
        .carried
        .is_some_and(|cookie| world.cookies[cookie].key == sent.key);
    let first = before.iter().all(|other| other.key != sent.key);
    demand(came || first, "I8", || {
        "a selector is sent to another".to_owned()
    })?;
    demand(!is_gone(found(world, cookie)), "I8", || {
        "a cookie is sent that opens nothing".to_owned()
    })
}

/// **I9** A request that ended gone, dead or stale sets no cookie, unless by log_in; if its own login was ended, not
/// even then. One that began dead or stale, and not only since a moment ago, is anonymous, and may.
pub(super) fn i9_gone_sets_no_cookie(world: &World<'_>, number: usize) -> Check {
    let request = &world.requests[number];
    let gone = request
        .response
        .as_ref()
        .is_some_and(|response| response.gone);
    let mute = is_gone(request.found) && request.mute;
    let may = !gone && (!mute || request.user.is_some());
    demand(may || request.sets().is_none(), "I9", || {
        format!(
            "{} found {:?} and sets a cookie",
            name(number),
            request.found
        )
    })
}

/// **I5** Where a reused id is to end its session, or all of its user's, it has when the request is answered, or a login or
/// renewal has dropped that id meanwhile; and it is an error where it has not.
pub(super) fn i5_ended_for_reuse(world: &World<'_>, number: usize) -> Check {
    let request = &world.requests[number];
    let ends = request.reused && world.scenario.config.reuse != ReusePolicy::Report;
    let answered = request
        .response
        .as_ref()
        .is_some_and(|response| response.result.is_ok());
    let left = request
        .carried
        .is_some_and(|cookie| is_reused(world, cookie));
    demand(!(ends && answered && left), "I5", || {
        format!("{} leaves what a reused id was to end", name(number))
    })
}

/// **I10** A removal cookie is delivered only after the record is dead (or expired) that the request's id opened when it
/// began; and never while the id would open one, by the second of the request's own close. An id that was replaced opens
/// nothing any more, unless a clock is set back, which the request need not notice.
pub(super) fn i10_removed_when_dead(world: &World<'_>, number: usize) -> Check {
    let request = &world.requests[number];
    if request.sets() != Some(Sets::Removal) {
        return Ok(());
    }
    let ended = request.carried.is_none_or(|cookie| match request.found {
        Found::Live => !is_live(world, &world.cookies[cookie].key),
        Found::Stale => true,
        _ => found_at(world, cookie, request.created.unwrap_or(world.now)) != Found::Live,
    });
    demand(ended, "I10", || {
        "the cookie is removed while the record lives".to_owned()
    })
}

/// **I13** Nothing is stored, and no store called, without cookie and change.
pub(super) fn i13_nothing_is_asked_for_nothing(
    world: &World<'_>,
    number: usize,
    question: &StoreRequest,
) -> Check {
    let request = &world.requests[number];
    let leaves = request.user.is_some() || Content::of(&request.deeds) != Content::default();
    // A logout with an id that its stamp alone speaks against.
    let ends = request.cleared && request.carried.is_some();
    let may = request.found != Found::Nothing || leaves || ends;
    demand(may, "I13", || {
        format!("{} left nothing and asks {question:?}", name(number))
    })
}

/// **I14** A failed load leads to no write and no Set-Cookie.
pub(super) fn i14_a_failed_load_leads_to_nothing(world: &World<'_>, number: usize) -> Check {
    let request = &world.requests[number];
    let nothing = request.asked == 0 && request.sets().is_none();
    demand(request.found != Found::Unknown || nothing, "I14", || {
        format!(
            "{} writes or sets a cookie though its load failed",
            name(number)
        )
    })
}

/// **I15** Every schedule ends: a close asks a bounded number of questions.
pub(super) fn i15_bounded(world: &World<'_>, number: usize) -> Check {
    let asked = world.requests[number].asked;
    demand(asked <= MOST_QUESTIONS + world.effects, "I15", || {
        format!("a close asks for the {asked}th time")
    })
}

/// **I15** ... in a declared outcome: success; 503 if the store did not answer; 409 if a change no longer fits, if a logout
/// meets another id, or, where so configured, if the session is gone.
pub(super) fn i15_declared(world: &World<'_>, number: usize) -> Check {
    let request = &world.requests[number];
    let Some(response) = &request.response else {
        return Ok(());
    };
    let declared = match &response.result {
        Ok(()) => true,
        Err(Error::Unavailable) => request.failed,
        // A logout that has ended nothing is told so in any case.
        Err(Error::Gone) => {
            response.gone && (world.scenario.config.conflict || request.cleared || request.left)
        }
        Err(Error::Conflict { .. }) => world.scenario.any_op(|op| *op == Op::Retype),
        Err(_) => false,
    };
    demand(declared, "I15", || {
        format!("{} ends with {:?}", name(number), response.result)
    })?;
    let forged = request.plan.carries == Carries::Forged;
    demand(!forged || request.found == Found::Nothing, "I13", || {
        "a forged id was taken".to_owned()
    })
}
