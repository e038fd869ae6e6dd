//! The end of a request on a stored session: all rules, as steps.
//!
//! | base | what the request did | asked, in this order | goes out |
//! |---|---|---|---|
//! | any | nothing | touch, if due | |
//! | none | left content or a user | (index) insert (trim) | a new id |
//! | none | cleared, left nothing, and a cookie came | | removal |
//! | none | left nothing | | |
//! | untimely | cleared | load, delete (unindex) if the record is open to the id, then as none | removal, or a new id |
//! | untimely | anything else | as none | as none |
//! | refused, and there is no record | cleared | delete, to be sure; then as below | as below |
//! | live | cleared, left nothing | delete (unindex) | removal |
//! | live | cleared, left content or a user | delete (unindex), then as none | a new id |
//! | live | logged in, renewed, left its user, made permanent or not; or a renewal is due | (index) update (trim) | its new verifier |
//! | live | changed, or a touch is due, and its id is outdated: of another key or name than is written today | (index) update | its new verifier |
//! | live | changed; or a touch is due, and the record is outdated | (index) update | |
//! | refused, and mute | logged in | as none | a new id |
//! | refused, and mute | cleared, and there is a record | | 409 |
//! | refused, and mute | anything else | | |
//! | refused, no longer mute | | as none | |
//! | gone meanwhile | logged in | as none, with this request's changes alone | a new id |
//! | gone meanwhile | cleared or left its user, and the record lives on under another id | | 409 |
//! | gone meanwhile | anything else | | nothing; or, so configured, 409 |
//!
//! `index` only with a user, `unindex` where one had the record that ended, `trim` at a login where a number is configured. An update
//! that meets another version makes the changes again on the newer record, and a delete that meets one ends that, unless it
//! is no longer open to this request's verifier: then the session is gone, as where the store answers so to an update. A
//! cookie goes out last, after everything that makes it true; it never goes out for a write or a touch, so that a slow reader
//! cannot overwrite a login. A request that only read does not fail: what cannot be written for it is an event, and the record
//! is extended if that needs no write ([`save`](super::save)).
//!
//! *Untimely* is an id that times alone speak against: too old, idle for too long, revoked, or made by a clock that is ahead.
//! *Refused* is an id that opened nothing when the request began: its session was ended, its id replaced, or its record
//! cannot be read. It keeps the request mute for [`MUTE_SECONDS`](super::open::MUTE_SECONDS), and after that it counts as no
//! cookie. *Gone meanwhile* is a session that was ended, or whose id was replaced, while the request was under way.

use std::collections::BTreeSet;

use crate::data::change::Change;
use crate::data::map::Map;
use crate::error::Error;
use crate::event::{Event, EventKind};
use crate::record::base::{Decoded, LiveRecord, LoadedFrom};
use crate::record::body::Body;
use crate::record::id::Id;
use crate::record::policy::{GonePolicy, ReusePolicy};
use crate::record::store::{Inserted, Outcome, Record, StoreReply, StoreRequest};
use crate::record_key::RecordKey;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::session::state::signature_end;
use crate::stored::closing::{Closing, Next, set_cookie, text};
use crate::stored::save::{Changes, PendingWrite};
use crate::stored::step::{Attempt, Step};
use crate::token::stamp::Epoch;

