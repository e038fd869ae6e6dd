//! A request whose questions are asked one by one, by whoever schedules them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use session_core::testing::ManualClock;
use session_core::{
    Builder, Error, EventKind, RecordKey, SecretKey, Session, Sessions, StoredSessions,
    protocol::{Exchange, Outgoing, Step, StoreReply, StoreRequest},
};
use session_store::DeleteScope;

use crate::rng::Rng;
use crate::store_under_test::{NOW, Tested};

/// What a request does to its session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Does {
    /// Adds its number to what is in `pushed`, and to a sum.
    Writes,
    /// Extends the session.
    Touches,
    Flashes,
    TakesFlashes,
    Renews,
    LogsIn,
    /// With the name of somebody else.
    LogsInAsAnother,
    /// Without a cookie: on another device.
    LogsInElsewhere,
    LogsOut,
    /// No request of a browser's: an administrator's, who ends all sessions of the user.
    EndsAll,
}

/// The sessions of an application with a clock that stands still.
pub(crate) fn sessions(configure: impl FnOnce(Builder) -> Builder) -> StoredSessions {
    let key = SecretKey::new("kX4v9Qm2Zr7Lw1Tb6Ys8Dn3Hc5Gf0JpaE").unwrap();
    // Not the operating system's randomness, so that no feature of the core's is needed. Each has other ids, whatever is in
    // the store already.
    static SEED: AtomicU64 = AtomicU64::new(7);
    let random = Mutex::new(Rng(SEED.fetch_add(1, Ordering::Relaxed)));
    let random = move |bytes: &mut [u8]| {
        let mut rng = random.lock().unwrap();
        bytes
            .iter_mut()
            .for_each(|byte| *byte = rng.next().to_le_bytes()[0]);
        Ok(())
    };
    let patience = Duration::from_secs(30);
    let builder = Sessions::builder(key)
        .clock(ManualClock::at(NOW))
        .random(random)
        .deadlines(patience, patience);
    configure(builder).build_stored().unwrap()
}

pub(crate) fn headers(cookie: &str) -> HeaderMap {
    let pair = HeaderValue::try_from(cookie).unwrap();
    Some(pair)
        .filter(|pair| !pair.is_empty())
        .map(|pair| (COOKIE, pair))
        .into_iter()
        .collect()
}

/// What a response set: `None` if nothing, an empty string if a removal.
pub(crate) fn set_cookie(response: &HeaderMap) -> Option<String> {
    let pair = response
        .get(SET_COOKIE)?
        .to_str()
        .unwrap()
        .split(';')
        .next()?;
    Some(if pair.ends_with('=') {
        String::new()
    } else {
        pair.to_owned()
    })
}

/// A request, its questions, and what became of it.
pub(crate) struct Request {
    pub(crate) does: Does,
    pub(crate) number: i64,
    user: String,
    state: State,
    pub(crate) ended: Ended,
}

#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) error: Option<Error>,
    /// As [`set_cookie`].
    pub(crate) cookie: Option<String>,
    pub(crate) events: Vec<EventKind>,
    /// Numbers of the messages that it took.
    pub(crate) taken: Vec<i64>,
    /// How many an [`EndsAll`](Does::EndsAll) ended.
    pub(crate) count: u64,
}

enum State {
    Opening(Exchange, Step<Result<Session, Error>>),
    Closing(Step<Outgoing>),
    EndingAll,
    Over,
}

