//! A session that is opened after the head of the response was sent is `TooLate`, because the
//! response cannot say `Vary` any more. A handle from before can still be read.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Barrier;

use common::{KEY, ManualClock, cookie_with, formats, key, request};
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue};
use session_core::{
    Builder, Error,
    protocol::{
        Exchange, Inserted, LazySession, Loaded, Pending, Record, StoreReply, StoreRequest,
    },
};
use session_core::{Refresh, Session, Sessions, StoredSessions, protocol::Step};

const IBAN: &str = "DE89 3704 0044 0532 0130 00";

/// Returns the headers of the response, and the number of events.
fn applied(mut outgoing: session_core::protocol::Outgoing) -> (HeaderMap, usize) {
    let mut headers = HeaderMap::new();
    outgoing.apply(&mut headers).unwrap();
    (headers, outgoing.events().len())
}

/// Returns the request to a store for which this step waits.
fn ask<T>(step: Step<T>) -> Pending<T> {
    let Step::Pending(ask) = step else {
        panic!("no store is asked")
    };
    ask
}

/// Opens in both ways, which must not ask a store.
fn both(opener: &LazySession) -> [Result<Session, Error>; 2] {
    [
        opener.open().done().unwrap(),
        opener.open_best_effort().done().unwrap(),
    ]
}

fn assert_too_late(opener: &LazySession) {
    for opened in both(opener) {
        assert_eq!(opened.unwrap_err(), Error::TooLate);
    }
}

/// A store of one record.
struct Stored {
    sessions: StoredSessions,
    request: HeaderMap,
    record: Record,
}

impl Stored {
    fn new(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Sessions::builder(key(KEY)).clock(ManualClock::at(1_700_000_000));
        let sessions = configure(builder).build_stored().unwrap();
        let exchange = sessions.exchange(&HeaderMap::new());
        let session = exchange.open().done().unwrap().unwrap();
        session.insert("iban", IBAN).unwrap();
        let ask = ask(exchange.close());
        let StoreRequest::Insert { record, .. } = ask.request().clone() else {
            panic!("no insert")
        };
        let closed = ask.reply(StoreReply::Inserted(Inserted::Done));
        let (headers, _) = applied(closed.done().unwrap());
        let header = headers[SET_COOKIE].to_str().unwrap();
        let (pair, _) = header.split_once(';').unwrap();
        let request = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())]);
        Self {
            sessions,
            request,
            record,
        }
    }

    fn exchange(&self) -> Exchange {
        self.sessions.exchange(&self.request)
    }

    fn live(&self) -> StoreReply {
        StoreReply::Loaded(Loaded::Live(self.record.clone()))
    }
}

#[test]
fn an_open_after_the_close_is_too_late() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let exchange = sessions.exchange(&request(&[&cookie_with(&sessions, "iban", IBAN)]));
        let opener = exchange.opener();
        let (headers, _) = applied(exchange.close().done().unwrap());
        assert!(headers.is_empty(), "{format}: {headers:?}");
        assert_too_late(&opener);
        assert_too_late(&opener.clone());
    }
    let stored = Stored::new(|builder| builder);
    let exchange = stored.exchange();
    let opener = exchange.opener();
    assert!(applied(exchange.close().done().unwrap()).0.is_empty());
    assert_too_late(&opener); // and no store is asked
}

#[test]
fn a_handle_from_before_stays_readable() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let exchange = sessions.exchange(&request(&[&cookie_with(&sessions, "iban", IBAN)]));
        let opener = exchange.opener();
        let session = opener.open().done().unwrap().unwrap();
        let (headers, _) = applied(exchange.close().done().unwrap());
        assert_eq!(headers[VARY], "Cookie", "{format}");
        assert_eq!(
            session.get::<String>("iban").unwrap().as_deref(),
            Some(IBAN)
        );
        assert_eq!(session.insert("a", 1), Err(Error::TooLate));
        // Whether it was opened before makes no difference for an open that comes now.
        assert_too_late(&opener);
    }
}

#[test]
fn an_exchange_that_is_dropped_opens_nothing() {
    for (_, builder) in formats() {
        let sessions = builder.build().unwrap();
        let exchange = sessions.exchange(&request(&[&cookie_with(&sessions, "iban", IBAN)]));
        let (opener, session) = (exchange.opener(), exchange.open().done().unwrap().unwrap());
        drop(exchange);
        assert_eq!(
            session.get::<String>("iban").unwrap().as_deref(),
            Some(IBAN)
        );
        assert_too_late(&opener);
    }
    let exchange = Stored::new(|builder| builder).exchange();
    let opener = exchange.opener();
    drop(exchange);
    assert_too_late(&opener);
}

#[test]
fn what_the_close_opens_for_its_refresh_is_nobodys() {
    let time = ManualClock::at(1_700_000_000);
    for refreshes in [false, true] {
        let sessions = Sessions::flask_builder("dev")
            .clock(time.clone())
            .build()
            .unwrap();
        let cookie = common::visit(&sessions, &[], |session| {
            session.set_permanent(refreshes)?;
            session.insert("iban", IBAN)
        });
        let exchange = sessions.exchange(&request(&[cookie.unwrap().cookie().unwrap()]));
        let opener = exchange.opener();
        let (headers, _) = applied(exchange.close().done().unwrap());
        // A session that needs no refresh is read by the close, and the response does not depend on
        // it.
        assert_eq!(
            (headers.contains_key(SET_COOKIE), headers.contains_key(VARY)),
            (refreshes, refreshes)
        );
        assert_too_late(&opener);
    }
    // With a store the close loads the session; an open meanwhile, or afterwards, is an error.
    let stored = Stored::new(|builder| builder.refresh(Refresh::EachRequest));
    let exchange = stored.exchange();
    let opener = exchange.opener();
    let close = ask(exchange.close());
    assert_too_late(&opener);
    let touch = ask(close.reply(stored.live()));
    assert!(
        matches!(touch.request(), StoreRequest::Touch { .. }),
        "{touch:?}"
    );
    assert_too_late(&opener);
    assert!(
        applied(touch.reply(StoreReply::Unavailable).done().unwrap())
            .0
            .is_empty()
    );
    assert_too_late(&opener);
}

