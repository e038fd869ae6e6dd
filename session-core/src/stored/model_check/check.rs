//! The moments at which something must hold, and what the history keeps of them. What must hold stands in
//! [`record`](super::record), [`answer`](super::answer) and [`end`](super::end).

use crate::record::base::RECENT_SECONDS;
use crate::record::body::{Body, VerifierMatch};
use crate::record::store::*;
use crate::record_key::RecordKey;
use crate::session::handle::Session;
use crate::stored::model::{ModelStore, Slot};
use crate::stored::model_check::history::{Content, Known, Life, Marks};
use crate::stored::model_check::request::{Found, Request, Sets};
use crate::stored::model_check::run::World;
use crate::stored::model_check::tell::name;
use crate::stored::model_check::{answer, end, record};

/// An invariant that does not hold, by its number, and how.
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

pub(super) fn demand(holds: bool, id: &'static str, what: impl FnOnce() -> String) -> Check {
    if holds {
        Ok(())
    } else {
        Err(Violation { id, what: what() })
    }
}

/// A record is about to be loaded: what its cookie stands for, by the history.
pub(super) fn load(
    world: &mut World<'_>,
    number: usize,
    question: &StoreRequest,
    answered: bool,
) -> Check {
    answer::i13_only_ids_of_ours_are_loaded(world, number, question)?;
    if let Some(cookie) = world.requests[number].carried {
        world.requests[number].found = if answered {
            found(world, cookie)
        } else {
            Found::Unknown
        };
        world.requests[number].mute = is_mute(world, cookie);
        world.requests[number].reused = answered && is_reused(world, cookie);
    }
    Ok(())
}

/// Whether a cookie that opens nothing keeps its request mute: its session ended, or its id was replaced, less than
/// [`RECENT_SECONDS`] ago.
fn is_mute(world: &World<'_>, cookie: usize) -> bool {
    let (life, now) = (&world.history[&world.cookies[cookie].key], world.now);
    let since = life
        .tombstone
        .map(|expires| expires - TOMBSTONE_SECONDS)
        .or(life.minted);
    since.is_some_and(|since| now.abs_diff(since) < RECENT_SECONDS)
}

/// Whether a cookie has the id that a live record had before, and its time is over.
pub(super) fn is_reused(world: &World<'_>, cookie: usize) -> bool {
    let cookie = &world.cookies[cookie];
    let Some(Slot::Live { record, .. }) = world.store.slots.get(&cookie.key) else {
        return false;
    };
    let opens =
        Body::decode(&record.body).map(|body| body.match_verifier(&cookie.verifier, world.now));
    record.expires > world.now && opens == Some(VerifierMatch::Reused)
}

/// What a cookie stands for now.
pub(super) fn found(world: &World<'_>, cookie: usize) -> Found {
    found_at(world, cookie, world.now)
}

/// To a request that takes this second for the present.
pub(super) fn found_at(world: &World<'_>, cookie: usize, now: u64) -> Found {
    let cookie = &world.cookies[cookie];
    let life = &world.history[&cookie.key];
    let barred = life
        .known(&cookie.verifier)
        .is_none_or(|known| known.barred);
    match (life.tombstone, world.store.slots.get(&cookie.key)) {
        // Whatever the store has kept.
        (Some(expires), _) => {
            if expires > now && !life.collected {
                Found::Dead
            } else {
                Found::Nothing
            }
        }
        (None, Some(Slot::Live { record, .. })) => {
            let opens =
                Body::decode(&record.body).map(|body| body.match_verifier(&cookie.verifier, now));
            match opens {
                Some(VerifierMatch::Current | VerifierMatch::Previous)
                    if !barred && record.expires > now =>
                {
                    Found::Live
                }
                Some(VerifierMatch::Current | VerifierMatch::Previous) if !barred => Found::Nothing,
                _ => Found::Stale,
            }
        }
        // Expired, and deleted for that.
        (None, _) => Found::Nothing,
    }
}