impl Request {
    pub(crate) fn new(
        sessions: &StoredSessions,
        does: Does,
        number: i64,
        cookie: &str,
        user: &str,
    ) -> Self {
        let cookie = if does == Does::LogsInElsewhere {
            ""
        } else {
            cookie
        };
        let state = if does == Does::EndsAll {
            State::EndingAll
        } else {
            let exchange = sessions.exchange(&headers(cookie));
            let step = exchange.open();
            State::Opening(exchange, step)
        };
        let mut request = Self {
            does,
            number,
            user: user.to_owned(),
            state,
            ended: Ended::default(),
        };
        request.go_on();
        request
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether what it did was dropped, because its session had ended or been renewed.
    pub(crate) fn is_gone(&self) -> bool {
        self.ended.events.contains(&EventKind::Gone)
    }

    /// Asks what opens the session, if that is not open.
    pub(crate) async fn open(&mut self, store: &Tested) {
        if matches!(self.state, State::Opening(..)) {
            self.step(store, false, &mut Vec::new()).await;
        }
    }

    /// Asks the next question, a second time if its answer is to be lost once. What was asked goes into the journal.
    pub(crate) async fn step(
        &mut self,
        store: &Tested,
        twice: bool,
        journal: &mut Vec<StoreRequest>,
    ) {
        let ask = async |question: &StoreRequest| -> StoreReply {
            if twice {
                store.ask(question).await;
            }
            store.ask(question).await
        };
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Opening(exchange, Step::Pending(mut opening)) => {
                let answer = ask(opening.question()).await;
                if twice {
                    opening.mark_retried();
                }
                State::Opening(exchange, opening.answer(answer))
            }
            State::Closing(Step::Pending(mut closing)) => {
                journal.push(closing.question().clone());
                let answer = ask(closing.question()).await;
                if twice {
                    closing.mark_retried();
                }
                State::Closing(closing.answer(answer))
            }
            State::EndingAll => {
                for _ in 0..=u8::from(twice) {
                    self.ended.count += store.delete_owned(&self.user, DeleteScope::All, NOW).await;
                }
                State::Over
            }
            state => state,
        };
        self.go_on();
    }

    /// Up to the next question.
    fn go_on(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Opening(exchange, Step::Done(opened)) => {
                let handled = opened.and_then(|session| self.handle(&session));
                self.ended.error = handled.err();
                State::Closing(exchange.close())
            }
            state => state,
        };
        if let State::Closing(Step::Done(outgoing)) = &mut self.state {
            let mut response = HeaderMap::new();
            if let Err(error) = outgoing.apply(&mut response) {
                self.ended.error.get_or_insert(error);
            }
            self.ended.cookie = set_cookie(&response);
            self.ended.events = outgoing.events().iter().map(|event| event.kind).collect();
            self.state = State::Over;
        }
    }

    fn handle(&mut self, session: &Session) -> Result<(), Error> {
        match self.does {
            Does::Writes => {
                session.push("pushed", self.number)?;
                session.increment("sum", self.number).map(drop)
            }
            Does::Touches => session.mark_modified(),
            Does::Flashes => session.flash(self.number, "info"),
            Does::TakesFlashes => {
                for flash in session.take_flashes()? {
                    self.ended.taken.push(flash.message_as()?);
                }
                Ok(())
            }
            Does::Renews => session.cycle_id(),
            Does::LogsIn | Does::LogsInElsewhere => session.log_in(&self.user),
            Does::LogsInAsAnother => session.log_in(&format!("another {}", self.user)),
            Does::LogsOut => session.clear(),
            Does::EndsAll => Ok(()),
        }
    }
}

/// What a cookie opens.
pub(crate) struct Seen {
    pub(crate) key: RecordKey,
    pub(crate) has_base: bool,
    pub(crate) pushed: Vec<i64>,
    pub(crate) sum: i64,
    pub(crate) flashed: Vec<i64>,
    pub(crate) user: Option<String>,
}

/// Opens a session and looks; `None` if the cookie opens none.
pub(crate) async fn look(sessions: &StoredSessions, store: &Tested, cookie: &str) -> Option<Seen> {
    let exchange = sessions.exchange(&headers(cookie));
    let mut step = exchange.open();
    let session = loop {
        match step {
            Step::Done(session) => break session.unwrap(),
            Step::Pending(ask) => {
                let answer = store.ask(ask.question()).await;
                step = ask.answer(answer);
            }
        }
    };
    // Closed sessions can be read; this one is dropped with what it took.
    let flashed = session
        .take_flashes()
        .unwrap()
        .iter()
        .map(|flash| flash.message_as().unwrap())
        .collect();
    Some(Seen {
        key: session
            .record_key()
            .filter(|_| session.rejected().is_none())?,
        has_base: session.contains_key("base"),
        pushed: session.get("pushed").unwrap().unwrap_or_default(),
        sum: session.get("sum").unwrap().unwrap_or_default(),
        flashed,
        user: session.user().map(|user| user.to_string()),
    })
}
