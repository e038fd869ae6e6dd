//! The end of a request on a stored session: all rules, as steps.
//!
//! | base | what the request did | asked, in this order | goes out |
//! |---|---|---|---|
//! | any | nothing | touch, if due | |
//! | none | left content or an owner | (index) insert (trim) | a new id |
//! | none | left nothing | | |
//! | live | cleared, left nothing | delete (unindex) | removal |
//! | live | cleared, left content or an owner | delete (unindex), then as none | a new id |
//! | live | logged in, renewed, made permanent or not; or a renewal is due | (index) update (unindex) (trim) | its new verifier |
//! | live | anything else | (index) update | |
//! | gone | logged in | as none, with this request's changes alone | a new id |
//! | gone | anything else | | |
//!
//! `index` only with an owner, `unindex` where an owner goes, `trim` at a login where a number is configured. An update
//! that meets another version makes the changes again on the newer record, unless that one is no longer open to this
//! request's verifier: then, and when the store answers "gone", the base is gone. A cookie goes out last, after everything
//! that makes it true; it never goes out for a write or a touch, so that a slow reader cannot overwrite a login.

use std::sync::Arc;

use http::HeaderValue;

use super::body::{Body, Earlier, Opens, RECENT};
use super::id::{self, Id};
use super::open::{Base, Current, Live};
use super::question::{Answer, Inserted, Outcome, Question, Record, RecordKey, Trimmed, Updated};
use super::{OnGone, Stored, write_id};
use crate::change::Change;
use crate::cookie::Expiry;
use crate::error::{ConfigError, Error};
use crate::event::{Event, EventKind};
use crate::exchange::Outgoing;
use crate::lifetime::Refresh;
use crate::map::Map;
use crate::session::Session;
use crate::sessions::Core;
use crate::state::tail;
use crate::step::Step;
use crate::wire::stamp::Stamp;

/// After a renewed id first came back, the one before it opens the session for so many seconds more: for requests that were
/// under way.
const ALIAS_SECONDS: u64 = 60;

/// Seals the session, then decides. `consulted`: as in a cookie session's close.
pub(crate) fn close(session: &Session, consulted: bool) -> Step<Outgoing> {
    let core = session.core();
    let now = core.now().as_secs();
    let mut state = session.state();
    state.seal();
    let mut outgoing = Outgoing { cache_headers: core.cache_headers, vary: consulted, ..Outgoing::default() };
    session.report(&mut outgoing.events);
    if let Base::Gone { reused: true } = session.origin().base {
        outgoing.events.push(session.event(EventKind::Reuse));
    }
    if session.is_degraded() {
        outgoing.events.push(session.event(EventKind::StoreFailed("the session was not loaded")));
        return Step::Done(outgoing);
    }
    let closing = Closing {
        now,
        outgoing,
        map: state.map.clone(),
        stamp: state.stamp,
        permanent: state.permanent,
        owner: state.owner.clone(),
        label: state.label.clone(),
        cleared: state.cleared,
        renewed: state.renewed,
        write: None,
        minted: None,
        indexed: None,
        session: session.clone(),
    };
    drop(state);
    closing.start()
}

/// A close under way: what the request did, and what has become of it so far.
struct Closing {
    session: Session,
    now: u64,
    outgoing: Outgoing,
    /// The content at the end of the request, with all that was done to it.
    map: Map,
    stamp: Stamp,
    /// What the request set.
    permanent: Option<bool>,
    /// Who logged in.
    owner: Option<Arc<str>>,
    label: Option<Arc<str>>,
    cleared: bool,
    renewed: bool,
    /// The id of this request's write, the same however often it is tried.
    write: Option<u64>,
    /// The id that will go out.
    minted: Option<Id>,
    /// Where the owner's index was told about, by this close.
    indexed: Option<RecordKey>,
}

type Next = Step<Outgoing>;

impl Closing {
    fn core(&self) -> &Core {
        self.session.core()
    }

    fn stored(&self) -> &Stored {
        match &self.core().stored {
            Some(stored) => stored,
            None => unreachable!("only stored sessions are closed here"),
        }
    }

    fn event(&mut self, kind: EventKind) {
        let event = self.session.event(kind);
        self.outgoing.events.push(event);
    }

