//! Keys, names and epochs that change under ids.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};

use crate::builder::Builder;
use crate::cookie::attributes::Prefix;
use crate::cookie::rename::PreviousCookie;
use crate::error::Rejected;
use crate::event::EventKind;
use crate::keys::ring::KeyRing;
use crate::keys::secret_key::SecretKey;
use crate::session::handle::Session;
use crate::stored::tests::{KEY, START, Server, login, server, visit};

/// A tenth of the default idle lifetime.
const TENTH: u64 = 31 * 24 * 60 * 6;

fn key() -> SecretKey {
    SecretKey::new(KEY).unwrap()
}

fn next_key() -> SecretKey {
    SecretKey::new(KEY.replace('u', "v")).unwrap()
}

/// The same store and clock, configured anew.
pub(super) fn again(server: Server, configure: impl FnOnce(Builder) -> Builder) -> Server {
    let builder = configure(crate::Sessions::builder(key()).clock(server.time.clone()));
    Server {
        sessions: builder.build_stored().unwrap(),
        ..server
    }
}

fn read(session: &Session) {
    assert!(session.contains_key("visits"));
}

/// A session whose id the old key signed, after the server has the new one.
fn rotated() -> (Server, String) {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    server
        .sessions
        .set_keys(KeyRing::new(next_key()).verify_only(key()))
        .unwrap();
    (server, cookie)
}

fn forget_the_old_key(server: &Server) {
    server.sessions.set_keys(next_key()).unwrap();
}