/// A session was opened: the handler sees what the record holds, or nothing.
pub(super) fn opened(world: &World<'_>, number: usize, session: &Session) -> Check {
    let request = &world.requests[number];
    answer::i5_i7_only_a_live_verifier_opens(world, request.carried, request.found, session)
}

/// A close asks.
pub(super) fn asked(world: &World<'_>, number: usize, question: &StoreRequest) -> Check {
    answer::i8_only_keys_of_ours(world, number, question)?;
    answer::i13_nothing_is_asked_for_nothing(world, number, question)?;
    answer::i14_a_failed_load_leads_to_nothing(world, number)?;
    answer::i15_bounded(world, number)
}

/// Something was executed by the store.
pub(super) fn executed(
    world: &mut World<'_>,
    by: usize,
    question: Option<&StoreRequest>,
    before: &ModelStore,
) -> Check {
    if world.store == *before {
        return Ok(());
    }
    world.effects += 1;
    let changed: Vec<_> = before
        .slots
        .keys()
        .chain(world.store.slots.keys())
        .copied()
        .collect();
    for key in changed {
        let (old, new) = (before.slots.get(&key), world.store.slots.get(&key).cloned());
        if old == new.as_ref() {
            continue;
        }
        record::i6_nothing_comes_back(world, key, question, old, new.as_ref())?;
        match (old, new) {
            (None, Some(Slot::Live { record, .. })) => inserted(world, by, key, &record)?,
            (Some(Slot::Live { record: old, .. }), Some(Slot::Live { record: new, .. })) => {
                record::i11_times_and_user(world, by, key, old, &new)?;
                if matches!(question, Some(StoreRequest::Update { .. })) {
                    updated(world, by, key, &new)?;
                }
                world
                    .history
                    .entry(key)
                    .and_modify(|life| life.expires = new.expires);
            }
            (_, new) => {
                let ended_at = match question {
                    Some(StoreRequest::Delete { now, .. }) => *now,
                    _ => world.now,
                };
                let tombstone = match new {
                    Some(Slot::Dead { expires }) => expires,
                    // A mutation has left none.
                    _ => ended_at + TOMBSTONE_SECONDS,
                };
                record::i18_ended_by_who_may(world, by, key, question, old)?;
                world
                    .history
                    .entry(key)
                    .and_modify(|life| life.tombstone = Some(tombstone));
            }
        }
    }
    each_record(world)
}

fn inserted(world: &mut World<'_>, by: usize, key: RecordKey, new: &Record) -> Check {
    let body = read(new)?;
    answer::i8_verifiers_are_fresh(world, by, &body)?;
    let known = Known {
        hash: body.verifier,
        user: new.user.clone(),
        barred: false,
    };
    let content = Content::of(&world.requests[by].deeds);
    let life = Life {
        content,
        base: Content::default(),
        marks: world.requests[by].marks(Marks::default()),
        user: new.user.clone(),
        since: world.effects,
        created: new.created,
        expires: new.expires,
        writers: vec![by],
        verifiers: vec![known],
        lapsed: false,
        minted: Some(body.verifier_created),
        tombstone: None,
        collected: false,
        for_good: false,
    };
    world.history.insert(key, life);
    record::i16_nothing_of_the_old_session(&body)
}

fn updated(world: &mut World<'_>, by: usize, key: RecordKey, new: &Record) -> Check {
    let body = read(new)?;
    let (effects, request) = (world.effects, &world.requests[by]);
    let Some(life) = world.history.get_mut(&key) else {
        return Ok(());
    };
    // Who is in it already has come again: nothing may change.
    if !life.writers.contains(&by) {
        let fits = request.deeds.iter().all(|deed| life.content.apply(deed));
        demand(fits, "I2", || {
            format!("{} was stored, though what it did does not fit", name(by))
        })?;
        life.writers.push(by);
    }
    life.marks = request.marks(life.marks);
    if life.user != new.user {
        (life.user, life.since) = (new.user.clone(), effects);
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
            .for_each(|known| known.barred = true);
    }
    life.verifiers.push(Known {
        hash: body.verifier,
        user: new.user.clone(),
        barred: false,
    });
    life.minted = Some(body.verifier_created);
    answer::i8_verifiers_are_fresh(world, by, &body)
}

