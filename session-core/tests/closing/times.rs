//! When a session is refreshed, when a new one begins, and how long its cookie lives.

use http::HeaderMap;
use http::header::VARY;
use session_core::{EventKind, Refresh, Rejected, Session, Sessions};

use crate::common::{Closed, KEY, ManualClock, cookie_with, formats, key, respond, visit};

#[test]
fn refresh_by_policy() {
    let time = ManualClock::at(1_000_000);
    let read = |session: &Session| Ok(drop(session.keys()));
    for (refresh, expected) in [
        (Refresh::AfterTenth, [false, false, true]),
        (Refresh::EachRequest, [true; 3]),
        (Refresh::Never, [false; 3]),
    ] {
        let builder =
            Sessions::builder(key(KEY)).idle_lifetime(std::time::Duration::from_secs(1000));
        let sessions = builder
            .refresh(refresh)
            .clock(time.clone())
            .build()
            .unwrap();
        time.set(1_000_000);
        let cookie = cookie_with(&sessions, "a", 1);
        for (age, written) in [0, 99, 100].into_iter().zip(expected) {
            time.set(1_000_000 + age);
            let closed = visit(&sessions, &[&cookie], read).unwrap();
            assert_eq!(closed.cookie().is_some(), written, "{refresh:?} {age}");
            // If the handler does not open the session, only `EachRequest` writes.
            let unasked = respond(
                &sessions,
                &[&cookie],
                HeaderMap::new(),
                None::<fn(&Session) -> _>,
            )
            .unwrap();
            assert_eq!(
                unasked.cookie().is_some(),
                refresh == Refresh::EachRequest,
                "{refresh:?} {age}"
            );
            assert_eq!(unasked.header(VARY), unasked.cookie().map(|_| "Cookie"));
            assert!(unasked.events.is_empty());
        }
        // Without a session there is nothing to refresh.
        assert_eq!(visit(&sessions, &[], read).unwrap().set_cookie(), None);
    }
}

#[test]
fn s4_refresh_never_moves_the_beginning() {
    let time = ManualClock::at(1_000_000);
    let seconds = std::time::Duration::from_secs;
    let sessions = Sessions::builder(key(KEY))
        .idle_lifetime(seconds(100))
        .absolute_lifetime(seconds(1000))
        .permanent(true)
        .clock(time.clone())
        .build()
        .unwrap();
    let first = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
    assert!(first.set_cookie().unwrap().ends_with("; Max-Age=100"));
    let mut cookie = first.new_cookie();
    let mut now = 1_000_000;
    while now < 1_000_990 {
        now += 90;
        time.set(now);
        let closed = visit(&sessions, &[&cookie], |session| {
            assert_eq!(
                session.created(),
                Some(std::time::UNIX_EPOCH + seconds(1_000_000))
            );
            session.increment("a", 1).map(drop)
        });
        let closed = closed.unwrap();
        let left = (1_001_000 - now).min(100);
        assert!(
            closed
                .set_cookie()
                .unwrap()
                .ends_with(&format!("; Max-Age={left}")),
            "{closed:?}"
        );
        cookie = closed.new_cookie();
    }
    time.set(1_001_001);
    let closed = visit(&sessions, &[&cookie], |session| {
        assert_eq!(session.rejected(), Some(Rejected::TooOld));
        assert!(session.is_empty());
        Ok(())
    });
    assert_eq!(closed.unwrap().set_cookie(), None);
}

#[test]
fn login_and_clear_begin_a_new_session() {
    let time = ManualClock::at(1_000_000);
    let sessions = Sessions::builder(key(KEY))
        .clock(time.clone())
        .build()
        .unwrap();
    let seconds = |n| std::time::UNIX_EPOCH + std::time::Duration::from_secs(n);
    let within =
        |session: &Session, n| session.authenticated_within(std::time::Duration::from_secs(n));
    let cookie = cookie_with(&sessions, "a", 1);

    time.set(1_000_050);
    let closed = visit(&sessions, &[&cookie], |session| {
        assert!(!within(session, u64::MAX));
        session.log_in("42")
    });
    let closed = closed.unwrap();
    assert_eq!(closed.kinds(), [EventKind::Renewed]);
    let cookie = closed.new_cookie();

    time.set(1_000_060);
    let closed = visit(&sessions, &[&cookie], |session| {
        assert_eq!(session.created(), Some(seconds(1_000_050)));
        assert_eq!(session.written(), Some(seconds(1_000_050)));
        assert!(within(session, 10) && !within(session, 9));
        assert_eq!(session.get::<i64>("a")?, Some(1));
        session.set_permanent(true)?;
        session.flash("bye", "info")?;
        session.clear()?;
        assert!(
            !session.is_permanent()
                && !within(session, u64::MAX)
                && session.take_flashes()?.is_empty()
        );
        session.insert("b", 2)
    });
    let closed = closed.unwrap();
    assert_eq!(closed.kinds(), [EventKind::Cleared, EventKind::Created]);
    assert!(!closed.set_cookie().unwrap().contains("Max-Age"));
    visit(&sessions, &[closed.cookie().unwrap()], |session| {
        assert_eq!(session.created(), Some(seconds(1_000_060)));
        assert_eq!(session.to_json(), r#"{"b":2}"#);
        Ok(())
    })
    .unwrap();
}

#[test]
fn permanence_is_per_session() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let set = |permanent| {
            move |session: &Session| {
                session.insert("a", 1)?;
                session.set_permanent(permanent)
            }
        };
        let expiry = |closed: &Closed| {
            let header = closed.set_cookie().unwrap();
            header.contains("; Max-Age=2678400") || header.contains("; Expires=")
        };
        let on = visit(&sessions, &[], set(true)).unwrap();
        assert!(expiry(&on), "{format}");
        let off = visit(&sessions, &[on.cookie().unwrap()], |session| {
            assert!(session.is_permanent());
            session.set_permanent(false)
        });
        let off = off.unwrap();
        assert!(!expiry(&off), "{format}");
        visit(&sessions, &[off.cookie().unwrap()], |session| {
            Ok(assert!(!session.is_permanent()))
        })
        .unwrap();
    }
}

/// A clock that is set back during a request: in our formats a session is never older than its
/// beginning, and Flask writes the time of its clock.
#[test]
fn a_clock_that_is_set_back() {
    for (format, builder) in formats() {
        let time = ManualClock::at(1_700_000_000);
        let sessions = builder.clock(time.clone()).build().unwrap();
        let closed = visit(&sessions, &[], |session| {
            time.set(1_699_999_000);
            session.insert("a", 1)
        });
        let written = if format == "flask" {
            1_699_999_000
        } else {
            1_700_000_000
        };
        time.set(1_700_000_000);
        let session = sessions.open(&crate::common::request(&[closed
            .unwrap()
            .cookie()
            .unwrap()]));
        let since_1970 = session
            .written()
            .unwrap()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        assert_eq!(since_1970.as_secs(), written, "{format}");
    }
}
