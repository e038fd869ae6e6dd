//! The user of a session in a cookie: how a login, `clear_user` and the next login change its
//! content.

#![allow(clippy::unwrap_used, clippy::unit_arg)]

mod common;

use std::time::Duration;

use common::{KEY, cookie_with, formats, key, request, visit};
use session_core::{Error, EventKind, Session, Sessions, testing};

fn ours() -> [Sessions; 2] {
    let builder = || Sessions::builder(key(KEY));
    [
        builder().build().unwrap(),
        builder().encrypted().build().unwrap(),
    ]
}

/// Returns the cookie that the response to a request with this cookie sets.
fn after(
    sessions: &Sessions,
    cookie: &str,
    handler: impl Fn(&Session) -> Result<(), Error>,
) -> String {
    let closed = visit(sessions, &[cookie], |session| handler(session)).unwrap();
    closed.new_cookie()
}

fn reopened(sessions: &Sessions, cookie: &str) -> Session {
    let session = sessions.open(&request(&[cookie]));
    assert_eq!(session.rejected(), None);
    session
}

/// Fills an administrator's session.
fn as_admin(session: &Session) -> Result<(), Error> {
    session.log_in("admin")?;
    session.insert("is_admin", true)?;
    session.insert("cart", ["gold"])?;
    session.flash("Welcome, root", "info")?;
    session.set_permanent(true)
}

/// At a login the content of an anonymous session stays.
#[test]
fn a_login_keeps_the_content_of_an_anonymous_session() {
    for sessions in ours() {
        let before = cookie_with(&sessions, "cart", ["mug"]);
        let login = after(&sessions, &before, |session| session.log_in("ada"));
        let session = reopened(&sessions, &login);
        assert_eq!(
            (session.user().as_deref(), session.keys()),
            (Some("ada"), vec!["cart".to_owned()])
        );
    }
}

/// The user enters the password again: everything stays, also the user's epoch.
#[test]
fn the_same_user_again_keeps_all() {
    for sessions in ours() {
        let first = after(&sessions, "", |session| {
            as_admin(session).and_then(|()| session.set_epoch(7))
        });
        let again = after(&sessions, &first, |session| session.log_in("admin"));
        let session = reopened(&sessions, &again);
        assert_eq!((session.keys().len(), session.is_permanent()), (2, true));
        assert!(session.require_epoch(7).unwrap() && !session.require_epoch(8).unwrap());
    }
}

/// Another user finds nothing of the former one, whichever request the former one logged in with,
/// and nothing that this request wrote before the login.
#[test]
fn another_user_finds_nothing_of_the_former_one() {
    for sessions in ours() {
        let admins = after(&sessions, "", |session| {
            as_admin(session).and_then(|()| session.set_epoch(7))
        });
        let closed = visit(&sessions, &[&admins], |session| {
            session.insert("last_page", "/admin")?;
            session.log_in("mallory")?;
            assert!(
                session.is_empty() && session.take_flashes()?.is_empty() && !session.is_permanent()
            );
            session.insert("theme", "dark")
        });
        let closed = closed.unwrap();
        assert_eq!(
            closed.kinds(),
            [EventKind::Cleared, EventKind::Renewed, EventKind::Created]
        );
        let session = reopened(&sessions, closed.cookie().unwrap());
        assert_eq!(
            (session.user().as_deref(), session.keys()),
            (Some("mallory"), vec!["theme".to_owned()])
        );
        assert!(!session.is_permanent() && !session.require_epoch(1).unwrap());
    }
    // In Flask's format within one request; the next request does not know who was logged in.
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let session = sessions.open(&request(&[]));
        as_admin(&session).unwrap();
        assert_eq!(session.take_flashes().unwrap().len(), 1, "{format}");
        session.log_in("mallory").unwrap();
        assert!(
            session.is_empty() && session.take_flashes().unwrap().is_empty(),
            "{format}"
        );
        assert_eq!(session.user().as_deref(), Some("mallory"), "{format}");
    }
    let flask = Sessions::flask("dev").unwrap();
    let cookie = after(&flask, "", as_admin);
    let session = reopened(&flask, &cookie);
    session.log_in("mallory").unwrap();
    assert!(
        session.contains_key("is_admin"),
        "the application must clear before"
    );
}

#[test]
fn what_is_named_stays_alone() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = after(&sessions, "", as_admin);
        let remaining = after(&sessions, &cookie, |session| {
            session.keep_only(&["cart", "missing"])
        });
        let session = reopened(&sessions, &remaining);
        assert_eq!(
            session.get::<Vec<String>>("cart").unwrap().unwrap(),
            ["gold"],
            "{format}"
        );
        assert!(
            !session.contains_key("is_admin") && session.take_flashes().unwrap().is_empty(),
            "{format}"
        );
        assert!(session.is_permanent(), "{format}");
        let nothing = visit(&sessions, &[&remaining], |session| {
            session.set_permanent(false)
        })
        .unwrap();
        let nothing = visit(&sessions, &[nothing.cookie().unwrap()], |session| {
            session.keep_only(&[])
        })
        .unwrap();
        // The user remains; in Flask's format permanence.
        assert!(nothing.cookie().is_some(), "{format}");
    }
}