    fn ask(self, question: Question, next: impl FnOnce(Self, Answer) -> Next + Send + 'static) -> Next {
        let within = self.stored().close_within;
        Step::ask(question, within, move |answer| next(self, answer))
    }

    fn done(self) -> Next {
        Step::Done(self.outgoing)
    }

    /// Nothing of the response stays but the error.
    fn fail(mut self, error: Error) -> Next {
        self.outgoing.error = Some(error);
        self.done()
    }

    fn start(self) -> Next {
        let session = self.session.clone();
        match &session.origin().base {
            Base::Live(live) if self.cleared => self.end(live),
            Base::Live(live) => {
                let map = self.map.clone();
                self.save(live, live.current.clone(), map)
            }
            Base::Gone { .. } => self.gone(),
            Base::None | Base::Degraded => self.begin(),
        }
    }

    /// Ends the record, whoever else has written to it, and before anything else.
    fn end(mut self, live: &Live) -> Next {
        if !self.is_blank() && self.draw().is_err() {
            return self.fail(Error::Random(crate::NoRandom));
        }
        let (key, owner) = (live.id.key(), live.current.record.owner.clone());
        let question = Question::Delete { key, now: self.now };
        self.ask(question, move |mut closing, answer| match answer {
            Answer::Deleted(_) => {
                closing.event(EventKind::Cleared);
                closing.unindex(owner, key, |mut closing| {
                    if closing.is_blank() {
                        closing.outgoing.set_cookie = Some(closing.core().cookie.removal());
                        closing.outgoing.vary = true;
                    }
                    closing.begin()
                })
            }
            _ => closing.fail(Error::Unavailable),
        })
    }

    fn is_blank(&self) -> bool {
        self.map.is_blank() && self.owner.is_none()
    }

    /// A record of its own, under an id that nobody has seen. Nothing is stored for an empty session.
    fn begin(mut self) -> Next {
        if self.is_blank() {
            return self.done();
        }
        let Ok((id, write)) = self.draw() else {
            return self.fail(Error::Random(crate::NoRandom));
        };
        let body = Body {
            permanent: self.stamp.permanent,
            epoch: self.stamp.epoch,
            minted: self.now,
            indexed: self.now,
            verifier: id.hash(),
            authenticated: self.stamp.authenticated,
            earlier: None,
            recent: vec![write],
            data: text(&self.map),
        };
        let record = self.record(self.stamp.created, self.owner.clone(), self.label.clone(), 0, &body);
        if let Err(error) = self.check(&record) {
            return self.fail(error);
        }
        let key = id.key();
        self.index(record.owner.clone(), key, move |closing| {
            let question = Question::Insert { key, record: record.clone(), now: closing.now };
            closing.ask(question, move |mut closing, answer| match answer {
                Answer::Inserted(Inserted::Done) => closing.inserted(record, body, key),
                // An insert that was repeated meets its own.
                Answer::Inserted(Inserted::Exists(own)) if own.version == record.version => {
                    closing.inserted(record, body, key)
                }
                // Somebody else's record under an id of 128 random bits: they were not random.
                Answer::Inserted(Inserted::Exists(_)) => closing.fail(Error::Random(crate::NoRandom)),
                // Ended before we knew that it began, as by a trim.
                Answer::Inserted(Inserted::Dead) => {
                    closing.event(EventKind::Gone);
                    closing.done()
                }
                _ => closing.fail(Error::Unavailable),
            })
        })
    }

    fn inserted(self, record: Record, body: Body, key: RecordKey) -> Next {
        self.trim(record.owner.clone(), key, move |closing| closing.send(&record, &body, EventKind::Created))
    }

