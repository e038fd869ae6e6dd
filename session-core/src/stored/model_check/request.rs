//! One request to the application: its progress, what its handler did, and its response.

use crate::error::Error;
use crate::event::EventKind;
use crate::exchange::Exchange;
use crate::record_key::RecordKey;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::stored::model_check::history::{Content, Effect, Marks};
use crate::stored::model_check::scenario::{Op, Plan};
use crate::stored::model_check::server::Draws;
use crate::stored::step::Pending;

/// How far it has come.
pub(super) enum Stage {
    Waiting,
    /// The session is open, and the handler has not run yet.
    Opened(Session),
    /// Its close waits for a reply.
    Closing(Pending<Outgoing>),
    /// The store executes its trim: these records are still to be ended.
    Trimming(Pending<Outgoing>, Vec<RecordKey>),
    /// The store executes a delete_all: these records are still to be ended.
    DeletingAll(Vec<RecordKey>),
    Ended,
}

/// What a cookie is worth when its record is loaded, according to the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CookieState {
    /// There is no cookie, or none of ours, or its record has expired.
    Nothing,
    /// Its verifier opens the record.
    Live,
    /// Its record was ended, and the tombstone has not ended.
    Dead,
    /// Its record lives and has another verifier.
    Stale,
    /// The store did not reply.
    Unknown,
}

/// What a response does to the browser's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sets {
    /// It sets a new cookie, by its number.
    New(usize),
    /// With a mutation: it sets the request's own cookie again.
    Resent(usize),
    Removal,
}

#[derive(Debug)]
pub(super) struct Response {
    pub(super) result: Result<(), Error>,
    pub(super) sets: Option<Sets>,
    pub(super) gone: bool,
}

pub(super) struct Request {
    pub(super) plan: Plan,
    pub(super) stage: Stage,
    pub(super) exchange: Option<Exchange>,
    /// The cookie that the request carries, by its number.
    pub(super) carried: Option<usize>,
    pub(super) cookie_state: CookieState,
    /// Its cookie opened nothing, and only since a moment ago.
    pub(super) recent: bool,
    /// Its id was replaced by a renewal, and came too late.
    pub(super) reused: bool,
    pub(super) effects: Vec<Effect>,
    pub(super) user: Option<&'static str>,
    /// It took the user out of the session.
    pub(super) left: bool,
    pub(super) permanent: Option<bool>,
    pub(super) label: Option<&'static str>,
    pub(super) cleared: bool,
    /// It logged in or asked for a new id: the verifiers before open nothing.
    pub(super) renewed: bool,
    /// The second that its handler made the beginning of the session.
    pub(super) created: Option<u64>,
    /// The number of requests that its close has sent to the store.
    pub(super) store_requests: usize,
    pub(super) touched: bool,
    /// The number of changes in the store when its last trim or delete_all began, and whether that
    /// was executed.
    pub(super) swept: Option<(usize, bool)>,
    /// The store did not reply, or it crashed: its requests to the store may have been executed,
    /// and may still be.
    pub(super) failed: bool,
    /// `None` if it crashed, or is under way.
    pub(super) response: Option<Response>,
}

