//! When a cookie is sent, and when a session takes no more changes.

use http::HeaderMap;
use http::header::SET_COOKIE;
use session_core::{Error, Session, Sessions};

use crate::common::{KEY, cookie_with, formats, key, visit};

#[test]
fn h3_an_unchanged_session_sets_nothing() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        let closed = visit(&sessions, &[&cookie], |session| {
            assert_eq!(session.get::<i64>("a")?, Some(1));
            assert!(
                session.contains_key("a") && !session.is_modified() && session.rejected().is_none()
            );
            Ok(())
        });
        assert_eq!(closed.unwrap().set_cookie(), None, "{format}");
    }
}

#[test]
fn when_a_removal_is_sent() {
    let empty = |_: &Session| Ok(());
    let emptied = Session::clear;
    let emptied_by_hand = |session: &Session| session.remove("a").map(drop);
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        let removes = |cookies: &[&str], handler: &dyn Fn(&Session) -> Result<(), Error>| {
            visit(&sessions, cookies, handler).unwrap().removes()
        };
        assert!(removes(&[&cookie], &emptied), "{format}");
        assert!(removes(&[&cookie], &emptied_by_hand), "{format}");
        assert!(!removes(&[], &empty), "{format}");
        // An invalid cookie is not deleted by itself, but by a clear.
        let bad = format!("{}=x", sessions.cookie_name());
        assert!(!removes(&[&bad], &empty), "{format}");
        assert!(removes(&[&bad], &emptied), "{format}");
        // Without a cookie there is nothing to remove; Flask sends a removal nevertheless.
        assert_eq!(removes(&[], &emptied), format == "flask");
    }
}

#[test]
fn h4_a_change_after_the_response_is_an_error() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let exchange = sessions.exchange(&HeaderMap::new());
        let opener = exchange.opener();
        let session = exchange.open().done().unwrap().unwrap();
        session.insert("a", 1).unwrap();
        let mut outgoing = exchange.close().done().unwrap();
        let mut headers = HeaderMap::new();
        outgoing.apply(&mut headers).unwrap();

        let late: [(&str, Result<(), Error>); 16] = [
            ("insert", session.insert("a", 2)),
            ("remove", session.remove("a").map(drop)),
            ("take", session.take::<i64>("a").map(drop)),
            ("clear", session.clear()),
            ("increment", session.increment("a", 1).map(drop)),
            ("push", session.push("l", 1)),
            ("update", session.update("a", |n: &mut i64| *n += 1)),
            (
                "get_or_insert_with",
                session.get_or_insert_with("z", || 1).map(drop),
            ),
            ("flash", session.flash("m", "info")),
            ("take_flashes", session.take_flashes().map(drop)),
            ("set_permanent", session.set_permanent(true)),
            ("mark_modified", session.mark_modified()),
            ("renew", session.cycle_id()),
            ("log_in", session.log_in("42")),
            ("clear_user", session.clear_user()),
            ("keep_only", session.keep_only(&["a"])),
        ];
        for (method, result) in late {
            assert_eq!(result, Err(Error::TooLate), "{format} {method}");
        }
        // Reads still work, and nothing has changed.
        assert_eq!(session.get::<i64>("a").unwrap(), Some(1));
        // A task that opens the session only now gets an error.
        assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::TooLate);
        // Applied or closed twice, it is sent once.
        outgoing.apply(&mut headers).unwrap();
        sessions.close(&session, &mut headers).unwrap();
        assert_eq!(headers.get_all(SET_COOKIE).iter().count(), 1);
    }
}

#[test]
fn an_exchange_that_is_dropped_freezes() {
    let sessions = Sessions::new(key(KEY));
    let exchange = sessions.exchange(&HeaderMap::new());
    let session = exchange.open().done().unwrap().unwrap();
    drop(exchange);
    assert_eq!(session.insert("a", 1), Err(Error::TooLate));
}