pub(super) fn read(record: &Record) -> Result<Body, Violation> {
    let unreadable = || Violation {
        id: "I4",
        what: "a record that nobody can read".to_owned(),
    };
    Body::decode(&record.body).ok_or_else(unreadable)
}

/// After each change: all records.
fn each_record(world: &World<'_>) -> Check {
    for (key, slot) in &world.store.slots {
        let (Slot::Live { record, .. }, Some(life)) = (slot, world.history.get(key)) else {
            continue;
        };
        let body = read(record)?;
        record::i1_to_i4_content(&body.data, life)?;
        record::i1_i11_marks(record, &body, life)?;
        record::i7_one_verifier_opens(world, &body, life)?;
    }
    record::i12_index_is_a_superset(world)
}

/// A close has come to its end.
pub(super) fn responded(world: &mut World<'_>, number: usize) -> Check {
    answer::i15_declared(world, number)?;
    answer::i9_gone_sets_no_cookie(world, number)?;
    answer::i10_removed_when_dead(world, number)?;
    answer::i8_cookies_are_given_once(world, number)?;
    answer::i14_a_failed_load_leads_to_nothing(world, number)?;
    record::i1_acknowledged_is_written(world, number)?;
    answer::i5_ended_for_reuse(world, number)?;
    let Request {
        carried,
        found,
        cleared,
        ..
    } = world.requests[number];
    if let (Some(cookie), Found::Live, true) = (
        carried,
        found,
        cleared && world.requests[number].is_acknowledged(),
    ) {
        // Another has given the session a new id: this one may not end it, and its login begins one of its own. A clock that
        // was set back since it closed does not make its id a good one again.
        let request = &world.requests[number];
        let stale = |now| found_at(world, cookie, now) == Found::Stale;
        if request.user.is_some() && (stale(world.now) || request.created.is_some_and(stale)) {
            return Ok(());
        }
        let key = world.cookies[cookie].key;
        world
            .history
            .entry(key)
            .and_modify(|life| life.for_good = true);
        record::i5_ended_for_good(world, key)?;
    }
    Ok(())
}

/// A delete_all has come to its end.
pub(super) fn all_deleted(world: &mut World<'_>, number: usize, user: &str) -> Check {
    let Some((began, _)) = world.requests[number].swept else {
        return Ok(());
    };
    end::i12_all_of_a_user_are_dead(world, user, began)?;
    let theirs = world
        .history
        .values_mut()
        .filter(|life| life.user.as_deref() == Some(user));
    theirs
        .filter(|life| life.tombstone.is_some())
        .for_each(|life| life.for_good = true);
    Ok(())
}

/// All requests have ended. Late questions may still come.
pub(super) fn when_quiet(world: &World<'_>) -> Check {
    record::i12_index_is_a_superset(world)?;
    end::i1_acknowledged_sets(world)?;
    end::i2_counters_and_lists(world)?;
    end::i3_flashes(world)?;
    end::i5_i7_probe_all_cookies(world)?;
    end::i9_jar(world)?;
    end::i12_trimmed(world)
}

/// Nothing more can happen.
pub(super) fn at_the_end(world: &mut World<'_>) -> Check {
    end::i17_no_browser_is_locked_out(world)
}

/// What a response sets, if its cookie is a new one.
pub(super) fn minted(request: &Request) -> Option<usize> {
    match request.sets() {
        Some(Sets::Minted(cookie)) => Some(cookie),
        _ => None,
    }
}

/// Whether a record is there, neither deleted nor expired.
pub(super) fn is_live(world: &World<'_>, key: &RecordKey) -> bool {
    matches!(world.store.slots.get(key), Some(Slot::Live { record, .. }) if record.expires > world.now)
}
