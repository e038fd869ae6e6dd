//! Records that no request changed, that are due to be written, and that cannot be: they stay as
//! they are, and no read fails.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, UNIX_EPOCH};

use crate::builder::Builder;
use crate::cookie::attributes::Prefix;
use crate::cookie::rename::PreviousCookie;
use crate::env::EntropyError;
use crate::error::Error;
use crate::event::EventKind;
use crate::keys::ring::KeyRing;
use crate::keys::secret_key::SecretKey;
use crate::session::handle::Session;
use crate::stored::tests::rotation::again;
use crate::stored::tests::{KEY, START, Server, server, visit};

/// A tenth of the default idle lifetime.
const TENTH: u64 = 31 * 24 * 60 * 6;

type Configure = fn(Builder) -> Builder;

/// Why the record of a session that is only read is written.
struct Due {
    why: &'static str,
    before: Configure,
    after: Configure,
    /// The ring has a new key, and the old one verifies.
    new_key: bool,
    /// The seconds that pass until then. After a tenth of the idle lifetime the record is extended
    /// as well.
    seconds: u64,
}

const RENEWED: Configure = |builder| builder.cycle_id_every(Duration::from_secs(100));
const SAME: Configure = |builder| builder;

fn old_name(builder: Builder) -> Builder {
    builder.renamed_from(PreviousCookie::new(
        "session",
        UNIX_EPOCH + Duration::from_secs(START + 1),
    ))
}

fn all_that_is_due() -> Vec<Due> {
    let due = |why, before, after, seconds| Due {
        why,
        before,
        after,
        new_key: false,
        seconds,
    };
    let rotated = |why, before, after| Due {
        why,
        before,
        after,
        new_key: true,
        seconds: TENTH,
    };
    let mut all = vec![
        due("its id is renewed by time", RENEWED, RENEWED, 100),
        due("its new id has come back", RENEWED, RENEWED, 1),
        rotated("its id has an old key", SAME, SAME),
        due(
            "its id has the old name",
            |builder| builder.prefix(Prefix::None),
            old_name,
            TENTH,
        ),
    ];
    #[cfg(feature = "encryption")]
    {
        const ENCRYPTED: Configure = Builder::encrypted;
        all.push(rotated(
            "it is encrypted with an old key",
            ENCRYPTED,
            ENCRYPTED,
        ));
        all.push(due("it is to be encrypted", SAME, encryption, TENTH));
        all.push(due("it is to be padded", SAME, padding, TENTH));
    }
    all
}

#[cfg(feature = "encryption")]
fn encryption(builder: Builder) -> Builder {
    let end = UNIX_EPOCH + Duration::from_secs(START + 100 * TENTH);
    builder.encrypted().accept_signed_until(end)
}

#[cfg(feature = "encryption")]
fn padding(builder: Builder) -> Builder {
    encryption(builder).padding(1024)
}

fn large(session: &Session) {
    visit(session);
    session.insert("note", "x".repeat(1000)).unwrap();
}

impl Due {
    /// Returns a server on which this is due, and the session's cookie.
    fn arise(&self, obstacle: impl FnOnce(Builder) -> Builder) -> (Server, String) {
        let server = server(self.before);
        let mut cookie = server.begin(large);
        if self.why == "its new id has come back" {
            server.advance(100);
            cookie = server.request(&cookie, |_| ()).pair();
        }
        let server = again(server, |builder| obstacle((self.after)(builder)));
        if self.new_key {
            let new = SecretKey::new(KEY.replace('u', "v")).unwrap();
            let old = SecretKey::new(KEY).unwrap();
            server
                .sessions
                .set_keys(KeyRing::new(new).verify_only(old))
                .unwrap();
        }
        server.advance(self.seconds);
        server.verbs();
        (server, cookie)
    }
}

fn read(session: &Session) {
    assert_eq!((session.rejected(), session.len()), (None, 2));
}

#[test]
fn a_record_that_cannot_be_written_is_left_as_it_is_and_lives_on() {
    let no_random = |_: &mut [u8]| Err(EntropyError);
    for due in all_that_is_due() {
        // It is due: without an obstacle it is written.
        let (server, cookie) = due.arise(SAME);
        let before = server.record(&cookie);
        let closed = server.request(&cookie, read);
        assert_eq!(closed.result, Ok(()), "{}", due.why);
        assert!(
            server.record(&cookie).version != before.version,
            "{}",
            due.why
        );

        for obstacle in ["size", "random", "update"] {
            let case = format!("{}, {obstacle}", due.why);
            let (server, cookie) = due.arise(|builder| match obstacle {
                "size" => builder.max_record_size(1000),
                "random" => builder.random(no_random),
                _ => builder,
            });
            if obstacle == "update" {
                *server.broken.lock().unwrap() = Some("update");
            }
            let before = server.record(&cookie);
            let closed = server.request(&cookie, read);
            assert_eq!((closed.result, closed.cookie), (Ok(()), None), "{case}");
            match (obstacle, &closed.events[..]) {
                (
                    "size",
                    [
                        EventKind::NotRewritten {
                            size: 1001..,
                            limit: 1000,
                        },
                    ],
                ) => {}
                ("random", [EventKind::NotRewrittenWithoutEntropy]) => {}
                ("update", [EventKind::StoreFailed("the session was not rewritten")]) => {}
                (_, events) => panic!("{case}: {events:?}"),
            }
            let after = server.record(&cookie);
            assert_eq!(
                (&after.body, after.version),
                (&before.body, before.version),
                "{case}"
            );
            // So no user who only reads is logged out in the end; but the end of an encrypted
            // record is extended by a write alone.
            let encrypted = before.body[0] == 2;
            let extended = due.seconds == TENTH && obstacle != "update" && !encrypted;
            assert_eq!(after.expires > before.expires, extended, "{case}");
            assert_eq!(server.verbs().contains(&"touch"), extended, "{case}");

            let changed = server.request(&cookie, visit);
            assert!(
                matches!(
                    (obstacle, changed.result),
                    ("size", Err(Error::RecordTooLarge { limit: 1000, .. }))
                        | ("random", Err(Error::Entropy(_)))
                        | ("update", Err(Error::Unavailable))
                ),
                "{case}"
            );
        }
    }
}
