//! O: what operators see, and whose clock it is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::{HeaderMap, HeaderValue, header::COOKIE};
use session_core::{
    Builder, Clock, EventKind, KeyRing, Rejected, Session, Sessions,
    protocol::{Exchange, Step, StoreRequest},
    testing,
};

use crate::common::{Closed, KEY, ManualClock, OTHER_KEY, cookie_with, key, request, visit};
use crate::{NOW, ours};

/// Each thing that happens is one event with a digest; the reason is in it. (A key that was retired is not told from a
/// forgery: the core no longer has it.)
#[test]
fn o1_each_event_once_with_its_reason() {
    let time = ManualClock::at(NOW);
    let sessions = ours(&time)
        .absolute_lifetime(Duration::from_secs(90 * 24 * 3600))
        .build()
        .unwrap();
    let stale = Sessions::builder(key(OTHER_KEY))
        .clock(time.clone())
        .build()
        .unwrap();
    let cookie = cookie_with(&sessions, "a", 1);
    let of = |cookies: &[&str], handler: fn(&Session) -> Result<(), session_core::Error>| {
        let closed: Closed = visit(&sessions, cookies, handler).unwrap();
        let digests = closed.events.iter().map(|event| event.digest.to_string());
        assert!(
            digests
                .into_iter()
                .all(|digest| digest.len() == 16 && digest != "0".repeat(16))
        );
        closed.kinds()
    };
    assert_eq!(
        of(&[], |session| session.insert("a", 1)),
        [EventKind::Created]
    );
    assert_eq!(of(&[&cookie], |session| session.insert("a", 2)), []);
    assert_eq!(
        of(&[&cookie], |session| session.log_in("ada")),
        [EventKind::Renewed]
    );
    assert_eq!(of(&[&cookie], Session::clear), [EventKind::Cleared]);
    assert_eq!(
        of(&[&cookie, &cookie], |_| Ok(())),
        [EventKind::Duplicate(2)]
    );
    let rejected = |cookie: &str, why: Rejected| {
        assert_eq!(of(&[cookie], |_| Ok(())), [EventKind::Rejected(why)]);
    };
    let mut forged = cookie.clone();
    forged.replace_range(
        forged.len() - 8..forged.len() - 7,
        if forged.ends_with('A') { "B" } else { "-" },
    );
    rejected("__Host-session=x", Rejected::Malformed);
    rejected(
        &format!("__Host-session={}", "x".repeat(5_000)),
        Rejected::TooLong,
    );
    rejected(&forged, Rejected::BadSignature);
    rejected(&cookie_with(&stale, "a", 1), Rejected::BadSignature);
    time.set(NOW + 31 * 24 * 3600 + 1);
    rejected(&cookie, Rejected::Idle);
    time.set(NOW + 90 * 24 * 3600 + 1);
    rejected(&cookie, Rejected::TooOld);
    time.set(NOW - 600);
    rejected(&cookie, Rejected::Future);
}

/// T7: a digest is keyed. Whoever has a cookie and the logs, but not the secret, cannot tell which line is about it; nor do
/// the digests of two applications with one secret match.
#[test]
fn t7_log_digests_are_keyed() {
    let forged =
        |name: &str| HeaderValue::try_from(format!("{name}=forged.forged.forged")).unwrap();
    let digest = |exchange: Exchange| {
        let _session = exchange.open().done().unwrap().unwrap();
        exchange.close().done().unwrap().events()[0].digest
    };
    let cookies = |builder: Builder| {
        let sessions = builder.build().unwrap();
        digest(sessions.exchange_of([forged(sessions.cookie_name())]))
    };
    let stored = |builder: Builder| {
        let sessions = builder.build_stored().unwrap();
        digest(sessions.exchange_of([forged(sessions.cookie_name())]))
    };
    let ours = |text: &str| Sessions::builder(key(text));
    let digests = [
        cookies(ours(KEY)),
        cookies(ours(OTHER_KEY)),
        cookies(ours(KEY).cookie_name("other")),
        cookies(ours(KEY).context("other")),
        cookies(Sessions::flask_builder(KEY)),
        cookies(Sessions::flask_builder(OTHER_KEY)),
    ];
    for (at, digest) in digests.iter().enumerate() {
        assert!(!digests[..at].contains(digest), "{at}");
    }
    assert_ne!(stored(ours(KEY)), stored(ours(OTHER_KEY)));
    assert_ne!(
        cookies(ours(KEY).encrypted()),
        cookies(ours(OTHER_KEY).encrypted())
    );

    let sessions = ours(KEY).build().unwrap();
    sessions.set_keys(key(OTHER_KEY)).unwrap();
    assert_eq!(
        digest(sessions.exchange_of([forged(sessions.cookie_name())])),
        digests[1],
        "keys are replaced"
    );
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

/// Whether a source has one of these outside of comments.
fn reads_clock(text: &str, clocks: &[&str]) -> bool {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.into_iter()
        .any(|line| clocks.iter().any(|clock| line.contains(clock)))
}

/// One place reads the operating system's clock; what measures how long the walker itself takes is a test.
#[test]
fn o2_one_clock() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 40);
    let mut readers = Vec::new();
    for (path, text) in &files {
        let path = path.replace('\\', "/");
        let clocks = [
            "SystemTime::now",
            "Instant::now",
            "now_utc",
            "now_local",
            "Local::now",
            "Utc::now",
        ];
        if !path.contains("/stored/walk/") && reads_clock(text, &clocks) {
            readers.push(path);
        }
    }
    assert!(
        matches!(&*readers, [only] if only.ends_with("/src/world.rs")),
        "{readers:?}"
    );
}

