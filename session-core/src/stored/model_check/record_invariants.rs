//! The invariants of the records and the users' index, which are checked after each change in the
//! store.

use crate::record::body::Body;
use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::stored::model::Slot;
use crate::stored::model_check::check::{Check, Violation, ensure, is_live};
use crate::stored::model_check::history::Life;
use crate::stored::model_check::request::CookieState;
use crate::stored::model_check::scenario::Op;
use crate::stored::model_check::state::State;
use crate::stored::model_check::trace::name;

/// **I1** Every acknowledged set is in the record. Here: if a request was acknowledged and had to
/// write, its write was executed; [`i1_to_i4_content`] then compares the write with the record. A
/// change that did not fit is in no record.
pub(super) fn i1_acknowledged_is_written(state: &State<'_>, number: usize) -> Check {
    let request = &state.requests[number];
    let mut wrote = state
        .history
        .iter()
        .filter(|(_, life)| life.writers.contains(&number));
    let written = wrote.clone().next().is_some();
    if request.is_acknowledged() && request.must_write() {
        return ensure(written, "I1", || {
            format!("{} is acknowledged and nowhere written", name(number))
        });
    }
    if let (true, Some(cookie), Some(true)) = (
        request.is_acknowledged(),
        request.carried,
        request.permanent,
    ) {
        let permanent = written || state.history[&state.cookies[cookie].key].marks.permanent;
        let stored = request.cookie_state != CookieState::Live || permanent;
        ensure(stored, "I1", || {
            format!("{}'s permanence is not stored", name(number))
        })?;
    }
    let Some(response) = &request.response else {
        return Ok(());
    };
    if let Err(crate::Error::Conflict { .. }) = response.result {
        ensure(!written, "I2", || {
            format!("{} failed with a conflict and is stored", name(number))
        })?;
    }
    let live = wrote.any(|(key, _)| is_live(state, key));
    ensure(!(response.gone && live), "I9", || {
        format!("{} is gone, and its write is in the record", name(number))
    })
}

/// **I1** to **I4** A record holds exactly what its writes make, each applied once, in the order of
/// their execution: sets (I1), counters and lists (I2), flashes (I3), and byte for byte the keys
/// that no request changed (I4).
pub(super) fn i1_to_i4_content(data: &str, life: &Life) -> Check {
    let expected = life.content.text();
    if data == expected {
        return Ok(());
    }
    let id = match first_difference(data, life).as_deref() {
        Some("keep") => "I4",
        Some("n" | "list") => "I2",
        None => "I3",
        Some(_) => "I1",
    };
    Violation::of(id, format!("the record holds {data} and not {expected}"))
}

/// Returns the key that differs, and `None` if the flashes differ.
fn first_difference(data: &str, life: &Life) -> Option<String> {
    let (map, expected) = (map_of(data), &life.content.keys);
    let lacks = expected
        .iter()
        .find(|(key, text)| !data.contains(&format!("\"{key}\":{text}")));
    let more = map.keys().find(|key| !expected.contains_key(*key));
    lacks.map(|(key, _)| key).or(more).cloned()
}

/// **I1** Label and permanence are in the record as well. **I11** The time of the login changes
/// only with a login.
pub(super) fn i1_i11_marks(record: &Record, body: &Body, life: &Life) -> Check {
    let expected = life.marks;
    ensure(body.permanent == expected.permanent, "I1", || {
        "the permanence is wrong".to_owned()
    })?;
    ensure(record.label.as_deref() == expected.label, "I1", || {
        "the label is wrong".to_owned()
    })?;
    ensure(body.authenticated == expected.authenticated, "I11", || {
        "the time of the login is wrong".to_owned()
    })
}

/// Returns the keys in a record.
pub(super) fn map_of(data: &str) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::from_str(data) {
        Ok(serde_json::Value::Object(map)) => map,
        Ok(serde_json::Value::Array(parts)) => parts
            .first()
            .and_then(|map| map.as_object())
            .cloned()
            .unwrap_or_default(),
        _ => serde_json::Map::new(),
    }
}

/// **I5** After an acknowledged clear or delete_all of a session, no verifier that it ever had
/// opens anything: its record is gone.
pub(super) fn i5_ended_for_good(state: &State<'_>, key: RecordKey) -> Check {
    let live = matches!(state.store.slots.get(&key), Some(Slot::Live { .. }));
    ensure(!live, "I5", || {
        "a session that was cleared is still live".to_owned()
    })
}

/// **I6** A dead or expired record never becomes live. A selector is inserted at most once. Only an
/// insert creates a record.
///
/// A record is expired by the time that the request to the store carries: a request that was sent
/// in time may be executed a moment later.
pub(super) fn i6_nothing_comes_back(
    state: &State<'_>,
    key: RecordKey,
    store_request: Option<&StoreRequest>,
    old: Option<&Slot>,
    new: Option<&Slot>,
) -> Check {
    let Some(Slot::Live { .. }) = new else {
        return Ok(());
    };
    let life = state.history.get(&key);
    let for_good = life.is_some_and(|life| life.for_good);
    match (old, store_request) {
        (None, Some(StoreRequest::Insert { .. })) => {
            let id = if for_good { "I5" } else { "I6" };
            ensure(life.is_none(), id, || {
                "a selector is inserted twice".to_owned()
            })
        }
        (None, _) => Violation::of("I6", format!("created by {store_request:?}")),
        (Some(Slot::Dead { .. }), _) => {
            Violation::of("I6", format!("brought back by {store_request:?}"))
        }
        (
            Some(Slot::Live { record, .. }),
            Some(StoreRequest::Update { now, .. } | StoreRequest::Touch { now, .. }),
        ) => ensure(record.expires > *now, "I6", || {
            "an expired record is extended".to_owned()
        }),
        (Some(Slot::Live { .. }), _) => {
            Violation::of("I6", format!("changed by {store_request:?}"))
        }
    }
}