    /// A live record: touched, updated or left alone. `map`: its content with this request's changes.
    fn save(mut self, live: &Live, current: Current, map: Map) -> Next {
        let Current { record, body } = &current;
        let presented = live.id.hash();
        let every = self.stored().renew_every;
        let renewal_due = every.is_some_and(|every| self.now.saturating_sub(body.minted) >= every);
        let permanent = self.permanent.filter(|permanent| *permanent != body.permanent);
        let mint = self.renewed || permanent.is_some() || renewal_due;
        // The new verifier came back: from now on the time of the one before is running out.
        let arrived =
            body.verifier == presented && body.earlier.is_some_and(|earlier| earlier.until.is_none());
        let changed = !map.record().is_empty() || self.label.is_some();
        if !(mint || arrived || changed) {
            return self.touch(live, current);
        }
        let minted = match (mint, self.minted.take()) {
            (true, None) => live.id.renewed(&*self.core().random).map(Some),
            (mint, minted) => Ok(minted.filter(|_| mint)),
        };
        let (Ok(minted), Ok(write)) = (minted, self.write()) else {
            return self.fail(Error::Random(crate::NoRandom));
        };
        let login = self.owner.is_some();
        let index_due = self.now.saturating_sub(body.indexed) >= self.core().lifetime.tenth();
        let owner = self.owner.clone().or_else(|| record.owner.clone());
        let new = Body {
            permanent: permanent.unwrap_or(body.permanent),
            epoch: body.epoch,
            minted: if mint { self.now } else { body.minted },
            indexed: if login || index_due { self.now } else { body.indexed },
            verifier: minted.as_ref().map_or(body.verifier, Id::hash),
            authenticated: if login { self.stamp.authenticated } else { body.authenticated },
            earlier: match body.earlier {
                // A login or renewal leaves no way back.
                _ if self.renewed => None,
                _ if mint => Some(Earlier { verifier: presented, until: None }),
                Some(earlier) if arrived => {
                    Some(Earlier { until: Some(self.now.saturating_add(ALIAS_SECONDS)), ..earlier })
                }
                earlier => earlier,
            },
            recent: std::iter::once(write).chain(body.recent.iter().copied()).take(RECENT).collect(),
            data: text(&map),
        };
        let created = if login { self.stamp.created } else { record.created };
        let label = self.label.clone().or_else(|| record.label.clone());
        let record = self.record(created, owner, label, record.expires, &new);
        if let Err(error) = self.check(&record) {
            return self.fail(error);
        }
        self.minted = minted;
        let key = live.id.key();
        let indexed = record.owner.clone().filter(|_| (login || index_due) && self.indexed != Some(key));
        self.index(indexed, key, move |closing| closing.update(current, record, new))
    }

