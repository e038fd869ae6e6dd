//! Whose a session in a cookie is: what a login, its end and the next login leave of the content.

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

/// The cookie that a request with this one gets.
fn after(
    sessions: &Sessions,
    cookie: &str,
    handler: impl Fn(&Session) -> Result<(), Error>,
) -> String {
    let closed = visit(sessions, &[cookie], |session| handler(session)).unwrap();
    closed.cookie().unwrap().to_owned()
}

fn reopened(sessions: &Sessions, cookie: &str) -> Session {
    let session = sessions.open(&request(&[cookie]));
    assert_eq!(session.rejected(), None);
    session
}

/// What an administrator's session holds.
fn as_admin(session: &Session) -> Result<(), Error> {
    session.log_in("admin")?;
    session.insert("is_admin", true)?;
    session.insert("cart", ["gold"])?;
    session.flash("Welcome, root", "info")?;
    session.set_permanent(true)
}

/// From nobody to a user the content stays.
#[test]
fn what_a_stranger_had_goes_along() {
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

/// The password asked for again: all stays, the user's epoch as well.
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

/// Another one finds nothing, in whichever request the former one logged in, and not what this request wrote before.
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
    // In Flask's format within one request; in the next one nobody knows who was logged in.
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
        "the application clears before"
    );
}

#[test]
fn what_is_named_stays_alone() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = after(&sessions, "", as_admin);
        let kept = after(&sessions, &cookie, |session| {
            session.keep_only(&["cart", "missing"])
        });
        let session = reopened(&sessions, &kept);
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
        let nothing = visit(&sessions, &[&kept], |session| session.set_permanent(false)).unwrap();
        let nothing = visit(&sessions, &[nothing.cookie().unwrap()], |session| {
            session.keep_only(&[])
        })
        .unwrap();
        // What is left is who is logged in; in Flask's format permanence.
        assert!(nothing.cookie().is_some(), "{format}");
    }
}

/// It is no end of the session.
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
        // Whoever comes next finds what was left on purpose.
        let next = after(&sessions, closed.cookie().unwrap(), |session| {
            session.log_in("bob")
        });
        assert_eq!(reopened(&sessions, &next).len(), 2);
        // Where nobody is logged in, nothing happens.
        let nobody = visit(&sessions, &[closed.cookie().unwrap()], Session::clear_user).unwrap();
        assert!(nobody.set_cookie().is_none() && nobody.events.is_empty());
    }
}

/// Removing a key, Flask's way to log out, removes a key.
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

/// That somebody is logged in is content, and costs nothing where nobody is.
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
        assert!(left.removes(), "and without them it is none");
        let anonymous = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
        assert_eq!(sessions.open(&anonymous).payload(), r#"{"a":1}"#);
    }
    let flask = Sessions::flask("dev").unwrap();
    assert!(
        visit(&flask, &[], |session| session.log_in("ada"))
            .unwrap()
            .removes(),
        "it has no place"
    );
}

/// A counter that a stranger's session has is not the user's who logs in.
#[test]
fn a_login_inherits_no_epoch() {
    for sessions in ours() {
        let stranger = after(&sessions, "", |session| {
            session.set_epoch(7).and(session.insert("cart", 1))
        });
        assert!(reopened(&sessions, &stranger).require_epoch(7).unwrap());
        let login = after(&sessions, &stranger, |session| session.log_in("ada"));
        assert!(!reopened(&sessions, &login).require_epoch(1).unwrap());
        // What the same request said before counts.
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

/// What was taken before is not shown again, as it would be in Flask's format.
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
