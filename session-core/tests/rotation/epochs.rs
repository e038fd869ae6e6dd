//! Epochs of the application and of users.

use std::time::Duration;

use session_core::{ConfigError, Error, EventKind, Rejected, Sessions};

use crate::common::{KEY, cookie_with, key, request, visit};
use crate::helpers::{NOW, old_name, rejection};

/// S11: the application's epoch.
#[test]
fn s11_the_applications_epoch() {
    for encrypted in [false, true] {
        let epoch = |epoch| {
            let builder = Sessions::builder(key(KEY)).epoch(epoch);
            if encrypted {
                builder.encrypted()
            } else {
                builder
            }
            .build()
            .unwrap()
        };
        let cookie = cookie_with(&epoch(1), "a", 1);
        assert_eq!(rejection(&epoch(1), &cookie), None);
        assert_eq!(rejection(&epoch(0), &cookie), None); // the least, so a server that is behind accepts it
        assert_eq!(rejection(&epoch(2), &cookie), Some(Rejected::Revoked));
        // A server with a lower epoch writes the session again: it keeps its epoch.
        let closed = visit(&epoch(0), &[&cookie], |session| session.insert("b", 1)).unwrap();
        assert_eq!(rejection(&epoch(1), closed.cookie().unwrap()), None);
        let new_session = visit(&epoch(2), &[&cookie], |session| session.insert("b", 1)).unwrap();
        assert_eq!(rejection(&epoch(2), new_session.cookie().unwrap()), None);
    }
}

/// S11: a user's epoch.
#[test]
fn s11_the_users_epoch() {
    let sessions = Sessions::builder(key(KEY)).epoch(9).build().unwrap();
    let login = visit(&sessions, &[], |session| {
        session.log_in("ada")?;
        session.insert("user", "ada")?;
        session.set_epoch(3)
    });
    let cookie = login.unwrap().new_cookie();
    for counts in [0, 3] {
        let closed = visit(&sessions, &[&cookie], |session| {
            Ok(assert!(session.require_epoch(counts)?))
        });
        assert_eq!(closed.unwrap().set_cookie(), None);
    }
    let behind = visit(&sessions, &[&cookie], |session| {
        assert!(!session.require_epoch(4)?);
        assert_eq!(
            (session.len(), session.rejected()),
            (0, Some(Rejected::Revoked))
        );
        assert!(!session.authenticated_within(Duration::MAX));
        Ok(())
    });
    let behind = behind.unwrap();
    assert!(behind.removes());
    assert_eq!(
        behind.kinds(),
        [EventKind::Rejected(Rejected::Revoked), EventKind::Cleared]
    );
    // Values that are set afterwards are in a new session; nothing of the old one is left, not even
    // its epoch.
    let new_session = visit(&sessions, &[&cookie], |session| {
        session.require_epoch(4)?;
        session.insert("cart", 1)
    });
    let session = sessions.open(&request(&[new_session.unwrap().cookie().unwrap()]));
    assert_eq!(session.keys(), ["cart"]);
    assert!(!session.require_epoch(1).unwrap());
    // A login of another user in this session begins with epoch 0.
    let other = visit(&sessions, &[&cookie], |session| session.log_in("eve")).unwrap();
    assert!(
        !sessions
            .open(&request(&[other.cookie().unwrap()]))
            .require_epoch(1)
            .unwrap()
    );
}

#[test]
fn flask_has_no_epochs_and_says_so() {
    let sessions = Sessions::flask("dev").unwrap();
    let session = sessions.open(&http::HeaderMap::new());
    assert_eq!(
        (session.set_epoch(1), session.require_epoch(1)),
        (Err(Error::NoEpoch), Err(Error::NoEpoch))
    );
    for builder in [
        Sessions::flask_builder("dev").epoch(1),
        Sessions::flask_builder("dev").renamed_from(old_name(NOW)),
    ] {
        assert!(matches!(builder.build(), Err(ConfigError::Format { .. })));
    }
}