#[test]
fn a_write_replaces_the_id_of_an_old_key_and_a_read_does_not() {
    let (server, old) = rotated();
    assert_eq!(server.request(&old, read).cookie, None);
    let new = server.request(&old, visit).pair();
    assert_eq!(server.request(&new, visit).cookie, None); // once
    forget_the_old_key(&server);
    assert_eq!(server.json(&new), r#"{"visits":3}"#);
    assert_eq!(server.open(&old).1.rejected(), Some(Rejected::BadSignature));
}

#[test]
fn so_does_a_read_when_its_session_is_extended() {
    let (server, old) = rotated();
    server.advance(TENTH);
    server.asked();
    let new = server.request(&old, read).pair();
    assert_eq!(server.asked(), ["load", "update"]);
    forget_the_old_key(&server);
    assert_eq!(server.json(&new), r#"{"visits":1}"#);
}

/// As a periodic renewal (L3): what was under way with the old id goes on, and of several at once one is given a new id.
#[test]
fn nobody_is_logged_out_by_requests_at_once() {
    let (server, old) = rotated();
    let (slow, slow_session) = server.open(&old);
    let (slower, slower_session) = server.open(&old);
    let new = server.request(&old, visit).pair();
    visit(&slow_session);
    assert_eq!(server.close(slow).cookie, None);
    assert_eq!(server.request(&new, visit).cookie, None);
    visit(&slower_session);
    let slower = server.close(slower);
    assert_eq!(
        (slower.cookie, slower.events),
        (None, vec![EventKind::Merged])
    );
    assert_eq!(server.json(&new), r#"{"visits":5}"#);
}

#[test]
fn a_new_id_that_was_lost_is_given_again() {
    let (server, old) = rotated();
    server.request(&old, visit); // its response never arrives
    assert_eq!(server.request(&old, visit).cookie, None);
    server.advance(TENTH);
    let new = server.request(&old, read).pair();
    forget_the_old_key(&server);
    assert_eq!(server.json(&new), r#"{"visits":3}"#);
}

#[test]
fn a_key_that_leaked_leaves_at_once() {
    let (server, old) = rotated();
    forget_the_old_key(&server);
    let (_, session) = server.open(&old);
    assert_eq!(
        (session.rejected(), session.is_empty()),
        (Some(Rejected::BadSignature), true)
    );
    assert!(server.asked().is_empty());
}

#[test]
fn ids_are_renamed() {
    let server = server(|builder| builder.prefix(Prefix::None));
    let old = server.begin(visit);
    let ended = server.begin(visit);
    server.advance(60);
    let later = server.begin(visit);
    let renamed = UNIX_EPOCH + Duration::from_secs(START + 60);
    let server = again(server, |builder| {
        builder.renamed_from(PreviousCookie::new("session", renamed))
    });
    assert_eq!(server.open(&later).1.rejected(), Some(Rejected::Revoked));

    let both = |cookie: &str, handler: &dyn Fn(&Session)| {
        let (exchange, session) = server.open(cookie);
        handler(&session);
        let mut headers = HeaderMap::new();
        server.drive(exchange.close()).apply(&mut headers).unwrap();
        let cookies = headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|header| header.to_str().unwrap().to_owned());
        cookies.collect::<Vec<_>>()
    };
    assert!(both(&old, &read).is_empty());
    let sent = both(&old, &visit);
    assert!(
        sent[0].starts_with("__Host-session=") && sent[1].starts_with("session=; "),
        "{sent:?}"
    );
    assert_eq!(
        server.json(sent[0].split(';').next().unwrap()),
        r#"{"visits":2}"#
    );
    // Where the new name is there, the old one is not even looked at.
    let (_, session) = server.open(&format!("{old}; __Host-session=forged"));
    assert_eq!(
        (session.rejected(), session.is_empty()),
        (Some(Rejected::Malformed), true)
    );
    // A logout deletes both.
    let sent = both(&ended, &|session| session.clear().unwrap());
    assert!(
        sent[0].starts_with("__Host-session=; ") && sent[1].starts_with("session=; "),
        "{sent:?}"
    );
    assert_eq!(server.open(&ended).1.rejected(), Some(Rejected::Gone));
}

#[test]
fn until_it_is_renamed_an_id_stays() {
    let server = server(|builder| builder.prefix(Prefix::None));
    let old = server.begin(visit);
    let renamed = UNIX_EPOCH + Duration::from_secs(START + 60);
    let server = again(server, |builder| {
        builder.renamed_from(PreviousCookie::new("session", renamed))
    });
    assert_eq!(server.request(&old, visit).cookie, None);
    assert_eq!(server.request(&old, visit).cookie, None);
    assert!(server.request(&old, login).pair().starts_with("session="));
}

/// A record's key does not know the cookie's name: plain or encrypted, it opens before, at and after the second of the renaming, is
/// written, and moves to the new name.
#[cfg(feature = "encryption")]
#[test]
fn renaming_loses_no_record() {
    for encrypted in [false, true] {
        let configure = |builder: Builder| {
            if encrypted {
                builder.encrypted()
            } else {
                builder
            }
        };
        let server = server(|builder| configure(builder).prefix(Prefix::None));
        let [reader, writer] = [login, visit].map(|handler| {
            server.begin(|session| {
                handler(session);
                visit(session);
            })
        });
        let renamed = UNIX_EPOCH + Duration::from_secs(START + 60);
        let server = again(server, |builder| {
            configure(builder).renamed_from(PreviousCookie::new("session", renamed))
        });
        for second in [59, 60, 61, TENTH - 1] {
            server.time.set(START + second);
            let (_, session) = server.open(&reader);
            assert_eq!(
                session.rejected(),
                None,
                "encrypted {encrypted}, {second} seconds later"
            );
            assert_eq!(
                (session.user().as_deref(), session.to_json()),
                (Some("ada"), r#"{"visits":1}"#.into())
            );
            assert_eq!(server.request(&reader, read).cookie, None);
        }
        let moved = server.request(&writer, visit).pair();
        assert!(moved.starts_with("__Host-session="), "{moved}");
        assert_eq!(server.json(&moved), r#"{"visits":3}"#);
        // A reader moves when its session is extended. The setting goes: what has moved stays.
        server.advance(1);
        let extended = server.request(&reader, read).pair();
        let server = again(server, configure);
        assert_eq!(server.json(&extended), r#"{"visits":1}"#);
        assert_eq!(server.json(&moved), r#"{"visits":3}"#);
    }
}

/// S11, with a store.
#[test]
fn epochs_end_sessions() {
    let server = server(|builder| builder.epoch(3));
    let in_epoch = |epoch: u16| {
        move |session: &Session| {
            login(session);
            session.set_epoch(epoch).unwrap();
        }
    };
    let cookie = server.begin(in_epoch(7));
    let kept = server.request(&cookie, |session| {
        assert!(session.require_epoch(7).unwrap())
    });
    assert_eq!((kept.cookie, kept.events), (None, vec![]));

    // Counted up without a login, as where a password is changed: a write, and no new id.
    let counted = server.request(&cookie, |session| session.set_epoch(8).unwrap());
    assert_eq!((counted.cookie, counted.events), (None, vec![]));
    server.request(&cookie, |session| {
        assert!(session.require_epoch(8).unwrap())
    });

    let behind = server.request(&cookie, |session| {
        assert!(!session.require_epoch(9).unwrap());
        assert_eq!(session.rejected(), Some(Rejected::Revoked));
        assert_eq!(session.user(), None);
    });
    assert_eq!(
        behind.events,
        [EventKind::Rejected(Rejected::Revoked), EventKind::Cleared]
    );
    assert!(behind.cookie.unwrap().contains("Max-Age=0"));
    assert_eq!(server.open(&cookie).1.rejected(), Some(Rejected::Gone));

    // The application's, before the store is asked; and a login is of the application's epoch of its day.
    let before = server.begin(visit);
    let server = again(server, |builder| builder.epoch(4));
    server.asked();
    assert_eq!(server.open(&before).1.rejected(), Some(Rejected::Revoked));
    assert!(server.asked().is_empty());
    let after = server.begin(in_epoch(9));
    server.request(&after, |session| assert!(session.require_epoch(9).unwrap()));
    let again = server.request(&after, login).pair(); // the same user: it is their own epoch
    server.request(&again, |session| assert!(session.require_epoch(9).unwrap()));
    let other = server
        .request(&again, |session| session.log_in("eve").unwrap())
        .pair(); // nobody set hers
    server.request(&other, |session| {
        assert!(!session.require_epoch(1).unwrap())
    });
}

/// A set of the user's epoch survives a merge with another request's write.
#[test]
fn an_epoch_is_merged() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (slow, session) = server.open(&cookie);
    session.set_epoch(5).unwrap();
    server.request(&cookie, visit);
    assert_eq!(server.close(slow).events, [EventKind::Merged]);
    server.request(&cookie, |session| {
        assert!(session.require_epoch(5).unwrap())
    });
    let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
    assert!(server.sessions.exchange(&headers).close().done().is_some()); // unopened, it asks nothing
}

/// Where the answer with the id of the new key was lost, another goes out, but not while the first may be under way.
#[test]
fn an_id_that_was_lost_is_replaced_after_a_minute() {
    let server = server(|builder| builder.idle_lifetime(Duration::from_secs(300)));
    let cookie = server.begin(visit);
    server
        .sessions
        .set_keys(KeyRing::new(next_key()).verify_only(key()))
        .unwrap();
    for (seconds, goes_out) in [(0, true), (31, false), (28, false), (1, true)] {
        server.advance(seconds);
        assert_eq!(
            server.request(&cookie, visit).cookie.is_some(),
            goes_out,
            "{seconds}"
        );
    }
}

/// Under the old name counts only what began before: a neighbouring host may plant what it got under that name later.
#[test]
fn an_id_of_the_old_name_that_is_too_new_asks_nothing() {
    let old = server(|builder| builder.prefix(Prefix::None));
    let before = old.begin(visit);
    old.advance(10);
    let later = old.begin(visit);
    let renamed = UNIX_EPOCH + Duration::from_secs(START + 10);
    let server = again(old, |builder| {
        builder.renamed_from(PreviousCookie::new("session", renamed))
    });
    for (cookie, expected, asked) in [
        (before, None, &["load"][..]),
        (later, Some(Rejected::Revoked), &[]),
    ] {
        let (_exchange, session) = server.open(&cookie);
        assert_eq!(
            (session.rejected(), session.is_empty()),
            (expected, expected.is_some())
        );
        assert_eq!(server.asked(), asked);
    }
}
