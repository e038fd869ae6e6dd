//! A live record is written: when, with what content, and again on a newer one.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use crate::error::Error;
use crate::event::EventKind;
use crate::record::body::Body;
use crate::record::id::VerifierHash;
use crate::record::policy::GonePolicy;
use crate::record::store::{StoreReply, StoreRequest, Updated};
use crate::session::handle::Session;
use crate::stored::step::Step;
use crate::stored::tests::{login, server, visit};

/// A tenth of the default idle lifetime.
const TENTH: u64 = 31 * 24 * 60 * 6;

/// The next periodic renewal is counted from the last one, and from no other write.
#[test]
fn a_write_does_not_put_a_renewal_off() {
    let server = server(|builder| builder.cycle_id_every(Duration::from_secs(100)));
    let cookie = server.begin(visit);
    for (seconds, renewed) in [(60, false), (39, false), (1, true)] {
        server.advance(seconds);
        assert_eq!(
            server.request(&cookie, visit).cookie.is_some(),
            renewed,
            "{seconds}"
        );
    }
}

/// The user's index is written again with every tenth of the idle lifetime, counted from its last
/// write.
#[test]
fn the_index_is_written_every_tenth() {
    let server = server(|builder| builder);
    let cookie = server.begin(login);
    for (seconds, index_is_due) in [
        (TENTH / 2, false),
        (TENTH / 2, true),
        (1, false),
        (TENTH - 1, true),
    ] {
        server.advance(seconds);
        server.verbs();
        server.request(&cookie, visit);
        let expected = if index_is_due {
            &["load", "index", "update"][..]
        } else {
            &["load", "update"]
        };
        assert_eq!(server.verbs(), expected, "{seconds}");
    }
}

/// A read would have renewed the id, but another request has done so: nothing is left to do.
#[test]
fn a_renewal_that_another_made_is_not_made_again() {
    let server = server(|builder| builder.cycle_id_every(Duration::from_secs(100)));
    let cookie = server.begin(visit);
    server.advance(101);
    let (slow, _session) = server.open(&cookie);
    assert!(server.request(&cookie, |_| {}).cookie.is_some());
    server.verbs();
    let closed = server.close(slow);
    assert_eq!((closed.result, closed.cookie), (Ok(()), None));
    assert_eq!(server.verbs(), ["update"]);
}

/// However often other requests were faster, one merge is reported.
#[test]
fn a_merge_is_reported_once() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (exchange, session) = server.open(&cookie);
    visit(&session);
    let mut step = exchange.close();
    for _ in 0..3 {
        server.request(&cookie, visit);
        let Step::Pending(pending) = step else {
            panic!("nothing is written")
        };
        let reply = server.store.lock().unwrap().execute(pending.request());
        assert!(matches!(reply, StoreReply::Updated(Updated::Conflict(_))));
        step = pending.reply(reply);
    }
    let outgoing = server.drive(step);
    let merged = outgoing
        .events()
        .iter()
        .filter(|event| event.kind == EventKind::Merged);
    assert_eq!((outgoing.error.clone(), merged.count()), (None, 1));
    assert_eq!(server.json(&cookie), r#"{"visits":5}"#);
}

/// A write whose reply was lost finds itself in the record. Its new id is sent if it is still the
/// record's.
#[test]
fn an_id_that_was_replaced_since_does_not_go_out() {
    for replaced in [false, true] {
        let server = server(|builder| builder);
        let cookie = server.begin(visit);
        let (exchange, session) = server.open(&cookie);
        session.cycle_id().unwrap();
        let Step::Pending(mut pending) = exchange.close() else {
            panic!("nothing is written")
        };
        let StoreRequest::Update { record, .. } = pending.request() else {
            panic!("{:?}", pending.request())
        };
        let mut newer = record.clone();
        if replaced {
            let mut body = Body::decode(&newer.body).unwrap();
            body.verifier = VerifierHash([7; 32]);
            newer.body = body.encode().into();
        }
        pending.mark_retried();
        let outgoing = server.drive(pending.reply(StoreReply::Updated(Updated::Conflict(newer))));
        assert_eq!(
            (outgoing.error.clone(), outgoing.set_cookie.is_some()),
            (None, !replaced)
        );
    }
}

/// A request that only reads finds nothing to do, and sends nothing to the store.
#[test]
fn a_read_asks_nothing() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    server.verbs();
    let read: fn(&Session) = |session| assert_eq!(session.get::<i64>("visits"), Ok(Some(1)));
    assert_eq!(server.request(&cookie, read).result, Ok::<(), Error>(()));
    assert_eq!(server.verbs(), ["load"]);
}

/// A request that only reads reports nothing about a session that ends meanwhile, even if the read
/// would have renewed its id.
#[test]
fn a_read_of_what_ended_meanwhile_is_no_conflict() {
    let server = server(|builder| {
        builder
            .cycle_id_every(Duration::from_secs(100))
            .on_gone(GonePolicy::Conflict)
    });
    let cookie = server.begin(visit);
    server.advance(101);
    let (reads, _session) = server.open(&cookie);
    server.request(&cookie, |session| session.clear().unwrap());
    server.verbs();
    let closed = server.close(reads);
    assert_eq!(
        (closed.result, closed.cookie, closed.events),
        (Ok(()), None, vec![])
    );
    assert_eq!(server.verbs(), ["update"]);
}

/// A record may have as many bytes as the limit says, and not one more.
#[test]
fn a_record_of_the_largest_size() {
    let free = server(|builder| builder);
    let size = free.record(&free.begin(visit)).body.len();
    for (limit, fits) in [(size, true), (size - 1, false)] {
        let server = server(|builder| builder.max_record_size(limit));
        let closed = server.request("", visit);
        assert_eq!(
            closed.result,
            if fits {
                Ok(())
            } else {
                Err(Error::RecordTooLarge { size, limit })
            }
        );
    }
}
