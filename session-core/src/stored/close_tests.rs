#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Mutex;
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use super::super::model::{ModelStore, Slot};
use crate::testing::Time;
use crate::{Builder, Error, EventKind, Exchange, OnGone, Outgoing, Question, Rejected, SecretKey, Session};
use crate::{Sessions, Step, StoredSessions};

const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
const START: u64 = 1_700_000_000;

/// A server with its store, and what was asked.
struct Server {
    sessions: StoredSessions,
    store: Mutex<ModelStore>,
    asked: Mutex<Vec<&'static str>>,
    time: Time,
}

fn server(configure: impl FnOnce(Builder) -> Builder) -> Server {
    let time = Time::at(START);
    let builder = Sessions::builder(SecretKey::new(KEY).unwrap()).clock(time.clone());
    Server {
        sessions: configure(builder).build_stored().unwrap(),
        store: Mutex::default(),
        asked: Mutex::default(),
        time,
    }
}

fn name(question: &Question) -> &'static str {
    match question {
        Question::Load { .. } => "load",
        Question::Insert { .. } => "insert",
        Question::Update { .. } => "update",
        Question::Touch { .. } => "touch",
        Question::Delete { .. } => "delete",
        Question::Index { .. } => "index",
        Question::Unindex { .. } => "unindex",
        Question::Trim { .. } => "trim",
    }
}

impl Server {
    fn drive<T>(&self, mut step: Step<T>) -> T {
        loop {
            match step {
                Step::Done(done) => return done,
                Step::Ask(ask) => {
                    self.asked.lock().unwrap().push(name(ask.question()));
                    let answer = self.store.lock().unwrap().ask(ask.question());
                    step = ask.answer(answer);
                }
            }
        }
    }

    /// What was asked since the last time.
    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.asked.lock().unwrap())
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
        let cookie = headers.get(SET_COOKIE).map(|header| header.to_str().unwrap().to_owned());
        Closed { result, cookie, events: outgoing.events().iter().map(|event| event.kind).collect() }
    }

    fn request(&self, cookie: &str, handler: impl FnOnce(&Session)) -> Closed {
        let (exchange, session) = self.open(cookie);
        handler(&session);
        self.close(exchange)
    }

    /// A session with this in it; its cookie.
    fn begin(&self, handler: impl FnOnce(&Session)) -> String {
        let closed = self.request("", handler);
        self.asked();
        closed.pair()
    }

    fn json(&self, cookie: &str) -> String {
        self.open(cookie).1.to_json()
    }

    fn advance(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds));
    }
}

#[derive(Debug)]
struct Closed {
    result: Result<(), Error>,
    cookie: Option<String>,
    events: Vec<EventKind>,
}

impl Closed {
    fn pair(&self) -> String {
        self.cookie.as_deref().unwrap().split(';').next().unwrap().to_owned()
    }
}

fn visit(session: &Session) {
    session.increment("visits", 1).unwrap();
}

fn login(session: &Session) {
    session.set_owner("ada").unwrap();
}

#[test]
fn a_session_goes_round() {
    let server = server(|builder| builder);
    let first = server.request("", visit);
    assert_eq!(server.asked(), ["insert"]);
    assert_eq!(first.events, [EventKind::Created]);
    let cookie = first.cookie.clone().unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
    assert_eq!(first.pair().len(), "__Host-session=".len() + 133);
    let second = server.request(&first.pair(), visit);
    assert_eq!((second.cookie, server.asked()), (None, vec!["load", "update"]));
    assert_eq!(server.json(&first.pair()), r#"{"visits":2}"#);
}

/// L9, T4 and the table of what a request costs.
#[test]
fn what_is_asked() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let asked = |cookie: &str, handler: &dyn Fn(&Session)| {
        server.request(cookie, handler);
        server.asked()
    };
    assert!(asked("", &|_| {}).is_empty());
    assert!(asked("", &|session| session.clear().unwrap()).is_empty());
    assert!(asked("__Host-session=../../etc/passwd", &|_| {}).is_empty());
    assert!(asked(&cookie.replace(".", "A."), &|_| {}).is_empty());
    assert_eq!(asked(&cookie, &|session| assert!(!session.is_empty())), ["load"]);
    assert_eq!(asked(&cookie, &visit), ["load", "update"]);
    assert_eq!(asked(&cookie, &login), ["load", "index", "update"]);
    drop(server.sessions.exchange(&HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())])).close());
    assert!(server.asked().is_empty());
}

