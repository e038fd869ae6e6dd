//! When each invariant is checked, and what the history notes of each event. The invariants are in
//! [`record_invariants`](super::record_invariants),
//! [`request_invariants`](super::request_invariants) and [`end_invariants`](super::end_invariants).

use crate::record::body::Body;
use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::session::handle::Session;
use crate::stored::model::{ModelStore, Slot};
use crate::stored::model_check::history::{Content, Known, Life, Marks};
use crate::stored::model_check::lookup::cookie_state_at;
use crate::stored::model_check::request::{CookieState, Request, Sets};
use crate::stored::model_check::state::State;
use crate::stored::model_check::trace::name;
use crate::stored::model_check::{end_invariants, record_invariants, request_invariants};

/// An invariant that does not hold, by its number, and how it was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) id: &'static str,
    pub(super) what: String,
}

impl Violation {
    pub(super) fn of(id: &'static str, what: impl Into<String>) -> Check {
        Err(Self {
            id,
            what: what.into(),
        })
    }
}

pub(super) type Check = Result<(), Violation>;

pub(super) fn ensure(holds: bool, id: &'static str, what: impl FnOnce() -> String) -> Check {
    if holds {
        Ok(())
    } else {
        Err(Violation { id, what: what() })
    }
}

/// A session was opened. The handler sees the record's content, or nothing.
pub(super) fn opened(state: &State<'_>, number: usize, session: &Session) -> Check {
    let request = &state.requests[number];
    request_invariants::i5_i7_only_a_live_verifier_opens(
        state,
        request.carried,
        request.cookie_state,
        session,
    )
}

/// A close sends a request to the store.
pub(super) fn requested(state: &State<'_>, number: usize, store_request: &StoreRequest) -> Check {
    request_invariants::i8_only_keys_of_ours(state, number, store_request)?;
    request_invariants::i13_nothing_is_asked_for_nothing(state, number, store_request)?;
    request_invariants::i14_a_failed_load_leads_to_nothing(state, number)?;
    request_invariants::i15_bounded(state, number)
}

/// The store executed a request.
pub(super) fn executed(
    state: &mut State<'_>,
    by: usize,
    store_request: Option<&StoreRequest>,
    before: &ModelStore,
) -> Check {
    if state.store == *before {
        return Ok(());
    }
    state.store_changes += 1;
    let changed: Vec<_> = before
        .slots
        .keys()
        .chain(state.store.slots.keys())
        .copied()
        .collect();
    for key in changed {
        let (old, new) = (before.slots.get(&key), state.store.slots.get(&key).cloned());
        if old == new.as_ref() {
            continue;
        }
        record_invariants::i6_nothing_comes_back(state, key, store_request, old, new.as_ref())?;
        match (old, new) {
            (None, Some(Slot::Live { record, .. })) => inserted(state, by, key, &record)?,
            (Some(Slot::Live { record: old, .. }), Some(Slot::Live { record: new, .. })) => {
                record_invariants::i11_times_and_user(state, by, key, old, &new)?;
                if matches!(store_request, Some(StoreRequest::Update { .. })) {
                    updated(state, by, key, &new)?;
                }
                state
                    .history
                    .entry(key)
                    .and_modify(|life| life.expires = new.expires);
            }
            (_, new) => {
                let ended_at = match store_request {
                    Some(StoreRequest::Delete { now, .. }) => *now,
                    _ => state.now,
                };
                let tombstone = match new {
                    Some(Slot::Dead { expires }) => expires,
                    // A mutation left no tombstone.
                    _ => ended_at + TOMBSTONE_SECONDS,
                };
                record_invariants::i18_ended_by_who_may(state, by, key, store_request, old)?;
                state
                    .history
                    .entry(key)
                    .and_modify(|life| life.tombstone = Some(tombstone));
            }
        }
    }
    each_record(state)
}

fn inserted(state: &mut State<'_>, by: usize, key: RecordKey, new: &Record) -> Check {
    let body = read(new)?;
    request_invariants::i8_verifiers_are_fresh(state, by, &body)?;
    let known = Known {
        hash: body.verifier,
        user: new.user.clone(),
        revoked: false,
    };
    let content = Content::of(&state.requests[by].effects);
    let life = Life {
        content,
        base: Content::default(),
        marks: state.requests[by].marks(Marks::default()),
        user: new.user.clone(),
        since: state.store_changes,
        created: new.created,
        expires: new.expires,
        writers: vec![by],
        verifiers: vec![known],
        was_expired: false,
        verifier_created: Some(body.verifier_created),
        tombstone: None,
        collected: false,
        for_good: false,
    };
    state.history.insert(key, life);
    record_invariants::i16_nothing_of_the_old_session(&body)
}

