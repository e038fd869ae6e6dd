//! A schedule in words, for whoever has to understand a violation. Sessions are s0, s1, ..., verifiers v0, v1, ..., write
//! ids w0, w1, ..., in the order in which they were drawn.

use crate::record::body::Body;
use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::stored::model_check::request::Sets;
use crate::stored::model_check::run::World;

/// A request's name.
pub(super) fn name(number: usize) -> &'static str {
    ["A", "B", "C"][number]
}

pub(super) fn line(world: &World<'_>, number: usize, what: &str) -> String {
    format!(
        "{} ({}): {what}",
        name(number),
        world.requests[number].plan.name
    )
}

pub(super) fn arrival(world: &World<'_>, number: usize) -> String {
    let with = match world.requests[number].carried {
        None => "without cookie".to_owned(),
        Some(cookie) => format!("with {}", cookie_name(world, cookie)),
    };
    line(world, number, &format!("arrives {with}"))
}

pub(super) fn asked(
    world: &World<'_>,
    number: usize,
    question: &StoreRequest,
    answer: &StoreReply,
    more: &str,
) -> String {
    line(
        world,
        number,
        &format!(
            "{}{more} -> {}",
            question_text(world, question),
            answer_text(world, answer)
        ),
    )
}

pub(super) fn response(world: &World<'_>, number: usize) -> String {
    let Some(response) = &world.requests[number].response else {
        return String::new();
    };
    let sets = match response.sets {
        None => "no cookie".to_owned(),
        Some(Sets::Removal) => "the cookie is removed".to_owned(),
        Some(Sets::Minted(cookie)) => format!("sets {}", cookie_name(world, cookie)),
        Some(Sets::Resent(cookie)) => format!("sets {} again", cookie_name(world, cookie)),
    };
    let gone = if response.gone { "gone, " } else { "" };
    match &response.result {
        Ok(()) => line(world, number, &format!("is answered: {gone}{sets}")),
        Err(error) => line(
            world,
            number,
            &format!("is answered {}: {error}", error.status()),
        ),
    }
}

fn cookie_name(world: &World<'_>, cookie: usize) -> String {
    let (cookie, drawn) = (&world.cookies[cookie], world.server.draws.drawn());
    format!(
        "{}/{}",
        drawn.session_name(&cookie.key),
        drawn.verifier_name(&cookie.verifier)
    )
}

fn question_text(world: &World<'_>, question: &StoreRequest) -> String {
    let session = |key: &RecordKey| world.server.draws.drawn().session_name(key);
    match question {
        StoreRequest::Load { key, .. } => format!("load {}", session(key)),
        StoreRequest::Insert { key, record, .. } => {
            format!("insert {} {}", session(key), record_text(world, record))
        }
        StoreRequest::Update {
            key,
            version,
            record,
            ..
        } => {
            let version = world.server.draws.drawn().write_name(*version);
            format!(
                "update {} from {version} to {}",
                session(key),
                record_text(world, record)
            )
        }
        StoreRequest::Touch { key, .. } => format!("touch {}", session(key)),
        StoreRequest::Delete { key, version, .. } => {
            format!(
                "delete {} of {}",
                session(key),
                world.server.draws.drawn().write_name(*version)
            )
        }
        StoreRequest::Index { user, key, .. } => format!("index {user} {}", session(key)),
        StoreRequest::Unindex { user, key } => format!("unindex {user} {}", session(key)),
        StoreRequest::Trim { user, keep, .. } => format!("trim {user} to {keep}"),
    }
}

fn record_text(world: &World<'_>, record: &Record) -> String {
    let drawn = world.server.draws.drawn();
    let (version, user) = (
        drawn.write_name(record.version),
        record.user.as_deref().unwrap_or("nobody"),
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

fn answer_text(world: &World<'_>, answer: &StoreReply) -> String {
    match answer {
        StoreReply::Loaded(Loaded::Live(record)) => record_text(world, record),
        StoreReply::Loaded(other) => format!("{other:?}"),
        StoreReply::Inserted(Inserted::Exists(record))
        | StoreReply::Updated(Updated::Conflict(record))
        | StoreReply::Deleted(Updated::Conflict(record)) => {
            format!("there is {}", record_text(world, record))
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
        StoreReply::Noted | StoreReply::Unavailable => format!("{answer:?}"),
    }
}
