//! The events of a request.

use session_core::{EventKind, Rejected, Session, Sessions};

use crate::common::{KEY, cookie_with, formats, key, visit};

#[test]
fn o1_events_say_what_happened_once() {
    let sessions = Sessions::new(key(KEY));
    let created = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
    assert_eq!(created.kinds(), [EventKind::Created]);
    let cookie = created.cookie().unwrap().to_owned();
    let changed = visit(&sessions, &[&cookie], |session| session.insert("a", 2)).unwrap();
    assert!(changed.events.is_empty());
    let renewed = visit(&sessions, &[&cookie], |session| session.log_in("42")).unwrap();
    assert_eq!(renewed.kinds(), [EventKind::Renewed]);
    let login = |session: &Session| session.insert("a", 1).and(session.log_in("42"));
    assert_eq!(
        visit(&sessions, &[], login).unwrap().kinds(),
        [EventKind::Created]
    );
    let cleared = visit(&sessions, &[&cookie], |session| session.clear()).unwrap();
    assert_eq!(cleared.kinds(), [EventKind::Cleared]);
    let rejected = visit(&sessions, &["__Host-session=x"], |_| Ok(())).unwrap();
    assert_eq!(rejected.kinds(), [EventKind::Rejected(Rejected::Malformed)]);
    let twice = visit(&sessions, &[&cookie, &cookie], |_| Ok(())).unwrap();
    assert_eq!(twice.kinds(), [EventKind::Duplicate(2)]);
    // One cookie, one digest; T7: and nothing of the cookie in it.
    assert_eq!(created.events[0].digest, cleared.events[0].digest);
    assert_ne!(created.events[0].digest, rejected.events[0].digest);
    let shown = format!("{:?} {}", created.events, created.events[0].digest);
    assert!(!shown.contains(&cookie[20..]) && shown.len() < 200);
}

/// Of several cookies that are refused the first tells why; its size and its digest are what is logged.
#[test]
fn the_first_that_is_refused_is_the_one_that_is_told() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let good = cookie_with(&sessions, "a", 1);
        let name = sessions.cookie_name();
        let (forged, malformed) = (
            format!("{}AAAA", &good[..good.len() - 4]),
            format!("{name}=x"),
        );
        let told = |cookies: &[&str]| {
            let mut seen = None;
            let closed = visit(&sessions, cookies, |session| {
                seen = Some((session.rejected(), session.cookie_size()));
                Ok(())
            });
            (
                seen.unwrap(),
                closed
                    .unwrap()
                    .events
                    .iter()
                    .map(|event| event.digest)
                    .collect::<Vec<_>>(),
            )
        };
        let (forged_alone, malformed_alone) = (told(&[&forged]), told(&[&malformed]));
        assert_eq!(
            forged_alone.0,
            (Some(Rejected::BadSignature), forged.len() - name.len() - 1),
            "{format}"
        );
        assert_eq!(
            malformed_alone.0,
            (Some(Rejected::Malformed), 1),
            "{format}"
        );
        assert_ne!(forged_alone.1[0], malformed_alone.1[0], "{format}");
        for (first, second, alone) in [
            (&forged, &malformed, &forged_alone),
            (&malformed, &forged, &malformed_alone),
        ] {
            let both = told(&[first, second]);
            assert_eq!((both.0, both.1[0]), (alone.0, alone.1[0]), "{format}");
        }
        // One that is accepted is the one that counts, but for Flask, which looks at the first alone.
        let behind = told(&[&malformed, &good]).0;
        let accepted = (None, good.len() - name.len() - 1);
        assert_eq!(
            behind,
            if format == "flask" {
                malformed_alone.0
            } else {
                accepted
            },
            "{format}"
        );
    }
}
