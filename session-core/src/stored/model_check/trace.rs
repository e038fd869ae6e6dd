//! A schedule in words, for the reader of a counterexample. Sessions are s0, s1, ..., verifiers v0,
//! v1, ..., write ids w0, w1, ..., in the order in which they were drawn.

use crate::record::body::Body;
use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::stored::model_check::request::Sets;
use crate::stored::model_check::state::State;

/// Returns the name of a request.
pub(super) fn name(number: usize) -> &'static str {
    ["A", "B", "C"][number]
}

pub(super) fn line(state: &State<'_>, number: usize, what: &str) -> String {
    format!(
        "{} ({}): {what}",
        name(number),
        state.requests[number].plan.name
    )
}

pub(super) fn arrival(state: &State<'_>, number: usize) -> String {
    let with = match state.requests[number].carried {
        None => "without cookie".to_owned(),
        Some(cookie) => format!("with {}", cookie_name(state, cookie)),
    };
    line(state, number, &format!("arrives {with}"))
}

pub(super) fn request(
    state: &State<'_>,
    number: usize,
    store_request: &StoreRequest,
    reply: &StoreReply,
    more: &str,
) -> String {
    line(
        state,
        number,
        &format!(
            "{}{more} -> {}",
            request_text(state, store_request),
            reply_text(state, reply)
        ),
    )
}

pub(super) fn response(state: &State<'_>, number: usize) -> String {
    let Some(response) = &state.requests[number].response else {
        return String::new();
    };
    let sets = match response.sets {
        None => "no cookie".to_owned(),
        Some(Sets::Removal) => "the cookie is removed".to_owned(),
        Some(Sets::New(cookie)) => format!("sets {}", cookie_name(state, cookie)),
        Some(Sets::Resent(cookie)) => format!("sets {} again", cookie_name(state, cookie)),
    };
    let gone = if response.gone { "gone, " } else { "" };
    match &response.result {
        Ok(()) => line(state, number, &format!("is answered: {gone}{sets}")),
        Err(error) => line(
            state,
            number,
            &format!("is answered {}: {error}", error.status()),
        ),
    }
}

fn cookie_name(state: &State<'_>, cookie: usize) -> String {
    let (cookie, drawn) = (&state.cookies[cookie], state.server.draws.drawn());
    format!(
        "{}/{}",
        drawn.session_name(&cookie.key),
        drawn.verifier_name(&cookie.verifier)
    )
}

fn request_text(state: &State<'_>, store_request: &StoreRequest) -> String {
    let session = |key: &RecordKey| state.server.draws.drawn().session_name(key);
    match store_request {
        StoreRequest::Load { key, .. } => format!("load {}", session(key)),
        StoreRequest::Insert { key, record, .. } => {
            format!("insert {} {}", session(key), record_text(state, record))
        }
        StoreRequest::Update {
            key,
            version,
            record,
            ..
        } => {
            let version = state.server.draws.drawn().write_name(*version);
            format!(
                "update {} from {version} to {}",
                session(key),
                record_text(state, record)
            )
        }
        StoreRequest::Touch { key, .. } => format!("touch {}", session(key)),
        StoreRequest::Delete { key, version, .. } => {
            format!(
                "delete {} of {}",
                session(key),
                state.server.draws.drawn().write_name(*version)
            )
        }
        StoreRequest::Index { user, key, .. } => format!("index {user} {}", session(key)),
        StoreRequest::Unindex { user, key } => format!("unindex {user} {}", session(key)),
        StoreRequest::Trim { user, keep, .. } => format!("trim {user} to {keep}"),
    }
}

fn record_text(state: &State<'_>, record: &Record) -> String {
    let drawn = state.server.draws.drawn();
    let (version, user) = (
        drawn.write_name(record.version),
        record.user.as_deref().unwrap_or("no user"),
    );
    match Body::decode(&record.body) {
        Some(body) => {
            let previous = body
                .previous_verifier
                .map(|previous| format!("/{}", drawn.verifier_name(&previous.hash)));
            let verifier = drawn.verifier_name(&body.verifier);
            format!(
                "{version} ({user}, {verifier}{}, {})",
                previous.unwrap_or_default(),
                body.data
            )
        }
        None => format!("{version} (unreadable)"),
    }
}

fn reply_text(state: &State<'_>, reply: &StoreReply) -> String {
    match reply {
        StoreReply::Loaded(Loaded::Live(record)) => record_text(state, record),
        StoreReply::Loaded(other) => format!("{other:?}"),
        StoreReply::Inserted(Inserted::Exists(record))
        | StoreReply::Updated(Updated::Conflict(record))
        | StoreReply::Deleted(Updated::Conflict(record)) => {
            format!("there is {}", record_text(state, record))
        }
        StoreReply::Inserted(other) => format!("{other:?}"),
        StoreReply::Updated(other) | StoreReply::Deleted(other) => format!("{other:?}"),
        StoreReply::Touched(outcome) => format!("{outcome:?}"),
        StoreReply::Trimmed(TrimResult { alive, .. }) => if *alive {
            "still live"
        } else {
            "no longer live"
        }
        .into(),
        StoreReply::Noted | StoreReply::Unavailable => format!("{reply:?}"),
    }
}