impl Request {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            stage: Stage::Waiting,
            exchange: None,
            carried: None,
            cookie_state: CookieState::Nothing,
            recent: false,
            reused: false,
            effects: Vec::new(),
            user: None,
            left: false,
            permanent: None,
            label: None,
            cleared: false,
            renewed: false,
            created: None,
            store_requests: 0,
            touched: false,
            swept: None,
            failed: false,
            response: None,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }

    pub(super) fn sets(&self) -> Option<Sets> {
        self.response.as_ref()?.sets
    }

    /// Whether its response says that it was saved, renewed or cleared.
    pub(super) fn is_acknowledged(&self) -> bool {
        let recent =
            matches!(self.cookie_state, CookieState::Dead | CookieState::Stale) && self.recent;
        let unsaved = |response: &Response| response.result.is_err() || response.gone;
        self.response
            .as_ref()
            .is_some_and(|response| !unsaved(response))
            && self.cookie_state != CookieState::Unknown
            && (!recent || self.user.is_some())
    }

    /// Whether it did something that must be written, so that an acknowledgement means that it was.
    pub(super) fn must_write(&self) -> bool {
        let content = Content::of(&self.effects);
        match self.cookie_state {
            CookieState::Live if !self.cleared => {
                !self.effects.is_empty() || self.renewed || self.label.is_some()
            }
            CookieState::Unknown => false,
            _ => self.user.is_some() || content != Content::default(),
        }
    }

    /// Returns the fields of a record after its write, which replaces a record with the fields
    /// `before`.
    pub(super) fn marks(&self, before: Marks) -> Marks {
        Marks {
            permanent: self.permanent.unwrap_or(before.permanent),
            label: self.label.or(before.label.filter(|_| !self.left)),
            authenticated: match self.user {
                Some(_) => self.created,
                None => before.authenticated.filter(|_| !self.left),
            },
        }
    }

    /// Runs the handler.
    pub(super) fn handle(&mut self, number: usize, session: &Session, draws: &Draws, now: u64) {
        if session.is_unavailable() {
            assert_eq!(session.insert("a", 1), Err(Error::Unavailable));
            return;
        }
        for op in self.plan.ops {
            match self.perform(*op, number, session, draws, now) {
                // Another request has made a text of the counter.
                Ok(()) | Err(Error::WrongType { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn perform(
        &mut self,
        op: Op,
        number: usize,
        session: &Session,
        draws: &Draws,
        now: u64,
    ) -> Result<(), Error> {
        let mine = ["r0", "r1", "r2"][number];
        let own = ["own0", "own1", "own2"][number];
        let by = [1, 10, 100][number];
        let quoted = format!("\"{mine}\"");
        match op {
            Op::Insert => {
                for key in ["a", own] {
                    session.insert(key, mine)?;
                    self.effects.push(Effect::Set(key, quoted.clone()));
                }
            }
            Op::Remove => {
                if session.remove("a")? {
                    self.effects.push(Effect::Remove("a".into()));
                }
            }
            Op::Add => {
                session.increment("n", by)?;
                self.effects.push(Effect::Add("n", by));
            }
            Op::Push => {
                session.push("list", mine)?;
                self.effects.push(Effect::Push("list", quoted));
            }
            Op::Flash => {
                session.flash(mine, "info")?;
                let number = draws.drawn().flashes.last().copied().unwrap_or_default();
                self.effects.push(Effect::Flash(number, mine.into()));
            }
            Op::Take => self.take(session)?,
            Op::Update => {
                let loaded = session.contains_key("n");
                let sum = session.update("n", |n: &mut i64| {
                    *n += 1000 * by;
                    *n
                })?;
                let effect = if loaded { Effect::Derived } else { Effect::Set };
                self.effects.push(effect("n", sum.to_string()));
            }
            Op::Own => {
                session.insert(own, 1)?;
                session.update(own, |n: &mut i64| *n += 1)?;
                self.effects.push(Effect::Set(own, "2".into()));
            }
            Op::Retype => {
                session.insert("n", mine)?;
                self.effects.push(Effect::Set("n", quoted));
            }
            Op::Empty => {
                for key in session.keys() {
                    session.remove(&key)?;
                    self.effects.push(Effect::Remove(key));
                }
                self.take(session)?;
            }
            Op::Renew => {
                session.cycle_id()?;
                self.renewed = true;
            }
            Op::Clear => {
                session.clear()?;
                self.clear(now);
            }
            Op::Permanent => {
                session.set_permanent(true)?;
                self.permanent = Some(true);
            }
            Op::Label => {
                session.set_label(mine)?;
                self.label = Some(mine);
            }
            Op::Mark => session.mark_modified()?,
            Op::Login(user) => {
                // The other user's content goes, and their record ends.
                if session.user().is_some_and(|former| *former != *user) {
                    self.clear(now);
                }
                session.log_in(user)?;
                (self.user, self.renewed, self.created) = (Some(user), true, Some(now));
            }
            Op::Leave => {
                if session.user().is_some() {
                    (self.user, self.label, self.left, self.renewed) = (None, None, true, true);
                }
                session.clear_user()?;
            }
            Op::Keep => {
                session.keep_only(&["n"])?;
                self.effects.push(Effect::KeepOnly);
            }
            Op::DeleteAll(_) => unreachable!("no handler does that"),
        }
        Ok(())
    }

    fn clear(&mut self, now: u64) {
        self.effects.push(Effect::Clear);
        (self.cleared, self.user, self.created) = (true, None, Some(now));
        (self.permanent, self.label) = (None, None);
    }

    fn take(&mut self, session: &Session) -> Result<(), Error> {
        let seen: Vec<u32> = session
            .take_flashes()?
            .iter()
            .map(|flash| flash.number)
            .collect();
        if !seen.is_empty() {
            self.effects.push(Effect::Take(seen));
        }
        Ok(())
    }
}

/// Whether the response says that the request's session was gone.
pub(super) fn says_gone(outgoing: &Outgoing) -> bool {
    outgoing
        .events()
        .iter()
        .any(|event| event.kind == EventKind::Gone)
}