/// **I7** At any time at most one verifier opens a record, or two within the overlap of a renewal
/// (L3). After an acknowledged login the old verifier never sees its data. (**I9** Nor the data of
/// another login.)
///
/// There is an overlap after a periodic renewal, after a change of permanence, and where the key
/// that signed an id was replaced. The rest holds from the write on, and after a `cycle_id` as
/// after a login.
pub(super) fn i7_one_verifier_opens(state: &State<'_>, body: &Body, life: &Life) -> Check {
    let opening: Vec<_> = life
        .verifiers
        .iter()
        .filter(|known| opens(body, known, state.now))
        .collect();
    let overlap = state.scenario.config.renew
        || state.swapped
        || state.scenario.any_op(|op| *op == Op::Permanent);
    let most = if overlap { 2 } else { 1 };
    ensure(opening.len() <= most, "I7", || {
        format!("{} verifiers open a record", opening.len())
    })?;
    ensure(life.known(&body.verifier).is_some(), "I8", || {
        "a verifier is unknown".to_owned()
    })?;
    ensure(opening.iter().all(|known| !known.revoked), "I7", || {
        "a verifier from before a login or renewal opens the record".to_owned()
    })?;
    ensure(
        opening.iter().all(|known| known.user == life.user),
        "I9",
        || "a verifier opens another login's record".to_owned(),
    )
}

fn opens(body: &Body, known: &crate::stored::model_check::history::Known, now: u64) -> bool {
    body.match_verifier(&known.hash, now).is_valid()
}

/// **I11** `expires` never decreases, except to a tombstone, and never exceeds created + absolute.
/// Created and user change only at a login and a clear, which begins another record; the user also
/// at a clear_user. **I16** A record never goes from one user to another: a login as another user
/// begins a record.
///
/// If the clock was set back, a login begins the session at an earlier second than before, and
/// `expires` stays. It then exceeds the limit by no more than the clock was set back.
pub(super) fn i11_times_and_user(
    state: &State<'_>,
    by: usize,
    key: RecordKey,
    old: &Record,
    new: &Record,
) -> Check {
    let (life, request) = (&state.history[&key], &state.requests[by]);
    ensure(new.expires >= old.expires, "I11", || {
        "expires decreased".to_owned()
    })?;
    if let Some(absolute) = state.scenario.config.absolute {
        let most = new.created + absolute + state.set_back;
        ensure(new.expires <= most, "I11", || {
            format!("expires {} after {most}", new.expires)
        })?;
    }
    if new.created != life.created {
        let login = request.user.is_some() && request.created == Some(new.created);
        ensure(login, "I11", || {
            "created changed without a login".to_owned()
        })?;
    }
    let entered = new.user == life.user || request.user == new.user.as_deref();
    let left = new.user.is_none() && request.left;
    ensure(entered || left, "I11", || {
        format!("user changed to {:?} without a login", new.user)
    })?;
    let handed_on = life.user.is_some() && new.user.is_some() && life.user != new.user;
    ensure(!handed_on, "I16", || {
        "a record goes from one user to another".to_owned()
    })
}

/// **I12** The index is a superset of the live records with a user at every step.
pub(super) fn i12_index_is_a_superset(state: &State<'_>) -> Check {
    for (key, slot) in &state.store.slots {
        let Slot::Live { record, .. } = slot else {
            continue;
        };
        let Some(user) = record.user.as_ref().filter(|_| record.expires > state.now) else {
            continue;
        };
        let noted = state.store.index.get(user).and_then(|noted| noted.get(key));
        ensure(noted.is_some_and(|until| *until > state.now), "I12", || {
            format!("{user}'s index lacks a live session")
        })?;
    }
    Ok(())
}

/// **I16** A session that begins with a login because the old one was gone holds no byte of the old
/// one. Every other inserted session, too, holds only what its request did.
pub(super) fn i16_nothing_of_the_old_session(body: &Body) -> Check {
    ensure(!body.data.contains("old"), "I16", || {
        format!("a new session begins with {}", body.data)
    })
}

/// **I18** A request ends only a record that its own verifier opens at that moment, even if the
/// request to the store is executed late.
///
/// A previous verifier whose end came after the request began is accepted. So is one whose end came
/// before, where the use of a reused id is to end its session.
pub(super) fn i18_ended_by_who_may(
    state: &State<'_>,
    by: usize,
    key: RecordKey,
    store_request: Option<&StoreRequest>,
    old: Option<&Slot>,
) -> Check {
    let (Some(StoreRequest::Delete { .. }), Some(Slot::Live { record, .. })) = (store_request, old)
    else {
        return Ok(());
    };
    let verifier = state.requests[by]
        .carried
        .map(|cookie| state.cookies[cookie].verifier);
    let life = &state.history[&key];
    let may = verifier.is_some_and(|verifier| {
        let admitted = Body::decode(&record.body)
            .is_some_and(|body| body.match_verifier(&verifier, 0).is_valid());
        admitted && life.known(&verifier).is_some_and(|known| !known.revoked)
    });
    ensure(may, "I18", || {
        format!("{} ends a session that its cookie does not open", name(by))
    })
}

/// Whether a request found a record that is gone, or that has another verifier.
pub(super) fn is_gone(cookie_state: CookieState) -> bool {
    matches!(cookie_state, CookieState::Dead | CookieState::Stale)
}
