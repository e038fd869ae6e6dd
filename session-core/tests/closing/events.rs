//! The events of a request.

use session_core::{EventKind, Rejected, Session, Sessions};

use crate::common::{KEY, cookie_with, formats, key, visit};

#[test]
fn o1_events_say_what_happened_once() {
    let sessions = Sessions::new(key(KEY));
    let created = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
    assert_eq!(created.kinds(), [EventKind::Created]);
    let cookie = created.new_cookie();
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
    // One cookie has one digest. T7: nothing of the cookie is in it.
    assert_eq!(created.events[0].digest, cleared.events[0].digest);
    assert_ne!(created.events[0].digest, rejected.events[0].digest);
    let printed = format!("{:?} {}", created.events, created.events[0].digest);
    assert!(!printed.contains(&cookie[20..]) && printed.len() < 200);
}

/// Of several refused cookies the first gives the reason, the size and the digest that are
/// reported.
#[test]
fn the_first_refused_cookie_is_reported() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let good = cookie_with(&sessions, "a", 1);
        let name = sessions.cookie_name();
        let (forged, malformed) = (
            format!("{}AAAA", &good[..good.len() - 4]),
            format!("{name}=x"),
        );
        let report = |cookies: &[&str]| {
            let mut seen = None;
            let closed = visit(&sessions, cookies, |session| {
                seen = Some((session.rejected(), session.cookie_size()));
                Ok(())
            });
            (seen.unwrap(), closed.unwrap().events[0].digest)
        };
        let (forged_alone, malformed_alone) = (report(&[&forged]), report(&[&malformed]));
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
        assert_ne!(forged_alone.1, malformed_alone.1, "{format}");
        for (first, second, alone) in [
            (&forged, &malformed, &forged_alone),
            (&malformed, &forged, &malformed_alone),
        ] {
            assert_eq!(report(&[first, second]), *alone, "{format}");
        }
        // An accepted cookie is preferred, except in Flask's format, which reads only the first.
        let behind = report(&[&malformed, &good]).0;
        let expected = if format == "flask" {
            malformed_alone.0
        } else {
            (None, good.len() - name.len() - 1)
        };
        assert_eq!(behind, expected, "{format}");
    }
}
