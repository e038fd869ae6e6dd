//! The invariants that are checked when all requests have ended. As far as possible they compare
//! the store and the browser's cookie with what was acknowledged, and do not use the history.

use crate::record_key::RecordKey;
use std::collections::BTreeSet;

use crate::record::base::RECENT_SECONDS;
use crate::session::handle::Session;
use crate::stored::model::{ModelStore, Slot};
use crate::stored::model_check::check::{Check, ensure, new_cookie, read};
use crate::stored::model_check::cookies::Cookie;
use crate::stored::model_check::history::{Effect, Life};
use crate::stored::model_check::lookup::cookie_state;
use crate::stored::model_check::record_invariants::map_of;
use crate::stored::model_check::request::{CookieState, Request, Sets};
use crate::stored::model_check::state::State;
use crate::stored::model_check::trace::name;
use crate::stored::model_check::{faulty, request_invariants};
use crate::stored::step::Step;

/// Returns the live records, with their content and their history.
fn live<'a>(state: &'a State<'_>) -> impl Iterator<Item = (RecordKey, String, &'a Life)> {
    state
        .store
        .slots
        .iter()
        .filter_map(|(key, slot)| match slot {
            Slot::Live { record, .. } if record.expires > state.now => Some((
                *key,
                read(record).ok()?.data.to_string(),
                state.history.get(key)?,
            )),
            _ => None,
        })
}

/// Returns the requests whose writes are in a record.
fn writers<'a>(
    state: &'a State<'_>,
    life: &'a Life,
) -> impl DoubleEndedIterator<Item = (usize, &'a Request)> {
    life.writers
        .iter()
        .map(|number| (*number, &state.requests[*number]))
}

/// **I1** Every acknowledged set is in the record, unless a set, remove or clear of that key, a
/// clear, a delete_all, a trim or an expiry came later in commit order.
pub(super) fn i1_acknowledged_sets(state: &State<'_>) -> Check {
    for (_, data, life) in live(state) {
        let map = map_of(&data);
        let mut later: Vec<&Effect> = Vec::new();
        for (number, request) in writers(state, life).rev() {
            for effect in request.effects.iter().rev() {
                if let (Effect::Set(key, text), true) = (effect, request.is_acknowledged()) {
                    let same = map.get(*key) == serde_json::from_str(text).ok().as_ref();
                    // I2 checks what an increment made of it.
                    let replaced = *key == "n" || later.iter().any(|effect| effect.replaces(key));
                    ensure(same || replaced, "I1", || {
                        format!("{}'s {key} is not in {data}", name(number))
                    })?;
                }
                later.push(effect);
            }
        }
    }
    Ok(())
}

/// **I2** For a counter: acknowledged <= value <= acknowledged + unknown outcomes. Nothing is
/// applied twice.
pub(super) fn i2_counters_and_lists(state: &State<'_>) -> Check {
    for (_, data, life) in live(state) {
        let map = map_of(&data);
        let replaced = |key: &str| {
            writers(state, life)
                .any(|(_, request)| request.effects.iter().any(|effect| effect.replaces(key)))
        };
        let wrote = |number: usize| life.writers.contains(&number);
        let (mut least, mut most) = (0, 0);
        let list = map.get("list").and_then(|list| list.as_array());
        for (number, request) in state.requests.iter().enumerate() {
            let sure = wrote(number) && request.is_acknowledged();
            for effect in &request.effects {
                match effect {
                    Effect::Add(_, by) => {
                        least += if sure { *by } else { 0 };
                        most += if sure || request.failed { *by } else { 0 };
                    }
                    Effect::Push(_, item) if !replaced("list") => {
                        let item = item.trim_matches('"');
                        let times = list
                            .into_iter()
                            .flatten()
                            .filter(|other| *other == item)
                            .count();
                        let fits = times == 1 || (times == 0 && !sure);
                        ensure(fits, "I2", || format!("{item} {times} times in {data}"))?;
                    }
                    _ => {}
                }
            }
        }
        // A request that found the session expired may have a copy of its write under way.
        if !replaced("n") && !life.was_expired {
            let base = life
                .base
                .keys
                .get("n")
                .map_or(0, |text| text.parse().unwrap_or(0));
            let value = map
                .get("n")
                .map_or(0, |value| value.as_i64().unwrap_or(i64::MIN))
                - base;
            ensure((least..=most).contains(&value), "I2", || {
                format!("{value} was added, and {least} to {most} should have been")
            })?;
        }
    }
    Ok(())
}