    fn update(self, replaced: Current, record: Record, body: Body) -> Next {
        let key = self.live().id.key();
        let version = replaced.record.version;
        let question = Question::Update { key, version, record: record.clone(), now: self.now };
        self.ask(question, move |closing, answer| match answer {
            Answer::Updated(Updated::Done) => closing.updated(replaced.record.owner, record, body),
            Answer::Updated(Updated::Conflict(newer)) => closing.merge(replaced, newer),
            Answer::Updated(Updated::Gone) => closing.gone(),
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// The record is a newer one: either our own write has reached it, or the changes are made again.
    fn merge(mut self, replaced: Current, newer: Record) -> Next {
        let Some((current, mut map)) = Current::read(newer) else {
            return self.fail(Error::Unavailable);
        };
        if self.write.is_some_and(|write| current.body.recent.contains(&write)) {
            // What went out for it may have been replaced since.
            self.minted = self.minted.filter(|minted| minted.hash() == current.body.verifier);
            let Current { record, body } = current;
            return self.updated(replaced.record.owner, record, body);
        }
        let session = self.session.clone();
        let live = live(&session);
        let opens = current.body.opens(&live.id.hash(), self.now);
        if !matches!(opens, Opens::Current | Opens::Alias) || current.record.expires <= self.now {
            return self.gone();
        }
        for change in self.map.record() {
            if let Err(misfit) = map.apply(change.clone()) {
                let key = change.key().unwrap_or_default().to_owned();
                let reason = misfit.reason().to_owned();
                return self.fail(Error::Conflict { key, reason });
            }
        }
        if !self.outgoing.events.iter().any(|event| event.kind == EventKind::Merged) {
            self.event(EventKind::Merged);
        }
        self.save(live, current, map)
    }

    /// Our write is in the record: now its owners, then the cookie.
    fn updated(self, before: Option<Arc<str>>, record: Record, body: Body) -> Next {
        let key = self.live().id.key();
        let left = before.filter(|before| self.owner.as_ref().is_some_and(|owner| owner != before));
        self.unindex(left, key, move |closing| {
            let owner = closing.owner.clone();
            closing.trim(owner, key, move |closing| match closing.minted {
                Some(_) => closing.send(&record, &body, EventKind::Renewed),
                None => closing.done(),
            })
        })
    }

    /// Nobody changed anything: the record lives on, if it is time to say so.
    fn touch(self, live: &Live, current: Current) -> Next {
        let Current { record, .. } = current;
        let lifetime = &self.core().lifetime;
        let since = self.now.saturating_sub(record.seen);
        let due = match lifetime.refresh {
            Refresh::Tenth => since >= lifetime.tenth(),
            Refresh::EachRequest => true,
            Refresh::Never => false,
        };
        if !due && !self.map.is_modified() {
            return self.done();
        }
        let key = live.id.key();
        let expires = lifetime.expires(record.created, self.now).max(record.expires);
        let touch = move |closing: Self| {
            let question = Question::Touch { key, expires, now: closing.now };
            closing.ask(question, |mut closing, answer| {
                if !matches!(answer, Answer::Touched(Outcome::Done | Outcome::Gone)) {
                    closing.event(EventKind::StoreFailed("the session was not extended"));
                }
                closing.done()
            })
        };
        match record.owner {
            None => touch(self),
            Some(owner) => {
                let question = self.note(owner, key);
                self.ask(question, move |mut closing, answer| match answer {
                    Answer::Noted => touch(closing),
                    _ => {
                        closing.event(EventKind::StoreFailed("the session was not extended"));
                        closing.done()
                    }
                })
            }
        }
    }

    /// The session was ended or renewed by another request. Only who proved who they are begins a new one, with nothing
    /// of the old.
    fn gone(mut self) -> Next {
        if self.owner.is_some() {
            let mut map = Map::default().recording();
            for change in self.map.record() {
                // A value that was made from one of the old session is part of it.
                if !matches!(change, Change::Update { .. }) && map.apply(change.clone()).is_err() {
                    return self.fail(Error::Gone);
                }
            }
            self.map = map;
            self.minted = None;
            self.stamp.permanent = self.permanent.unwrap_or(self.core().lifetime.permanent);
            self.stamp.epoch = 0;
            return self.begin();
        }
        // A logout finds what it wanted.
        if !self.map.is_modified() || (self.cleared && self.is_blank()) {
            return self.done();
        }
        self.event(EventKind::Gone);
        match self.stored().on_gone {
            OnGone::Forget => self.done(),
            OnGone::Conflict => self.fail(Error::Gone),
        }
    }

    /// Ends the owner's oldest sessions beyond the number that is configured. One that finds itself among them is gone.
    fn trim(
        self,
        owner: Option<Arc<str>>,
        this: RecordKey,
        next: impl FnOnce(Self) -> Next + Send + 'static,
    ) -> Next {
        let (Some(owner), Some(keep)) = (owner, self.stored().per_owner) else { return next(self) };
        let question = Question::Trim { owner, keep, this, now: self.now };
        self.ask(question, |mut closing, answer| match answer {
            Answer::Trimmed(Trimmed { alive: true, .. }) => next(closing),
            Answer::Trimmed(Trimmed { alive: false, .. }) => {
                closing.event(EventKind::Gone);
                closing.done()
            }
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// Tells the owner's index of a record that will be theirs, before it is.
    fn index(
        mut self,
        owner: Option<Arc<str>>,
        key: RecordKey,
        next: impl FnOnce(Self) -> Next + Send + 'static,
    ) -> Next {
        let Some(owner) = owner else { return next(self) };
        self.indexed = Some(key);
        let question = self.note(owner, key);
        self.ask(question, |closing, answer| match answer {
            Answer::Noted => next(closing),
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// Longer than any record that is not noted again: a note is renewed at least with every tenth of the idle lifetime.
    fn note(&self, owner: Arc<str>, key: RecordKey) -> Question {
        let idle = self.core().lifetime.idle.as_secs();
        let until = self.now.saturating_add(idle.saturating_mul(2)).min(i64::MAX.cast_unsigned());
        Question::Index { owner, key, until, now: self.now }
    }

    /// Takes a record out of an owner's index. The index is a superset, so that it need not succeed.
    fn unindex(
        self,
        owner: Option<Arc<str>>,
        key: RecordKey,
        next: impl FnOnce(Self) -> Next + Send + 'static,
    ) -> Next {
        let Some(owner) = owner else { return next(self) };
        self.ask(Question::Unindex { owner, key }, |mut closing, answer| {
            if answer != Answer::Noted {
                closing.event(EventKind::StoreFailed("the owner's index still names the session"));
            }
            next(closing)
        })
    }

    /// Everything that makes the new id true has happened: it goes out.
    fn send(mut self, record: &Record, body: &Body, kind: EventKind) -> Next {
        let sent = match &self.minted {
            Some(id) => set_cookie(self.core(), id, record.created, body, self.now),
            None => return self.done(),
        };
        match sent {
            Ok(header) => {
                let value = header.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
                let digest = self.core().digest(&tail(value));
                self.outgoing.events.push(match kind {
                    EventKind::Created => Event { kind, digest },
                    kind => self.session.event(kind),
                });
                (self.outgoing.set_cookie, self.outgoing.vary) = (Some(header), true);
                self.done()
            }
            Err(error) => self.fail(error),
        }
    }

    fn live(&self) -> &Live {
        live(&self.session)
    }

    /// A new id and that of the write, drawn once.
    fn draw(&mut self) -> Result<(Id, u64), crate::NoRandom> {
        let write = self.write()?;
        let id = match &self.minted {
            Some(id) => id.clone(),
            None => Id::generate(&*self.core().random)?,
        };
        self.minted = Some(id.clone());
        Ok((id, write))
    }

    /// The id of this request's write, drawn when it is first needed.
    fn write(&mut self) -> Result<u64, crate::NoRandom> {
        match self.write {
            Some(write) => Ok(write),
            None => {
                let write = write_id(&*self.core().random)?;
                self.write = Some(write);
                Ok(write)
            }
        }
    }

    fn record(
        &self,
        created: u64,
        owner: Option<Arc<str>>,
        label: Option<Arc<str>>,
        expires: u64,
        body: &Body,
    ) -> Record {
        let version = body.recent.first().copied().unwrap_or_default();
        let expires = self.core().lifetime.expires(created, self.now).max(expires);
        Record { version, expires, created, seen: self.now, owner, label, body: body.encode() }
    }

    fn check(&self, record: &Record) -> Result<(), Error> {
        let (size, limit) = (record.body.len(), self.stored().max_record);
        if size > limit { Err(Error::RecordTooLarge { size, limit }) } else { Ok(()) }
    }
}

fn live(session: &Session) -> &Live {
    match &session.origin().base {
        Base::Live(live) => live,
        _ => unreachable!("only a live record is updated"),
    }
}

fn text(map: &Map) -> Arc<str> {
    let mut text = String::with_capacity(map.expected_size());
    map.write_ours(&mut text);
    text.into()
}

fn set_cookie(core: &Core, id: &Id, created: u64, body: &Body, now: u64) -> Result<HeaderValue, Error> {
    let Body { permanent, authenticated, epoch, .. } = *body;
    // Under a clock that was set back a session is not older than it was.
    let stamp = Stamp { permanent, issued: now.max(created), created, authenticated, epoch };
    let mut header = core.cookie.start();
    id.write(core.wire.signer(), &mut header, &stamp);
    let expiry = match permanent {
        true => Expiry::MaxAge(core.lifetime.max_age_of_id(created, now)),
        false => Expiry::Browser,
    };
    core.cookie.finish(header, expiry)
}

/// An id always takes the same room, so that whether it fits is known before there is one.
pub(crate) fn check_cookie(core: &Core) -> Result<(), ConfigError> {
    let Some(limit) = core.max_cookie_size else { return Ok(()) };
    let like_an_id = core.cookie.start() + &"A".repeat(id::LENGTH);
    let longest = Expiry::MaxAge(core.lifetime.max_age_of_id(0, 0));
    let size = core.cookie.finish(like_an_id, longest).map_or(usize::MAX, |header| header.len());
    if size > limit {
        let problem = format!("the cookie of a stored session takes {size} octets, the limit is {limit}");
        return Err(ConfigError::Cookie { setting: "MAX_COOKIE_SIZE", problem });
    }
    Ok(())
}

#[cfg(test)]
#[path = "close_tests.rs"]
mod tests;
