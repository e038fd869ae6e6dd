//! A request of an application in single steps: the caller decides when it sends its next request to the store.

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
use crate::store_under_test::{NOW, StoreUnderTest};

// The core is sans-I/O, so a request of an application is a state machine here: `step` sends one request to the store and
// feeds the reply to the core, until the core is done. With `twice` the first reply is dropped, as if it were lost.

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
    /// With the name of another user.
    LogsInAsAnother,
    /// Without a cookie: on another device.
    LogsInElsewhere,
    LogsOut,
    /// Not a request of the browser: an administrator ends all sessions of the user.
    EndsAll,
}

/// Returns the sessions of an application, with a clock that stands still.
pub(crate) fn sessions(configure: impl FnOnce(Builder) -> Builder) -> StoredSessions {
    let key = SecretKey::new("kX4v9Qm2Zr7Lw1Tb6Ys8Dn3Hc5Gf0JpaE").unwrap();
    // Not the operating system's randomness, so that no feature of the core is needed. Each call has another seed, so that its
    // ids differ from those that are stored already.
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

/// Returns the cookie that a response sets: `None` if none, an empty string for a removal.
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

/// A request and its outcome.
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

    /// Returns whether its changes were dropped, because its session had ended or got a new id.
    pub(crate) fn is_gone(&self) -> bool {
        self.ended.events.contains(&EventKind::Gone)
    }

    /// Opens the session, unless it is open.
    pub(crate) async fn open(&mut self, store: &StoreUnderTest) {
        if matches!(self.state, State::Opening(..)) {
            self.step(store, false, &mut Vec::new()).await;
        }
    }

    /// Sends the next request to the store, twice if the first reply is to be lost, and adds it to the journal.
    pub(crate) async fn step(
        &mut self,
        store: &StoreUnderTest,
        twice: bool,
        journal: &mut Vec<StoreRequest>,
    ) {
        let send = async |request: &StoreRequest| -> StoreReply {
            if twice {
                store.request(request).await;
            }
            store.request(request).await
        };
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Opening(exchange, Step::Pending(mut opening)) => {
                let reply = send(opening.request()).await;
                if twice {
                    opening.mark_retried();
                }
                State::Opening(exchange, opening.reply(reply))
            }
            State::Closing(Step::Pending(mut closing)) => {
                journal.push(closing.request().clone());
                let reply = send(closing.request()).await;
                if twice {
                    closing.mark_retried();
                }
                State::Closing(closing.reply(reply))
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

    /// Runs up to the next request to the store.
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

/// The session that a cookie opens.
pub(crate) struct Seen {
    pub(crate) key: RecordKey,
    pub(crate) has_base: bool,
    pub(crate) pushed: Vec<i64>,
    pub(crate) sum: i64,
    pub(crate) flashed: Vec<i64>,
    pub(crate) user: Option<String>,
}

/// Opens a session and returns its content; `None` if the cookie opens none.
pub(crate) async fn look(
    sessions: &StoredSessions,
    store: &StoreUnderTest,
    cookie: &str,
) -> Option<Seen> {
    let exchange = sessions.exchange(&headers(cookie));
    let mut step = exchange.open();
    let session = loop {
        match step {
            Step::Done(session) => break session.unwrap(),
            Step::Pending(ask) => {
                let reply = store.request(ask.request()).await;
                step = ask.reply(reply);
            }
        }
    };
    // The exchange is never closed, so the messages that are taken here stay in the store.
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