/// Freezes the session, then decides. `accessed`: as in a cookie session's close.
pub(crate) fn close(session: &Session, accessed: bool) -> Step<Outgoing> {
    let settings = session.settings();
    let now = settings.now().as_secs();
    let mut state = session.state();
    state.freeze();
    let mut outgoing = Outgoing {
        cache_headers: settings.cache_headers,
        vary: accessed,
        ..Outgoing::default()
    };
    session.report(state.rejected(session.incoming()), &mut outgoing.events);
    if let LoadedFrom::Refused {
        reused: Some(_), ..
    } = session.incoming().loaded_from
    {
        outgoing.events.push(session.event(EventKind::Reuse));
    }
    if session.is_unavailable() {
        outgoing
            .events
            .push(session.event(EventKind::StoreFailed("the session was not loaded")));
        return Step::Done(outgoing);
    }
    // Most requests only read: nothing is copied for them.
    if let LoadedFrom::Live(live) = &session.incoming().loaded_from
        && !(state.cleared || state.map.is_modified())
    {
        let did = Changes {
            changed: false,
            permanent: state.permanent,
            renewed: state.renewed,
        };
        if PendingWrite::of(session, &did, live, &live.decoded, now).is_nothing() {
            return Step::Done(outgoing);
        }
    }
    let closing = Closing {
        now,
        outgoing,
        map: state.map.clone(),
        stamp: state.stamp,
        only_read: !(state.cleared || state.map.is_modified()),
        permanent: state.permanent,
        user: state.user.clone(),
        left: state.left,
        label: state.label.clone(),
        epoch: state.epoch,
        cleared: state.cleared,
        renewed: state.renewed,
        write: None,
        minted: None,
        indexed: None,
        asked: Attempt::Once,
        session: session.clone(),
    };
    drop(state);
    closing.start()
}

impl Closing {
    pub(crate) fn start(self) -> Next {
        let session = self.session.clone();
        match &session.incoming().loaded_from {
            LoadedFrom::Live(live) if self.cleared => {
                self.end(live.key, live.presented, &live.decoded.record)
            }
            LoadedFrom::Untimely(id) if self.cleared => self.end_untimely((**id).clone()),
            LoadedFrom::Live(live) => self.save(live, &live.decoded, None),
            LoadedFrom::Refused {
                key,
                lives: false,
                mute,
                ..
            } if self.cleared => self.end_again(*key, *mute),
            LoadedFrom::Refused {
                reused: Some(reused),
                ..
            } if self.stored().on_reuse != ReusePolicy::Report => self.end_reused(reused),
            LoadedFrom::Refused { .. }
            | LoadedFrom::Untimely(_)
            | LoadedFrom::None
            | LoadedFrom::Degraded => self.go_on(),
        }
    }

    /// Where no record is open to the request.
    pub(crate) fn go_on(self) -> Next {
        let session = self.session.clone();
        self.go_on_from(&session.incoming().loaded_from)
    }

    pub(crate) fn go_on_from(self, base: &LoadedFrom) -> Next {
        match *base {
            LoadedFrom::Refused { mute, lives, .. } => self.go_on_refused(mute, lives),
            _ => self.begin(),
        }
    }

