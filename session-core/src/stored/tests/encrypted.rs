//! Encrypted records.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, UNIX_EPOCH};

use crate::builder::Builder;
use crate::env::EntropyError;
use crate::error::config::ConfigError;
use crate::error::{Error, Rejected};
use crate::keys::ring::KeyRing;
use crate::keys::secret_key::SecretKey;
use crate::record::store::Record;
use crate::session::handle::Session;
use crate::sessions::Sessions;
use crate::stored::model::Slot;
use crate::stored::tests::{KEY, START, Server, login, server, visit};

const TENTH: u64 = 31 * 24 * 60 * 6;

fn again(server: Server, configure: impl FnOnce(Builder) -> Builder) -> Server {
    let builder =
        configure(Sessions::builder(SecretKey::new(KEY).unwrap()).clock(server.time.clone()));
    Server {
        sessions: builder.build_stored().unwrap(),
        ..server
    }
}

fn secret(session: &Session) {
    session.insert("diagnosis", "a secret word").unwrap();
    visit(session);
}

fn contains(record: &Record, text: &str) -> bool {
    record
        .body
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Changes every record in the store.
fn change(server: &Server, change: impl Fn(&mut Record)) {
    for slot in server.store.lock().unwrap().slots.values_mut() {
        if let Slot::Live { record, .. } = slot {
            change(record);
        }
    }
}

#[test]
fn a_dump_tells_nothing() {
    let open = server(|builder| builder);
    let encrypted = server(Builder::encrypted);
    let padded = server(|builder| builder.padding(512));
    for (server, readable, length) in [
        (&open, true, None),
        (&encrypted, false, None),
        (&padded, false, Some(512)),
    ] {
        let cookie = server.begin(secret);
        let record = server.record(&cookie);
        assert_eq!(
            (
                contains(&record, "diagnosis"),
                contains(&record, "a secret word")
            ),
            (readable, readable)
        );
        assert!(length.is_none_or(|length| (record.body.len() - 1 - 4 - 12 - 16) % length == 0));
        let visited = server.request(&cookie, visit);
        assert_eq!((visited.result, visited.cookie), (Ok(()), None));
        assert_eq!(
            server.json(&cookie),
            r#"{"diagnosis":"a secret word","visits":2}"#
        );
    }
}

#[test]
fn a_record_opens_in_its_place_alone() {
    let refused = |change_record: &dyn Fn(&Server)| {
        let server = server(Builder::encrypted);
        let cookie = server.begin(|session| {
            secret(session);
            login(session);
        });
        assert_eq!(server.open(&cookie).1.rejected(), None);
        change_record(&server);
        let (_, session) = server.open(&cookie);
        assert!(session.is_empty());
        session.rejected()
    };
    let unreadable = Some(Rejected::Unreadable);
    assert_eq!(
        refused(&|server| change(server, |record| record.created += 1)),
        unreadable
    );
    assert_eq!(
        refused(&|server| change(server, |record| record.user = Some("eve".into()))),
        unreadable
    );
    assert_eq!(
        refused(&|server| change(server, |record| record.user = None)),
        unreadable
    );
    assert_eq!(
        refused(&|server| change(server, |record| record.label = Some("Firefox".into()))),
        unreadable
    );
    // No byte can be moved from the user to the label.
    let moved = |record: &mut Record| {
        (record.user, record.label) = (Some("ad".into()), Some("a".into()));
    };
    assert_eq!(refused(&|server| change(server, moved)), unreadable);
    let flip = |at: usize| {
        move |server: &Server| {
            change(server, |record| {
                let mut body = record.body.to_vec();
                body[at] ^= 1;
                record.body = body.into();
            });
        }
    };
    for at in 0..80 {
        assert_eq!(refused(&flip(at)), unreadable, "byte {at}");
    }
    // The body of another session, put there by an attacker who can write to the database.
    let other = |server: &Server| {
        let eve = server.begin(|session| session.insert("admin", true).unwrap());
        let body = server.record(&eve).body;
        change(server, |record| record.body = body.clone());
    };
    assert_eq!(refused(&other), unreadable);
}

/// An attacker who can write to the store can shorten a session and not lengthen it: the time at
/// which it expires is encrypted.
#[test]
fn a_record_does_not_outlive_its_encrypted_end() {
    let server = server(|builder| builder.encrypted().idle_lifetime(Duration::from_secs(600)));
    let cookie = server.begin(|session| {
        secret(session);
        login(session);
        session.set_label("Firefox").unwrap();
    });
    change(&server, |record| {
        record.expires += 365 * 24 * 60 * 60;
        record.seen += 365 * 24 * 60 * 60;
    });
    server.advance(599);
    assert_eq!(server.open(&cookie).1.rejected(), None);
    server.advance(1);
    assert_eq!(server.open(&cookie).1.rejected(), Some(Rejected::Idle));
}

/// A write passes the encrypted time on, whatever the column says: a session that was lengthened
/// there ends as early as before.
#[test]
fn a_write_does_not_encrypt_what_the_store_says() {
    let server = server(|builder| builder.encrypted().idle_lifetime(Duration::from_secs(600)));
    let cookie = server.begin(secret);
    change(&server, |record| record.expires += 365 * 24 * 60 * 60);
    server.request(&cookie, visit);
    server.advance(600);
    assert_eq!(server.open(&cookie).1.rejected(), Some(Rejected::Idle));
}

/// An encrypted record is extended by a write, a plain one by a touch.
#[test]
fn an_encrypted_record_is_extended_by_a_write() {
    for (encrypted, verb) in [(true, "update"), (false, "touch")] {
        let server = server(|builder| {
            let builder = builder.idle_lifetime(Duration::from_secs(600));
            if encrypted {
                builder.encrypted()
            } else {
                builder
            }
        });
        let cookie = server.begin(secret);
        for _ in 0..20 {
            server.advance(60);
            assert_eq!(server.request(&cookie, |_| {}).result, Ok(()));
            assert_eq!(server.verbs(), ["load", verb]);
            server.request(&cookie, |session| session.mark_modified().unwrap());
            assert_eq!(server.verbs(), ["load", verb]);
        }
        assert_eq!(
            server.json(&cookie),
            r#"{"diagnosis":"a secret word","visits":1}"#
        );
    }
}

#[test]
fn a_record_is_encrypted_anew_when_it_is_next_written() {
    let server = server(Builder::encrypted);
    let cookie = server.begin(secret);
    let key_id = |cookie: &str| server.record(cookie).body[1..5].to_vec();
    let old_id = key_id(&cookie);
    let (old, new) = (KEY, KEY.replace('u', "v"));
    let (old, new) = (SecretKey::new(old).unwrap(), SecretKey::new(new).unwrap());
    server
        .sessions
        .set_keys(KeyRing::new(new.clone()).verify_only(old))
        .unwrap();
    assert_eq!(
        server
            .request(&cookie, |session| assert!(session.contains_key("visits")))
            .cookie,
        None
    );
    assert_eq!(key_id(&cookie), old_id);
    let cookie = server.request(&cookie, visit).pair();
    assert_ne!(key_id(&cookie), old_id);
    server.sessions.set_keys(new).unwrap();
    assert_eq!(
        server.json(&cookie),
        r#"{"diagnosis":"a secret word","visits":2}"#
    );
}

#[test]
fn o3_from_plain_to_encrypted_and_back_within_windows() {
    let end = UNIX_EPOCH + Duration::from_secs(START + 10 * TENTH);
    let plain = server(|builder| builder);
    let (read_later, written, extended) = (
        plain.begin(secret),
        plain.begin(secret),
        plain.begin(secret),
    );

    // Without a period in which both are accepted, a plain record is refused and left as it is.
    let encrypted = again(plain, Builder::encrypted);
    assert_eq!(
        encrypted.open(&written).1.rejected(),
        Some(Rejected::Unreadable)
    );

    let encrypted = again(encrypted, |builder| {
        builder.encrypted().accept_signed_until(end)
    });
    encrypted.request(&written, visit);
    assert!(!contains(&encrypted.record(&written), "secret"));
    encrypted.advance(TENTH);
    assert_eq!(encrypted.request(&extended, |_| ()).cookie, None); // encrypted with its extension, and no new id
    assert!(!contains(&encrypted.record(&extended), "secret"));
    assert!(contains(&encrypted.record(&read_later), "secret"));

    // Encryption is taken back. Records that were encrypted meanwhile still open.
    let plain = again(encrypted, |builder| builder.accept_encrypted_until(end));
    assert_eq!(
        plain.json(&written),
        r#"{"diagnosis":"a secret word","visits":2}"#
    );
    plain.request(&written, visit);
    assert!(contains(&plain.record(&written), "secret"));
    assert!(!contains(&plain.record(&extended), "secret"));

    let encrypted = again(plain, |builder| {
        builder.encrypted().accept_signed_until(end)
    });
    encrypted.time.set(START + 10 * TENTH);
    assert_eq!(encrypted.open(&extended).1.rejected(), None);
    assert_eq!(
        encrypted.open(&written).1.rejected(),
        Some(Rejected::Unreadable)
    ); // plain, and the period is over
}

#[test]
fn t2_without_random_bytes_nothing_is_encrypted() {
    let broken = |_: &mut [u8]| Err(EntropyError);
    let server = server(|builder| builder.encrypted().random(broken));
    let closed = server.request("", secret);
    assert_eq!(
        (closed.result, closed.cookie),
        (Err(Error::Entropy(EntropyError)), None)
    );
    assert!(server.store.lock().unwrap().slots.is_empty());
}

#[test]
fn encrypted_is_not_for_flask() {
    let error = Sessions::flask_builder("dev")
        .encrypted()
        .build()
        .unwrap_err();
    assert!(matches!(
        error,
        ConfigError::Format {
            setting: "encrypted",
            ..
        }
    ));
}