/// A clock that stands in a far year, and counts who asks it.
struct Frozen(Arc<AtomicUsize>);

const FAR: u64 = 32_503_680_000; // the year 3000

impl Clock for Frozen {
    fn now(&self) -> SystemTime {
        self.0.fetch_add(1, Ordering::SeqCst);
        UNIX_EPOCH + Duration::from_secs(FAR)
    }
}

/// Under a frozen clock every time that can be seen is the clock's.
#[test]
fn o2_a_frozen_clock() {
    let asked = Arc::new(AtomicUsize::new(0));
    let far = UNIX_EPOCH + Duration::from_secs(FAR);
    let builder = || Sessions::builder(key(KEY)).clock(Frozen(asked.clone()));
    let sessions = builder()
        .absolute_lifetime(Duration::from_secs(100))
        .permanent(true)
        .build()
        .unwrap();
    let closed = visit(&sessions, &[], |session| {
        session.log_in("ada").and(session.insert("a", 1))
    })
    .unwrap();
    assert!(closed.set_cookie().unwrap().ends_with("; Max-Age=100"));
    visit(&sessions, &[closed.cookie().unwrap()], |session| {
        assert_eq!(
            (session.created(), session.written()),
            (Some(far), Some(far))
        );
        Ok(assert!(session.authenticated_within(Duration::ZERO)))
    })
    .unwrap();
    let flask = Sessions::flask_builder("dev")
        .clock(Frozen(asked.clone()))
        .build()
        .unwrap();
    let closed = visit(&flask, &[], |session| session.set_permanent(true)).unwrap();
    assert!(
        closed
            .set_cookie()
            .unwrap()
            .contains("; Expires=Sat, 01 Feb 3000 00:00:00 GMT"),
        "{closed:?}"
    );
    // Stores are asked with it, too.
    let stored = builder().build_stored().unwrap();
    assert_eq!(stored.now(), FAR);
    let id = testing::stored_request(&stored);
    assert!(id.contains_key(COOKIE));
    let Step::Pending(ask) = stored.exchange(&id).open() else {
        panic!("an id is looked up")
    };
    assert!(
        matches!(ask.question(), StoreRequest::Load { now: FAR, .. }),
        "{:?}",
        ask.question()
    );
    let exchange = stored.exchange(&HeaderMap::new());
    exchange
        .open()
        .done()
        .unwrap()
        .unwrap()
        .insert("a", 1)
        .unwrap();
    let Step::Pending(ask) = exchange.close() else {
        panic!("a record is stored")
    };
    let StoreRequest::Insert {
        record, now: FAR, ..
    } = ask.question()
    else {
        panic!("{:?}", ask.question())
    };
    assert_eq!((record.created, record.seen), (FAR, FAR));
    assert!(asked.load(Ordering::SeqCst) > 10);
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Whether a reader accepts what a writer wrote, at these times.
fn reads<const N: usize>(
    time: &ManualClock,
    reader: &Sessions,
    writer: &Sessions,
    times: [u64; N],
) -> [bool; N] {
    time.set(NOW);
    let cookie = cookie_with(writer, "a", 1);
    times.map(|now| {
        time.set(now);
        reader.open(&request(&[&cookie])).rejected().is_none()
    })
}

/// Where the window ends.
const END: u64 = NOW + 1_000;

/// From signed to encrypted and back with live cookies. Every server first learns to read the new form, then each begins to
/// write it; both are read until a declared second, and no longer.
#[test]
fn o3_two_formats_are_read_within_a_declared_window() {
    let time = ManualClock::at(NOW);
    let (signed, encrypted) = (
        ours(&time).build().unwrap(),
        ours(&time).encrypted().build().unwrap(),
    );
    let readers = ours(&time).accept_encrypted_until(at(END)).build().unwrap();
    let writers = ours(&time)
        .encrypted()
        .accept_signed_until(at(END))
        .build()
        .unwrap();
    const ALWAYS: [bool; 4] = [true; 4];
    const WITHIN: [bool; 4] = [true, true, false, false];
    const NEVER: [bool; 4] = [false; 4];
    for (what, reader, writer, expected) in [
        // Before the window: what is not declared is not read.
        ("signed alone", &signed, &signed, ALWAYS),
        ("a server that was left out", &signed, &writers, NEVER),
        ("without a window", &encrypted, &signed, NEVER),
        // Within: each step of the roll-out reads what the steps beside it write.
        ("readers first", &readers, &signed, ALWAYS),
        ("readers write what all read", &signed, &readers, ALWAYS),
        ("readers, of writers", &readers, &writers, WITHIN),
        ("writers, of readers", &writers, &readers, WITHIN),
        ("writers", &writers, &writers, ALWAYS),
        // After it.
        ("encrypted alone, of writers", &encrypted, &writers, ALWAYS),
        ("writers, of encrypted alone", &writers, &encrypted, ALWAYS),
        ("encrypted alone, of readers", &encrypted, &readers, NEVER),
    ] {
        assert_eq!(
            reads(&time, reader, writer, [NOW, END - 1, END, END + 10]),
            expected,
            "{what}"
        );
    }
    // A live session goes on through all of it, and back: nobody is logged out.
    time.set(NOW);
    let mut cookie = cookie_with(&signed, "visits", 0);
    for (visits, sessions) in (1..).zip([
        &readers, &writers, &writers, &readers, &signed, &readers, &writers, &encrypted,
    ]) {
        let closed = visit(sessions, &[&cookie], |session| {
            assert_eq!(session.increment("visits", 1)?, visits);
            Ok(())
        });
        cookie = closed.unwrap().cookie().unwrap().to_owned();
    }
}

/// The same for keys: a key that only verifies does so until its end.
#[test]
fn o3_a_key_verifies_until_its_end() {
    for encrypted in [false, true] {
        let time = ManualClock::at(NOW);
        let build = |ring: KeyRing| {
            let builder = Sessions::builder(ring).clock(time.clone());
            let builder = if encrypted {
                builder.encrypted()
            } else {
                builder
            };
            builder.build().unwrap()
        };
        let (old, new) = (|| key(OTHER_KEY), || key(KEY));
        let before = build(KeyRing::new(old()));
        let learned = build(KeyRing::new(old()).verify_only_until(new(), at(END)));
        let turned = build(KeyRing::new(new()).verify_only_until(old(), at(END)));
        let after = build(KeyRing::new(new()));
        let reads = |reader, writer| reads(&time, reader, writer, [NOW, END - 1, END]);
        assert_eq!(reads(&learned, &before), [true; 3], "before");
        assert_eq!(reads(&learned, &turned), [true, true, false], "within");
        assert_eq!(reads(&turned, &before), [true, true, false]);
        assert_eq!(reads(&turned, &learned), [true, true, false]);
        assert_eq!(reads(&after, &turned), [true; 3], "after");
        assert_eq!(reads(&after, &learned), [false; 3]);
        assert_eq!(reads(&before, &turned), [false; 3], "who was left out");
        // Rolled back with a live session: what the new key wrote is read, and written with the old one again.
        time.set(NOW);
        let mut cookie = cookie_with(&before, "visits", 0);
        for sessions in [
            &learned, &turned, &learned, &before, &learned, &turned, &after,
        ] {
            let closed = visit(sessions, &[&cookie], |session| {
                session.increment("visits", 1).map(drop)
            });
            cookie = closed.unwrap().cookie().unwrap().to_owned();
        }
        assert_eq!(
            after
                .open(&request(&[&cookie]))
                .get::<i64>("visits")
                .unwrap(),
            Some(7)
        );
    }
}