/// The store was asked before the close, and answers after it.
#[test]
fn an_open_under_way_at_the_close_ends_too_late() {
    for refresh in [Refresh::AfterTenth, Refresh::EachRequest] {
        let stored = Stored::new(|builder| builder.refresh(refresh));
        let answers = [
            stored.live(),
            StoreReply::Loaded(Loaded::NotFound),
            StoreReply::Unavailable,
        ];
        for answer in answers {
            let exchange = stored.exchange();
            let opener = exchange.opener();
            let (load, best_effort) = (ask(opener.open()), ask(opener.open_best_effort()));
            let close = exchange.close();
            let late = load.reply(answer.clone()).done().unwrap();
            assert_eq!(late.unwrap_err(), Error::TooLate);
            // Also where the second answer meets the session of the first.
            let late = best_effort.reply(answer).done().unwrap();
            assert_eq!(late.unwrap_err(), Error::TooLate);
            if let Step::Done(outgoing) = close {
                assert!(applied(outgoing).0.is_empty());
            }
            assert_too_late(&opener);
        }
    }
    // One of two was faster: the response varies, and the slower one still gets an error.
    let stored = Stored::new(|builder| builder);
    let exchange = stored.exchange();
    let (fast, slow) = (ask(exchange.open()), ask(exchange.opener().open()));
    let session = fast.reply(stored.live()).done().unwrap().unwrap();
    assert_eq!(applied(exchange.close().done().unwrap()).0[VARY], "Cookie");
    assert_eq!(
        slow.reply(stored.live()).done().unwrap().unwrap_err(),
        Error::TooLate
    );
    assert_eq!(
        session.get::<String>("iban").unwrap().as_deref(),
        Some(IBAN)
    );
}

/// In any order, a handle is given only if the response has `Vary`.
#[test]
fn opens_and_closes_at_the_same_time_agree() {
    let sessions = Sessions::new(key(KEY));
    let request = request(&[&cookie_with(&sessions, "iban", IBAN)]);
    let mut seen = [0; 2];
    for _ in 0..2000 {
        let exchange = sessions.exchange(&request);
        let (opener, barrier) = (exchange.opener(), Barrier::new(2));
        let (opened, (headers, _)) = std::thread::scope(|scope| {
            let opening = scope.spawn(|| {
                barrier.wait();
                opener.open().done().unwrap()
            });
            barrier.wait();
            let closed = applied(exchange.close().done().unwrap());
            (opening.join().unwrap(), closed)
        });
        assert_eq!(opened.is_ok(), headers.contains_key(VARY));
        seen[usize::from(opened.is_ok())] += 1;
        match opened {
            Ok(session) => assert_eq!(session.insert("late", 1), Err(Error::TooLate)),
            Err(error) => assert_eq!(error, Error::TooLate),
        }
    }
    assert_eq!(seen.iter().sum::<u32>(), 2000);
}

#[test]
fn changes_that_are_discarded_send_vary_alone() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "iban", IBAN);
        let exchange = sessions.exchange(&request(&[&cookie]));
        let session = exchange.open().done().unwrap().unwrap();
        session.insert("half", 1).unwrap();
        exchange.discard_changes();
        assert_eq!(session.insert("half", 2), Err(Error::TooLate));
        // An error page may still open the session, and read it.
        let again = exchange.opener().open().done().unwrap().unwrap();
        assert_eq!(again.get::<String>("iban").unwrap().as_deref(), Some(IBAN));
        let (opener, closed) = (exchange.opener(), exchange.close());
        let (headers, events) = applied(closed.done().unwrap());
        assert_eq!(
            (
                headers[VARY].to_str().unwrap(),
                headers.get(SET_COOKIE),
                events
            ),
            ("Cookie", None, 0)
        );
        assert_eq!(headers.contains_key(CACHE_CONTROL), format != "flask");
        assert_too_late(&opener);
    }
    // Opened only by the error page: it is frozen from the beginning, and the response varies.
    let stored = Stored::new(|builder| builder.refresh(Refresh::EachRequest));
    let exchange = stored.exchange();
    exchange.discard_changes();
    let session = ask(exchange.open())
        .reply(stored.live())
        .done()
        .unwrap()
        .unwrap();
    assert_eq!(
        session.get::<String>("iban").unwrap().as_deref(),
        Some(IBAN)
    );
    assert_eq!(session.insert("a", 1), Err(Error::TooLate));
    let (headers, _) = applied(exchange.close().done().unwrap()); // no store is asked
    assert_eq!(headers[VARY], "Cookie");
    // Never opened.
    let exchange = stored.exchange();
    exchange.discard_changes();
    assert!(applied(exchange.close().done().unwrap()).0.is_empty());
}

#[test]
fn the_message_says_what_happened_and_what_to_do() {
    let message = Error::TooLate.to_string();
    for part in [
        "opened or changed after the head",
        "open it",
        "before the handler returns",
        "a handle from before",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