#[test]
fn touched_only_when_due() {
    let server = server(|builder| builder.idle_lifetime(Duration::from_secs(1000)));
    let cookie = server.begin(visit);
    let read = |session: &Session| assert!(session.contains_key("visits"));
    for (seconds, asked) in
        [(99, vec!["load"]), (1, vec!["load", "touch"]), (99, vec!["load"]), (900, vec!["load", "touch"])]
    {
        server.advance(seconds);
        let closed = server.request(&cookie, read);
        assert_eq!((server.asked(), closed.cookie), (asked, None), "{seconds}");
    }
    server.advance(1000);
    let (_, session) = server.open(&cookie);
    assert_eq!((session.rejected(), session.is_empty()), (Some(Rejected::Idle), true));
}

#[test]
fn l2_a_login_kills_the_old_id_at_once() {
    let server = server(|builder| builder);
    let before = server.begin(visit);
    let (slow, slow_session) = server.open(&before);
    let after = server.request(&before, |session| {
        login(session);
        session.insert("user", "ada").unwrap();
    });
    assert_eq!(after.events, [EventKind::Renewed]);
    visit(&slow_session);
    let slow = server.close(slow);
    assert_eq!((slow.cookie, slow.events), (None, vec![EventKind::Gone]));
    let (_, stale) = server.open(&before);
    assert_eq!((stale.rejected(), stale.is_empty()), (Some(Rejected::Gone), true));
    assert_eq!(server.json(&after.pair()), r#"{"user":"ada","visits":1}"#);
    assert_eq!(before.len(), after.pair().len());
    assert_eq!(server.store.lock().unwrap().slots.len(), 1);
}

#[test]
fn l5_what_was_cleared_stays_dead() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (slow, session) = server.open(&cookie);
    let out = server.request(&cookie, |session| session.clear().unwrap());
    assert!(out.cookie.unwrap().contains("=; ") && out.events == [EventKind::Cleared]);
    visit(&session);
    let slow = server.close(slow);
    assert_eq!((slow.result, slow.cookie, slow.events), (Ok(()), None, vec![EventKind::Gone]));
    let again = server.request(&cookie, visit);
    assert_eq!(
        (again.cookie, again.events),
        (None, vec![EventKind::Rejected(Rejected::Gone), EventKind::Gone])
    );
    assert!(matches!(server.store.lock().unwrap().slots.values().next(), Some(Slot::Dead { .. })));
}

#[test]
fn gone_is_409_if_the_application_wants_it() {
    let server = server(|builder| builder.on_gone(OnGone::Conflict));
    let cookie = server.begin(visit);
    let (reader, _) = server.open(&cookie);
    let (writer, session) = server.open(&cookie);
    visit(&session);
    server.request(&cookie, |session| session.clear().unwrap());
    assert_eq!(server.close(writer).result, Err(Error::Gone));
    assert_eq!(server.close(reader).result, Ok(()));
    // Logging out twice is no conflict.
    assert_eq!(server.request(&cookie, |session| session.clear().unwrap()).result, Ok(()));
}

#[test]
fn two_writers_lose_nothing() {
    let server = server(|builder| builder);
    let cookie = server.begin(|session| {
        visit(session);
        session.push("cart", "mug").unwrap();
        session.insert("both", 0).unwrap();
        session.flash("old", "info").unwrap();
    });
    let (one, a) = server.open(&cookie);
    let (two, b) = server.open(&cookie);
    a.increment("visits", 10).unwrap();
    b.increment("visits", 100).unwrap();
    a.push("cart", "beans").unwrap();
    b.push("cart", "filter").unwrap();
    a.insert("a", true).unwrap();
    b.insert("b", true).unwrap();
    a.insert("both", 1).unwrap();
    b.insert("both", 2).unwrap();
    assert_eq!(a.take_flashes().unwrap().len(), 1);
    b.flash("new", "info").unwrap();
    assert!(server.close(one).events.is_empty());
    assert_eq!(server.close(two).events, [EventKind::Merged]);
    let (_exchange, session) = server.open(&cookie);
    let json = r#"{"a":true,"b":true,"both":2,"cart":["mug","beans","filter"],"visits":111}"#;
    assert_eq!(session.to_json(), json);
    assert_eq!(session.take_flashes().unwrap()[0].message(), "new");
}

#[test]
fn a_change_that_no_longer_fits_is_a_conflict_and_stores_nothing() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (exchange, session) = server.open(&cookie);
    session.insert("other", 1).unwrap();
    visit(&session);
    server.request(&cookie, |session| session.insert("visits", "many").unwrap());
    let closed = server.close(exchange);
    let Err(error @ Error::Conflict { .. }) = closed.result else { panic!("{closed:?}") };
    assert_eq!(error.status(), 409);
    assert!(error.to_string().contains("\"visits\"") && !error.to_string().contains("many"));
    assert_eq!(server.json(&cookie), r#"{"visits":"many"}"#);
}