fn updated(state: &mut State<'_>, by: usize, key: RecordKey, new: &Record) -> Check {
    let body = read(new)?;
    let (store_changes, request) = (state.store_changes, &state.requests[by]);
    let Some(life) = state.history.get_mut(&key) else {
        return Ok(());
    };
    // A writer that is in the record already was executed again: nothing may change.
    if !life.writers.contains(&by) {
        let fits = request
            .effects
            .iter()
            .all(|effect| life.content.apply(effect));
        ensure(fits, "I2", || {
            format!("{} was stored though its changes do not fit", name(by))
        })?;
        life.writers.push(by);
    }
    life.marks = request.marks(life.marks);
    if life.user != new.user {
        (life.user, life.since) = (new.user.clone(), store_changes);
    }
    life.created = new.created;
    if life
        .verifiers
        .last()
        .is_some_and(|last| last.hash == body.verifier)
    {
        return Ok(());
    }
    if request.renewed {
        life.verifiers
            .iter_mut()
            .for_each(|known| known.revoked = true);
    }
    life.verifiers.push(Known {
        hash: body.verifier,
        user: new.user.clone(),
        revoked: false,
    });
    life.verifier_created = Some(body.verifier_created);
    request_invariants::i8_verifiers_are_fresh(state, by, &body)
}

pub(super) fn read(record: &Record) -> Result<Body, Violation> {
    let unreadable = || Violation {
        id: "I4",
        what: "a record cannot be read".to_owned(),
    };
    Body::decode(&record.body).ok_or_else(unreadable)
}

/// Checks all records after each change.
fn each_record(state: &State<'_>) -> Check {
    for (key, slot) in &state.store.slots {
        let (Slot::Live { record, .. }, Some(life)) = (slot, state.history.get(key)) else {
            continue;
        };
        let body = read(record)?;
        record_invariants::i1_to_i4_content(&body.data, life)?;
        record_invariants::i1_i11_marks(record, &body, life)?;
        record_invariants::i7_one_verifier_opens(state, &body, life)?;
    }
    record_invariants::i12_index_is_a_superset(state)
}

/// A close has ended.
pub(super) fn responded(state: &mut State<'_>, number: usize) -> Check {
    request_invariants::i15_declared(state, number)?;
    request_invariants::i9_gone_sets_no_cookie(state, number)?;
    request_invariants::i10_removed_when_dead(state, number)?;
    request_invariants::i8_cookies_are_given_once(state, number)?;
    request_invariants::i14_a_failed_load_leads_to_nothing(state, number)?;
    record_invariants::i1_acknowledged_is_written(state, number)?;
    request_invariants::i5_ended_for_reuse(state, number)?;
    let Request {
        carried,
        cookie_state,
        cleared,
        ..
    } = state.requests[number];
    if let (Some(cookie), CookieState::Live, true) = (
        carried,
        cookie_state,
        cleared && state.requests[number].is_acknowledged(),
    ) {
        // Another request has given the session a new id, so this one may not end it, and its login
        // began a session of its own. If the clock was set back since it closed, that does not make
        // its id valid again.
        let request = &state.requests[number];
        let stale = |now| cookie_state_at(state, cookie, now) == CookieState::Stale;
        if request.user.is_some() && (stale(state.now) || request.created.is_some_and(stale)) {
            return Ok(());
        }
        let key = state.cookies[cookie].key;
        state
            .history
            .entry(key)
            .and_modify(|life| life.for_good = true);
        record_invariants::i5_ended_for_good(state, key)?;
    }
    Ok(())
}

/// A delete_all has ended.
pub(super) fn all_deleted(state: &mut State<'_>, number: usize, user: &str) -> Check {
    let Some((began, _)) = state.requests[number].swept else {
        return Ok(());
    };
    end_invariants::i12_all_of_a_user_are_dead(state, user, began)?;
    let theirs = state
        .history
        .values_mut()
        .filter(|life| life.user.as_deref() == Some(user));
    theirs
        .filter(|life| life.tombstone.is_some())
        .for_each(|life| life.for_good = true);
    Ok(())
}

/// All requests have ended. Late requests to the store may still be executed.
pub(super) fn when_quiet(state: &State<'_>) -> Check {
    record_invariants::i12_index_is_a_superset(state)?;
    end_invariants::i1_acknowledged_sets(state)?;
    end_invariants::i2_counters_and_lists(state)?;
    end_invariants::i3_flashes(state)?;
    end_invariants::i5_i7_probe_all_cookies(state)?;
    end_invariants::i9_browser_cookie(state)?;
    end_invariants::i12_trimmed(state)
}

/// No transition is left.
pub(super) fn at_the_end(state: &mut State<'_>) -> Check {
    end_invariants::i17_no_browser_is_locked_out(state)
}

/// Returns the new cookie that a response sets.
pub(super) fn new_cookie(request: &Request) -> Option<usize> {
    match request.sets() {
        Some(Sets::New(cookie)) => Some(cookie),
        _ => None,
    }
}

/// Whether a record exists, and has neither been deleted nor expired.
pub(super) fn is_live(state: &State<'_>, key: &RecordKey) -> bool {
    matches!(state.store.slots.get(key), Some(Slot::Live { record, .. }) if record.expires > state.now)
}