/// **I3** Each acknowledged flash is in the record, or at least one acknowledged take has taken it.
/// A take removes only the flashes that it saw
/// ([`i1_to_i4_content`](super::record_invariants::i1_to_i4_content) checks their numbers).
///
/// A take whose outcome is unknown may have taken it as well.
pub(super) fn i3_flashes(state: &State<'_>) -> Check {
    for (_, data, life) in live(state) {
        let taken: Vec<_> = writers(state, life)
            .filter(|(_, request)| request.is_acknowledged() || request.failed)
            .flat_map(|(_, request)| &request.effects)
            .collect();
        for (number, request) in
            writers(state, life).filter(|(_, request)| request.is_acknowledged())
        {
            for effect in &request.effects {
                let Effect::Flash(flash, _) = effect else {
                    continue;
                };
                let takes = |effect: &&Effect| match effect {
                    Effect::Take(numbers) => numbers.contains(flash),
                    Effect::KeepOnly => true,
                    _ => false,
                };
                let there = data.contains(&format!("[{flash},")) || taken.iter().any(takes);
                ensure(there, "I3", || {
                    format!("{}'s flash is neither in {data} nor taken", name(number))
                })?;
            }
        }
    }
    Ok(())
}

/// Opens a session as another request would, and drops it.
fn probe(state: &State<'_>, cookie: usize) -> Session {
    let exchange = state
        .server
        .sessions(state.swapped)
        .exchange(&state.cookies[cookie].headers());
    let opened = match exchange.opener().open_best_effort() {
        Step::Done(opened) => opened,
        Step::Pending(pending) => {
            let reply = state.store.clone().execute(pending.request());
            pending.reply(reply).done().unwrap()
        }
    };
    opened.unwrap()
}

/// **I5**, **I6**, **I7** Every cookie that was ever sent opens what it should, or nothing.
pub(super) fn i5_i7_probe_all_cookies(state: &State<'_>) -> Check {
    for cookie in 0..state.cookies.len() {
        let session = probe(state, cookie);
        let cookie_state = match session.rejected() {
            // The clock was set back, so the cookie comes from the future.
            Some(crate::Rejected::Future | crate::Rejected::TooOld) => CookieState::Nothing,
            _ => cookie_state(state, cookie),
        };
        request_invariants::i5_i7_only_a_live_verifier_opens(
            state,
            Some(cookie),
            cookie_state,
            &session,
        )?;
    }
    Ok(())
}

/// **I9** The browser's cookie: if all requests carried the same live verifier, at most one
/// response sends a new one, and there was neither a clear nor a crash, then the browser ends with
/// a cookie that opens a live session. If a login was acknowledged, it is logged in.
///
/// Responses may arrive in any order, so each cookie that was set may be the browser's last. A new
/// verifier that is in the record and was lost with its response is one of them. A login or renewal
/// with an unknown outcome is a crash, since it may have ended the verifier that the browser holds.
/// A periodic renewal and a changed permanence must leave the previous verifier valid, even if the
/// response is lost (L3).
///
/// If several responses send new verifiers, the browser ends with a cookie that is live or
/// anonymous, and never with another login's data:
/// [`i7_one_verifier_opens`](super::record_invariants::i7_one_verifier_opens) checks that.
pub(super) fn i9_browser_cookie(state: &State<'_>) -> Check {
    let requests = || state.requests.iter();
    let Some(first) = state.known.checked_sub(1) else {
        return Ok(());
    };
    let alike = requests().all(|request| request.carried == Some(first));
    let key = state.cookies[first].key;
    let renewing = requests()
        .enumerate()
        .filter(|(number, request)| has_new_verifier(state, *number, request))
        .count();
    let lost = requests().any(|request| request.failed && (request.renewed || request.cleared));
    let lives = state.history[&key].tombstone.is_none() && state.history[&key].expires > state.now;
    if !alike
        || renewing > 1
        || lost
        || !lives
        || state.set_back > 0
        || requests().any(|request| request.cleared)
    {
        return Ok(());
    }
    let mut ends: BTreeSet<usize> = requests()
        .filter_map(|request| match request.sets()? {
            Sets::New(cookie) | Sets::Resent(cookie) => Some(cookie),
            Sets::Removal => None,
        })
        .collect();
    if !requests().any(|request| request.renewed && new_cookie(request).is_some()) {
        ends.insert(first);
    }
    let login = requests().find(|request| request.is_acknowledged() && request.user.is_some());
    for cookie in ends {
        let session = probe(state, cookie);
        ensure(session.rejected().is_none(), "I9", || {
            format!(
                "the browser ends with a cookie that opens nothing: {:?}",
                session.rejected()
            )
        })?;
        let user = state.history[&state.cookies[cookie].key].user.as_deref();
        ensure(login.is_none_or(|login| login.user == user), "I9", || {
            format!("the browser ends with a session of {user:?} after a login")
        })?;
    }
    Ok(())
}

