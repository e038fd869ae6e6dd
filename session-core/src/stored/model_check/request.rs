//! One request: how far it is, what its handler did, and what it was replied.

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

/// How far it is.
pub(super) enum Stage {
    Waiting,
    /// The session is open, and the handler has not run yet.
    Opened(Session),
    /// A store_request of its close is out.
    Closing(Pending<Outgoing>),
    /// Its trim is at work: these are still to be ended.
    Trimming(Pending<Outgoing>, Vec<RecordKey>),
    /// The same for a delete_all.
    DeletingAll(Vec<RecordKey>),
    Ended,
}

/// What a cookie stood for when the store was asked about it, by the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CookieState {
    /// No cookie, none of ours, or one whose record has expired.
    Nothing,
    /// A verifier that opens the record.
    Live,
    /// A record that was ended, and its tombstone is not over.
    Dead,
    /// A live record that has another verifier.
    Stale,
    /// The store did not reply.
    Unknown,
}

/// What a response does to the jar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sets {
    /// A cookie, by its number.
    New(usize),
    /// A mutation: the one that came is sent back.
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
    /// The cookie that came, by its number.
    pub(super) carried: Option<usize>,
    pub(super) cookie_state: CookieState,
    /// Its cookie opened nothing, and that only since a moment ago.
    pub(super) recent: bool,
    /// Its cookie was renewed, and came too late.
    pub(super) reused: bool,
    pub(super) effects: Vec<Effect>,
    pub(super) user: Option<&'static str>,
    /// It took the user out of the session.
    pub(super) left: bool,
    pub(super) permanent: Option<bool>,
    pub(super) label: Option<&'static str>,
    pub(super) cleared: bool,
    /// It minted for good: the verifiers before open nothing.
    pub(super) renewed: bool,
    /// The second that its handler made the session's beginning.
    pub(super) created: Option<u64>,
    /// What its close has asked so far.
    pub(super) store_requests: usize,
    pub(super) touched: bool,
    /// The number of store_changes when its last trim or delete_all began, and whether it was carried out.
    pub(super) swept: Option<(usize, bool)>,
    /// It was told that the store gave no reply, or it crashed: what it asked may have been executed, or may yet be.
    pub(super) failed: bool,
    /// None: it crashed, or it is under way.
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

    /// Whether its close replied that it saved, renewed or cleared.
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

    /// Whether it did what must be written, so that its acknowledgement means that it was.
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

    /// What a record says after its write, which replaced one that said this.
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
                // Another has made a text of the counter.
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
                // Another user's content goes, and their record ends.
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
