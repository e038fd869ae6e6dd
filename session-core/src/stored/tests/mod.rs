//! The rules of the protocol, a test for each. Here: a server with the model store, which notes the
//! requests to it.

#![allow(clippy::unwrap_used)]

mod closing;
#[cfg(feature = "encryption")]
mod encrypted;
mod faults;
mod forged_ids;
mod form;
mod ids;
mod lifetime;
mod login;
mod logout;
mod misuse;
mod random_ids;
mod refused;
mod renaming;
mod reuse;
mod rotation;
mod saving;
mod table;
mod unchanged;

use std::sync::Mutex;
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::builder::Builder;
use crate::error::Error;
use crate::event::EventKind;
use crate::exchange::Exchange;
use crate::keys::secret_key::SecretKey;
use crate::record::body::Body;
use crate::record::store::{Record, StoreReply};
use crate::record_key::RecordKey;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::model::{ModelStore, Slot};
use crate::stored::step::Step;
use crate::stored_sessions::StoredSessions;
use crate::testing::ManualClock;

const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
const START: u64 = 1_700_000_000;

/// A server with its store, and the requests to the store.
struct Server {
    sessions: StoredSessions,
    store: Mutex<ModelStore>,
    verbs: Mutex<Vec<&'static str>>,
    /// The store does not reply to requests of this kind.
    broken: Mutex<Option<&'static str>>,
    time: ManualClock,
}

fn server(configure: impl FnOnce(Builder) -> Builder) -> Server {
    let time = ManualClock::at(START);
    let builder = Sessions::builder(SecretKey::new(KEY).unwrap()).clock(time.clone());
    Server {
        sessions: configure(builder).build_stored().unwrap(),
        store: Mutex::default(),
        verbs: Mutex::default(),
        broken: Mutex::default(),
        time,
    }
}

impl Server {
    fn drive<T>(&self, mut step: Step<T>) -> T {
        loop {
            match step {
                Step::Done(done) => return done,
                Step::Pending(pending) => {
                    self.verbs.lock().unwrap().push(pending.request().verb());
                    let broken = *self.broken.lock().unwrap() == Some(pending.request().verb());
                    let reply = match broken {
                        true => StoreReply::Unavailable,
                        false => self.store.lock().unwrap().execute(pending.request()),
                    };
                    step = pending.reply(reply);
                }
            }
        }
    }

    /// Returns the requests to the store since the last call.
    fn verbs(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.verbs.lock().unwrap())
    }

    fn open(&self, cookie: &str) -> (Exchange, Session) {
        let header = HeaderValue::try_from(cookie).unwrap();
        let headers: HeaderMap = Some(header)
            .filter(|header| !header.is_empty())
            .map(|header| (COOKIE, header))
            .into_iter()
            .collect();
        let exchange = self.sessions.exchange(&headers);
        let session = self.drive(exchange.open()).unwrap();
        (exchange, session)
    }

    fn close(&self, exchange: Exchange) -> Closed {
        let mut outgoing: Outgoing = self.drive(exchange.close());
        let mut headers = HeaderMap::new();
        let result = outgoing.apply(&mut headers);
        let clears = headers.contains_key("clear-site-data");
        let cookie = headers
            .get(SET_COOKIE)
            .map(|header| header.to_str().unwrap().to_owned());
        Closed {
            result,
            cookie,
            clears,
            events: outgoing.events().iter().map(|event| event.kind).collect(),
        }
    }

    fn request(&self, cookie: &str, handler: impl FnOnce(&Session)) -> Closed {
        let (exchange, session) = self.open(cookie);
        handler(&session);
        self.close(exchange)
    }

    /// Begins a session with this content. Returns its cookie.
    fn begin(&self, handler: impl FnOnce(&Session)) -> String {
        let closed = self.request("", handler);
        self.verbs();
        closed.pair()
    }

    fn json(&self, cookie: &str) -> String {
        self.open(cookie).1.to_json()
    }

    /// Returns the record that this id names.
    fn record(&self, cookie: &str) -> Record {
        let id = cookie.split(['=', '.']).nth(1).unwrap();
        let bytes = crate::base64::decode(id.as_bytes()).unwrap();
        match &self.store.lock().unwrap().slots[&RecordKey::of_selector(&bytes[..16])] {
            Slot::Live { record, .. } => record.clone(),
            Slot::Dead { .. } => unreachable!("the record was ended"),
        }
    }

    fn advance(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds));
    }
}

/// Sets the content of every record, as another version might have written it.
fn set_content(server: &Server, json: &str) {
    for slot in server.store.lock().unwrap().slots.values_mut() {
        if let Slot::Live { record, .. } = slot {
            let mut body = Body::decode(&record.body).unwrap();
            body.data = json.into();
            record.body = body.encode().into();
        }
    }
}

#[derive(Debug)]
struct Closed {
    result: Result<(), Error>,
    cookie: Option<String>,
    /// Whether the response has `Clear-Site-Data`.
    clears: bool,
    events: Vec<EventKind>,
}

impl Closed {
    fn pair(&self) -> String {
        self.cookie
            .as_deref()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }
}

fn visit(session: &Session) {
    session.increment("visits", 1).unwrap();
}

fn login(session: &Session) {
    session.log_in("ada").unwrap();
}
