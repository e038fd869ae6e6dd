//! Sessions that are too large for an encrypted cookie.

use std::time::Duration;

use session_core::{Error, EventKind, Session};

use crate::common::{ManualClock, visit};
use crate::helpers::{NOW, TENTH, at, ours, read, written};

/// The figures of `docs/rotation.md`, and the event that reports such sessions before encryption
/// begins.
#[test]
fn sessions_that_are_too_large_to_encrypt_are_reported_before() {
    let time = ManualClock::at(NOW);
    let encrypted = ours(&time).encrypted().build().unwrap();
    let next = ours(&time)
        .accept_encrypted_until(at(NOW + 100 * TENTH))
        .build()
        .unwrap();
    let insert = |length: usize| {
        move |session: &Session| session.insert("x", "x".repeat(length - r#"{"x":""}"#.len()))
    };
    // The largest JSON that a signed cookie holds uncompressed, and the largest that an encrypted
    // one holds.
    for (bytes, compressed, too_large) in [
        (3009, false, false),
        (3010, true, false),
        (3015, true, false),
        (3016, true, true),
    ] {
        let closed = visit(&next, &[], insert(bytes)).unwrap();
        assert_eq!(
            closed.cookie().unwrap().contains("=."),
            compressed,
            "{bytes}"
        );
        let found: Vec<_> = closed
            .kinds()
            .into_iter()
            .filter(|kind| *kind != EventKind::Created)
            .collect();
        let expected = EventKind::TooLargeToEncrypt {
            size: 4097,
            limit: 4096,
        };
        assert_eq!(
            found,
            if too_large { vec![expected] } else { vec![] },
            "{bytes}"
        );
        match visit(&encrypted, &[], insert(bytes)) {
            Ok(_) => assert!(!too_large, "{bytes}"),
            Err(error) => {
                assert!(
                    too_large && matches!(error, Error::TooLarge { size: 4097, .. }),
                    "{bytes} {error}"
                )
            }
        }
    }
    for (block, most) in [(16, 3006), (64, 2990), (256, 2798), (1024, 2030)] {
        let padded = ours(&time).padding(block).build().unwrap();
        assert!(visit(&padded, &[], insert(most)).is_ok(), "{block}");
        assert!(visit(&padded, &[], insert(most + 1)).is_err(), "{block}");
    }
    // Without a change the event comes with the next refresh, not with each request.
    let cookie = written(&visit(&next, &[], insert(5000)).unwrap());
    assert_eq!(read(&next, &cookie).kinds(), []);
    time.advance(Duration::from_secs(TENTH));
    assert!(matches!(
        read(&next, &cookie).kinds()[..],
        [EventKind::TooLargeToEncrypt {
            size: 6742,
            limit: 4096
        }]
    ));
    // Not after the window, and not where encryption is not announced.
    time.set(NOW + 100 * TENTH);
    assert_eq!(
        visit(&next, &[], insert(5000)).unwrap().kinds(),
        [EventKind::Created]
    );
    let signed = ours(&time).build().unwrap();
    assert_eq!(
        visit(&signed, &[], insert(5000)).unwrap().kinds(),
        [EventKind::Created]
    );
    // A limit that the application sets is used, too.
    let limited = ours(&time)
        .max_cookie_size(1000)
        .accept_encrypted_until(at(NOW + 200 * TENTH))
        .build()
        .unwrap();
    let kinds = visit(&limited, &[], insert(1000)).unwrap().kinds();
    assert!(
        matches!(
            kinds[..],
            [
                EventKind::TooLargeToEncrypt { limit: 1000, .. },
                EventKind::Created
            ]
        ),
        "{kinds:?}"
    );
}
