//! O: events for operators, and the clock.

use crate::common::{Closed, KEY, ManualClock, OTHER_KEY, cookie_with, key, visit};
use crate::{NOW, ours};
use ::http::{HeaderMap, HeaderValue, header::COOKIE};
use session_core::{
    Builder, Clock, EventKind, Rejected, Session, Sessions,
    protocol::{Exchange, Step, StoreRequest},
    testing,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Each occurrence is one event with a digest and its reason. (A cookie whose key was retired is
/// reported like a forgery: the core no longer has the key.)
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
    let rejected = |cookie: &str, reason: Rejected| {
        assert_eq!(of(&[cookie], |_| Ok(())), [EventKind::Rejected(reason)]);
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

/// T7: a digest is keyed. With a cookie and the logs, but without the secret, an attacker cannot
/// find the lines about that cookie. Digests of two applications with one secret do not match
/// either.
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
        "the digest has the new key"
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

/// Whether a source names one of these clocks outside of comments.
fn reads_clock(text: &str, clocks: &[&str]) -> bool {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.into_iter()
        .any(|line| clocks.iter().any(|clock| line.contains(clock)))
}

/// Only `env.rs` reads the operating system's clock. The model checker is excepted: it is a test,
/// and measures its own time.
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
        if !path.contains("/stored/model_check/") && reads_clock(text, &clocks) {
            readers.push(path);
        }
    }
    assert!(
        matches!(&*readers, [only] if only.ends_with("/src/env.rs")),
        "{readers:?}"
    );
}

/// A clock that is frozen in a distant year and counts its calls.
struct Frozen(Arc<AtomicUsize>);

const FAR: u64 = 32_503_680_000; // the year 3000

impl Clock for Frozen {
    fn now(&self) -> SystemTime {
        self.0.fetch_add(1, Ordering::SeqCst);
        UNIX_EPOCH + Duration::from_secs(FAR)
    }
}

/// With a frozen clock every visible time is the clock's.
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
    // Requests to a store carry the clock's time, too.
    let stored = builder().build_stored().unwrap();
    assert_eq!(stored.now(), FAR);
    let id = testing::stored_request(&stored);
    assert!(id.contains_key(COOKIE));
    let Step::Pending(ask) = stored.exchange(&id).open() else {
        panic!("the store must be asked for the id")
    };
    assert!(
        matches!(ask.request(), StoreRequest::Load { now: FAR, .. }),
        "{:?}",
        ask.request()
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
        panic!("the record must be stored")
    };
    let StoreRequest::Insert {
        record, now: FAR, ..
    } = ask.request()
    else {
        panic!("{:?}", ask.request())
    };
    assert_eq!((record.created, record.seen), (FAR, FAR));
    assert!(asked.load(Ordering::SeqCst) > 10);
}