    pub(crate) fn go_on_refused(self, mute: bool, lives: bool) -> Next {
        if mute && self.user.is_none() {
            self.stay_mute(lives)
        } else {
            self.begin()
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.map.is_empty_session() && self.user.is_none()
    }

    /// A record of its own, under an id that nobody has seen. Nothing is stored for an empty session.
    pub(crate) fn begin(mut self) -> Next {
        if self.is_blank() {
            return self.forget();
        }
        let Ok((id, write)) = self.draw() else {
            return self.fail(Error::Entropy(crate::env::EntropyError));
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
        let key = id.key();
        let (user, label) = (self.user.clone(), self.label.clone());
        let record = match self.record(key, self.stamp.created, user, label, None, &body) {
            Ok(record) => record,
            Err(error) => return self.fail(error),
        };
        self.index(record.user.clone(), key, move |closing| {
            let question = StoreRequest::Insert {
                key,
                record: record.clone(),
                now: closing.now,
            };
            closing.ask(question, move |mut closing, answer| match answer {
                StoreReply::Inserted(Inserted::Done) => closing.inserted(record, body, key),
                // An insert that was repeated meets its own.
                StoreReply::Inserted(Inserted::Exists(own)) if own.version == record.version => {
                    closing.inserted(record, body, key)
                }
                // Somebody else's record under an id of 128 random bits: they were not random.
                StoreReply::Inserted(Inserted::Exists(_)) => {
                    closing.fail(Error::Entropy(crate::env::EntropyError))
                }
                // Ended before we knew that it began, as by a trim.
                StoreReply::Inserted(Inserted::Dead) => {
                    closing.event(EventKind::Gone);
                    closing.done()
                }
                _ => closing.fail(Error::Unavailable),
            })
        })
    }

    pub(crate) fn inserted(self, record: Record, body: Body, key: RecordKey) -> Next {
        self.trim(record.user.clone(), key, move |closing| {
            closing.send(&record, &body, EventKind::Created)
        })
    }

    /// Nobody changed anything: the record lives on.
    pub(crate) fn touch(self, live: &LiveRecord, decoded: &Decoded) -> Next {
        let (lifetime, Decoded { record, body, .. }) = (&self.settings().lifetime, decoded);
        let key = live.key;
        let expires = lifetime
            .expires(record.created, self.now, body.idle(lifetime))
            .max(record.expires);
        let touch = move |closing: Self| {
            let question = StoreRequest::Touch {
                key,
                expires,
                now: closing.now,
            };
            closing.ask(question, |mut closing, answer| {
                if !matches!(answer, StoreReply::Touched(Outcome::Done | Outcome::Gone)) {
                    closing.event(EventKind::StoreFailed("the session was not extended"));
                }
                closing.done()
            })
        };
        match record.user.clone() {
            None => touch(self),
            Some(user) => {
                let question = self.note(user, key);
                self.ask(question, move |mut closing, answer| match answer {
                    StoreReply::Noted => touch(closing),
                    _ => {
                        closing.event(EventKind::StoreFailed("the session was not extended"));
                        closing.done()
                    }
                })
            }
        }
    }

    /// The session was ended, or got another id (`lives_on`), while this request was under way. Only who proved who they are
    /// begins a new one, with nothing of the old.
    pub(crate) fn gone(mut self, lives_on: bool) -> Next {
        if self.user.is_some() {
            return self.begin_without_the_old();
        }
        if !self.map.is_modified() {
            return self.done();
        }
        self.event(EventKind::Gone);
        // A logout that has ended nothing must not look like one.
        let failed_logout = lives_on && (self.cleared || self.left);
        match self.stored().on_gone {
            GonePolicy::Forget if !failed_logout => self.done(),
            _ => self.fail(Error::Gone),
        }
    }

    /// A session of its own for a login, of this request's changes.
    fn begin_without_the_old(mut self) -> Next {
        let mut map = Map::default().recording();
        let mut own = BTreeSet::new();
        for change in self.map.changes() {
            match change {
                Change::Set { key, .. } => drop(own.insert(key)),
                // A value that was made from one of the old session is part of it.
                Change::Update { key, .. } if !own.contains(key) => continue,
                _ => {}
            }
            if map.apply(change.clone()).is_err() {
                return self.fail(Error::Gone);
            }
        }
        self.map = map;
        self.minted = None;
        self.stamp.permanent = self.permanent.unwrap_or(self.settings().lifetime.permanent);
        self.stamp.epoch = Epoch {
            application: self.settings().lifetime.epoch,
            user: self.epoch.unwrap_or_default(),
        };
        self.begin()
    }

    /// A newer id may be on its way to the browser: what this request left is dropped, and its response sets no cookie. So
    /// it cannot log out from a record that `lives`.
    fn stay_mute(mut self, lives: bool) -> Next {
        let failed_logout = lives && self.cleared;
        if failed_logout || !self.is_blank() {
            self.event(EventKind::Gone);
        }
        if failed_logout {
            self.fail(Error::Gone)
        } else {
            self.done()
        }
    }

    /// Everything that makes the new id true has happened: it goes out.
    pub(crate) fn send(mut self, record: &Record, body: &Body, kind: EventKind) -> Next {
        let sent = match &self.minted {
            Some(id) => set_cookie(&self.session, id, record.created, body, self.now),
            None => return self.done(),
        };
        match sent {
            Ok(header) => {
                let value = header
                    .as_bytes()
                    .split(|byte| *byte == b';')
                    .next()
                    .unwrap_or_default();
                let digest = self.settings().digest(&signature_end(value));
                self.outgoing.events.push(match kind {
                    EventKind::Created => {
                        let record = self.minted.as_ref().map(Id::key);
                        Event {
                            kind,
                            digest,
                            record: record.filter(|_| self.stored().events_with_record_keys),
                        }
                    }
                    kind => self.session.event(kind),
                });
                (self.outgoing.set_cookie, self.outgoing.vary) = (Some(header), true);
                self.done()
            }
            Err(error) => self.fail(error),
        }
    }
}