/// `clear_user` does not end the session.
#[test]
fn a_session_without_its_user_goes_on() {
    for sessions in ours() {
        let cookie = after(&sessions, "", |session| {
            as_admin(session).and_then(|()| session.set_epoch(7))
        });
        let closed = visit(&sessions, &[&cookie], Session::clear_user).unwrap();
        assert_eq!(closed.kinds(), [EventKind::Renewed]);
        let session = reopened(&sessions, closed.cookie().unwrap());
        assert_eq!(
            (session.user(), session.keys()),
            (None, vec!["cart".into(), "is_admin".into()])
        );
        assert!(!session.authenticated_within(Duration::MAX) && session.is_permanent());
        assert!(!session.require_epoch(1).unwrap());
        // The next user finds the content that was left on purpose.
        let next = after(&sessions, closed.cookie().unwrap(), |session| {
            session.log_in("bob")
        });
        assert_eq!(reopened(&sessions, &next).len(), 2);
        // Without a user nothing happens.
        let without_user =
            visit(&sessions, &[closed.cookie().unwrap()], Session::clear_user).unwrap();
        assert!(without_user.set_cookie().is_none() && without_user.events.is_empty());
    }
}

/// Removing a key, which is Flask's way to log out, removes only that key.
#[test]
fn to_remove_a_key_is_no_logout() {
    for sessions in ours() {
        let cookie = after(&sessions, "", |session| {
            session.log_in("ada").and(session.insert("username", "ada"))
        });
        let removed = after(&sessions, &cookie, |session| {
            session.remove("username").map(drop)
        });
        let session = reopened(&sessions, &removed);
        assert_eq!(session.user().as_deref(), Some("ada"));
        assert!(session.authenticated_within(Duration::from_secs(300)));
    }
}

/// The user is part of the content, and costs nothing in sessions without one.
#[test]
fn a_user_and_nothing_else_is_a_session() {
    for sessions in ours() {
        let cookie = after(&sessions, "", |session| session.log_in("ada"));
        let session = reopened(&sessions, &cookie);
        assert_eq!(
            (session.user().as_deref(), session.payload()),
            (Some("ada"), r#"[{},[],"ada"]"#.into())
        );
        let left = visit(&sessions, &[&cookie], Session::clear_user).unwrap();
        assert!(left.removes(), "without it the session is empty");
        let anonymous = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
        assert_eq!(sessions.open(&anonymous).payload(), r#"{"a":1}"#);
    }
    let flask = Sessions::flask("dev").unwrap();
    assert!(
        visit(&flask, &[], |session| session.log_in("ada"))
            .unwrap()
            .removes(),
        "the format does not store it"
    );
}

/// The epoch of an anonymous session does not become that of the user who logs in.
#[test]
fn a_login_inherits_no_epoch() {
    for sessions in ours() {
        let stranger = after(&sessions, "", |session| {
            session.set_epoch(7).and(session.insert("cart", 1))
        });
        assert!(reopened(&sessions, &stranger).require_epoch(7).unwrap());
        let login = after(&sessions, &stranger, |session| session.log_in("ada"));
        assert!(!reopened(&sessions, &login).require_epoch(1).unwrap());
        // An epoch that this request set before the login stays.
        let login = after(&sessions, &stranger, |session| {
            session.set_epoch(3).and(session.log_in("ada"))
        });
        assert!(reopened(&sessions, &login).require_epoch(3).unwrap());
        assert!(!reopened(&sessions, &login).require_epoch(4).unwrap());
    }
}

#[test]
fn an_epoch_alone_is_written() {
    for sessions in ours() {
        let before = cookie_with(&sessions, "cart", 1);
        let marked = after(&sessions, &before, |session| session.set_epoch(9));
        assert!(reopened(&sessions, &marked).require_epoch(9).unwrap());
    }
}

/// Flashes that were taken before are not returned again, as they would be in Flask's format.
#[test]
fn messages_that_were_taken_are_not_kept() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let flashed = after(&sessions, "", |session| session.flash("Saved", "info"));
        let session = sessions.open(&request(&[&flashed]));
        assert_eq!(session.take_flashes().unwrap().len(), 1, "{format}");
        session.keep_only(&[]).unwrap();
        assert!(session.take_flashes().unwrap().is_empty(), "{format}");
    }
}