/// Whether a verifier of this request is in a record and, if the request's outcome is known, was
/// sent.
fn has_new_verifier(state: &State<'_>, number: usize, request: &Request) -> bool {
    let drawn = state.server.draws.drawn();
    let mut verifiers = state.history.values().flat_map(|life| &life.verifiers);
    let unknown =
        request.failed && verifiers.any(|known| drawn.verifiers.contains(&(known.hash, number)));
    new_cookie(request).is_some() || unknown
}

/// **I17** A browser can always get a session again: [`RECENT_SECONDS`] after the last change
/// (later by as much as the clock was set back), a request that writes gets a cookie that opens
/// what it wrote, whichever cookie the browser had.
pub(super) fn i17_no_browser_is_locked_out(state: &mut State<'_>) -> Check {
    let (now, drawn) = (state.now, state.server.draws.drawn().clone());
    state.server.time.set(now + RECENT_SECONDS + state.set_back);
    let locked_out = (0..state.cookies.len()).find(|cookie| !can_write(state, *cookie));
    state.server.time.set(now);
    *state.server.draws.drawn() = drawn;
    ensure(locked_out.is_none(), "I17", || {
        let cookie = &state.cookies[locked_out.unwrap_or_default()];
        let session = state.server.draws.drawn().session_name(&cookie.key);
        format!("a browser with a cookie of {session} writes, and no cookie opens what it wrote")
    })
}

fn can_write(state: &State<'_>, cookie: usize) -> bool {
    let (mut store, sessions) = (state.store.clone(), state.server.sessions(state.swapped));
    let carried = state.cookies[cookie].headers();
    let exchange = sessions.exchange(&carried);
    let session = drive(state, &mut store, exchange.opener().open_best_effort()).unwrap();
    session.insert("again", 1).unwrap();
    let mut outgoing = drive(state, &mut store, exchange.close());
    let mut response = http::HeaderMap::new();
    if outgoing.apply(&mut response).is_err() {
        return false;
    }
    let set = response
        .get(http::header::SET_COOKIE)
        .and_then(|set| Cookie::read(set, &store));
    let next = set.map_or(carried, |cookie| cookie.headers());
    let exchange = sessions.exchange(&next);
    let session = drive(state, &mut store, exchange.opener().open_best_effort()).unwrap();
    session.get::<i64>("again") == Ok(Some(1))
}

/// Sends the requests to the store as it is, with the mutation that is being tried.
fn drive<T>(state: &State<'_>, store: &mut ModelStore, mut step: Step<T>) -> T {
    loop {
        match step {
            Step::Done(done) => return done,
            Step::Pending(pending) => {
                let reply = faulty::loaded(
                    state.mutation,
                    pending.request(),
                    store.execute(pending.request()),
                );
                step = pending.reply(reply);
            }
        }
    }
}

/// **I12** After a delete_all has ended, no record of its user is live that had this user when the
/// delete_all began.
///
/// A record that had expired when the records were listed, and lives again under a clock that was
/// set back, is an exception.
pub(super) fn i12_all_of_a_user_are_dead(state: &State<'_>, user: &str, began: usize) -> Check {
    let left = live(state).any(|(_, _, life)| {
        life.user.as_deref() == Some(user) && life.since <= began && !life.was_expired
    });
    ensure(!left, "I12", || {
        format!("delete_all left a session of {user}")
    })
}

/// **I12** After a trim has ended, at most the configured number of records is live, of those that
/// had their user when the last trim began. An acknowledged login was followed by its trim.
///
/// A record that had expired at the time of the trim, and lives again under a clock that was set
/// back, is an exception.
pub(super) fn i12_trimmed(state: &State<'_>) -> Check {
    if !state.scenario.config.cap {
        return Ok(());
    }
    for (number, request) in state.requests.iter().enumerate() {
        let login = request.user.is_some() && request.is_acknowledged();
        let trimmed = request.swept.is_some_and(|(_, done)| done);
        ensure(!login || trimmed, "I12", || {
            format!("{} has logged in without a trim", name(number))
        })?;
    }
    for user in ["ada", "bob"] {
        let trims = state
            .requests
            .iter()
            .filter(|request| request.user == Some(user));
        let done = trims.filter_map(|request| request.swept.filter(|(_, done)| *done));
        let Some(began) = done.map(|(began, _)| began).max() else {
            continue;
        };
        let theirs = live(state).filter(|(_, _, life)| {
            life.user.as_deref() == Some(user) && life.since <= began && !life.was_expired
        });
        let left = theirs.count();
        ensure(left <= 1, "I12", || {
            format!("{left} sessions of {user} after a trim to 1")
        })?;
    }
    Ok(())
}
