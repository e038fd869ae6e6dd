//! Lists and ends of a user's sessions, and the task that removes expired ones.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use session_core::testing::ManualClock;
use session_core::{
    EventKind, RecordKey, SecretKey, Session, Sessions, StoredSessions, protocol::Record,
};
use session_store::{MemoryStore, SessionBackend, SessionInfo, Store, UserSessions, clean, trace};

/// An application with one browser after another.
struct Site {
    time: ManualClock,
    sessions: StoredSessions,
    backend: SessionBackend,
    users: UserSessions,
    store: Arc<MemoryStore>,
}

impl Site {
    fn new() -> Self {
        let time = ManualClock::at(1_700_000_000);
        let builder = Sessions::builder(SecretKey::generate().unwrap()).clock(time.clone());
        let sessions = builder.max_sessions_per_user(3).build_stored().unwrap();
        let store = Arc::new(MemoryStore::new());
        let backend = SessionBackend::stored(sessions.clone(), store.clone());
        let users = UserSessions::new(&sessions, store.clone());
        Self {
            time,
            sessions,
            backend,
            users,
            store,
        }
    }

    /// One request of who has this cookie; the cookie after it.
    async fn visit(
        &self,
        cookie: Option<&str>,
        handler: impl AsyncFnOnce(&Session),
    ) -> Option<String> {
        let value = |cookie: &str| HeaderValue::from_str(cookie).unwrap();
        let request: HeaderMap = cookie
            .map(|cookie| (COOKIE, value(cookie)))
            .into_iter()
            .collect();
        let exchange = self.backend.exchange(&request);
        handler(&self.backend.open(&exchange).await.unwrap()).await;
        let mut response = HeaderMap::new();
        self.backend
            .close(exchange)
            .await
            .apply(&mut response)
            .unwrap();
        let sent = response.get(SET_COOKIE).map(|sent| sent.to_str().unwrap());
        let pair = sent.map_or(cookie, |sent| sent.split(';').next())?;
        (!pair.ends_with('=')).then(|| pair.to_owned())
    }

    async fn log_in(&self, user: &str, label: &str) -> String {
        let log_in = async |session: &Session| {
            session.log_in(user).unwrap();
            session.set_label(label).unwrap();
        };
        self.visit(None, log_in).await.unwrap()
    }

    async fn is_logged_in(&self, cookie: &str) -> bool {
        let mut logged_in = false;
        self.visit(Some(cookie), async |session| {
            logged_in = session.user().is_some()
        })
        .await;
        logged_in
    }

    async fn labels(&self, user: &str) -> Vec<String> {
        let label = |listed: SessionInfo| listed.label.unwrap_or_default().to_string();
        self.users
            .list(user, 100)
            .await
            .unwrap()
            .into_iter()
            .map(label)
            .collect()
    }
}

/// L6: a user ends one session, the others, or all. Each ends at once, also for a client that still has the cookie.
#[tokio::test]
async fn l6_a_page_of_ones_sessions() {
    let site = Site::new();
    let [phone, laptop, desk] = [
        site.log_in("ada", "phone").await,
        site.log_in("ada", "laptop").await,
        site.log_in("ada", "desk").await,
    ];
    let bob = site.log_in("bob", "bob's").await;
    assert_eq!(site.labels("ada").await, ["phone", "laptop", "desk"]);
    assert_eq!(
        site.users.list("ada", 2).await.unwrap().len(),
        2,
        "the newest"
    );

    // A page needs to know which session is its own, and a text for the form that ends another.
    site.visit(Some(&laptop), async |session| {
        let listed = site
            .users
            .list(&session.user().unwrap(), 100)
            .await
            .unwrap();
        let this: Vec<_> = listed
            .iter()
            .map(|listed| Some(listed.key) == session.record_key())
            .collect();
        assert_eq!(this, [false, true, false]);
        let key = RecordKey::from_text(&listed[0].key.to_text()).unwrap();
        assert!(site.users.end("ada", key).await.unwrap());
        assert!(!site.users.end("ada", key).await.unwrap(), "it has ended");
    })
    .await;
    assert!(!site.is_logged_in(&phone).await && site.is_logged_in(&laptop).await);

    // No user ends another user's session, whatever the form says.
    let bobs = site.users.list("bob", 1).await.unwrap()[0].key;
    assert!(!site.users.end("ada", bobs).await.unwrap());
    assert!(site.is_logged_in(&bob).await);

    let others = async |session: &Session| {
        assert_eq!(site.users.end_others("ada", session).await.unwrap(), 1);
    };
    site.visit(Some(&laptop), others).await;
    assert!(site.is_logged_in(&laptop).await && !site.is_logged_in(&desk).await);

    // Log out everywhere, here as well.
    let after = site.visit(Some(&laptop), async |session| {
        assert_eq!(site.users.end_all("ada").await.unwrap(), 1);
        session.insert("late", 1).unwrap();
        session.clear().unwrap();
    });
    assert_eq!(after.await, None, "the browser forgets its cookie");
    assert!(!site.is_logged_in(&laptop).await && site.is_logged_in(&bob).await);
    assert!(site.labels("ada").await.is_empty());
}

/// An operator ends what an event names: a copied id that is used after its successor has come back.
#[tokio::test]
async fn what_an_event_names_is_ended_by_its_key() {
    for with_keys in [true, false] {
        let time = ManualClock::at(1_700_000_000);
        let builder = Sessions::builder(SecretKey::generate().unwrap()).clock(time.clone());
        let builder = builder.cycle_id_every(Duration::from_secs(3600));
        let sessions = builder
            .events_with_record_keys(with_keys)
            .build_stored()
            .unwrap();
        let store = Arc::new(MemoryStore::new());
        let backend = SessionBackend::stored(sessions.clone(), store.clone());
        let users = UserSessions::new(&sessions, store.clone());
        let site = Site {
            time,
            sessions,
            backend,
            users,
            store,
        };

        let stolen = site.log_in("ada", "phone").await;
        let bob = site.log_in("bob", "desk").await;
        site.time.advance(Duration::from_secs(3601));
        let thief = site.visit(Some(&stolen), async |_| ()).await.unwrap();
        assert!(site.is_logged_in(&thief).await);
        site.time.advance(Duration::from_secs(61));
        let request = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&stolen).unwrap())]);
        let exchange = site.backend.exchange(&request);
        site.backend.open(&exchange).await.unwrap();
        let outgoing = site.backend.close(exchange).await;
        let reuse = outgoing
            .events()
            .iter()
            .find(|event| event.kind == EventKind::Reuse)
            .unwrap();
        let Some(key) = reuse.record else {
            assert!(!with_keys);
            continue;
        };
        // As an operator reads it in a log.
        let line = logged(|| trace::event(reuse));
        assert!(
            line.contains(&format!("record=\"{}\"", key.to_text())),
            "{line}"
        );
        assert!(with_keys && site.users.end_record(key).await.unwrap());
        assert!(!site.users.end_record(key).await.unwrap(), "it has ended");
        assert!(!site.is_logged_in(&thief).await && site.is_logged_in(&bob).await);
        assert!(site.labels("ada").await.is_empty());
    }
}

/// Returns the text that is written to `tracing` meanwhile.
fn logged(write: impl FnOnce()) -> String {
    let (mut log, writer) = std::io::pipe().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Arc::new(writer))
        .finish();
    tracing::subscriber::with_default(subscriber, write);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut log, &mut text).unwrap();
    text
}

/// L7: the cap ends the oldest; the list shows who is left, and what a request did last.
#[tokio::test]
async fn l7_the_list_tells_what_is() {
    let site = Site::new();
    let first = site.log_in("ada", "1").await;
    for label in ["2", "3", "4"] {
        site.time.advance(Duration::from_secs(1));
        site.log_in("ada", label).await;
    }
    assert!(!site.is_logged_in(&first).await);
    assert_eq!(site.labels("ada").await, ["2", "3", "4"]);
    let listed = site.users.list("ada", 100).await.unwrap();
    assert_eq!(listed[2].created, site.sessions.now());
    assert_eq!(listed[0].created, site.sessions.now() - 2);
    // Nothing of it opens a session.
    for listed in &listed {
        let cookie = format!("{}={}", site.backend.cookie_name(), listed.key.to_text());
        assert!(!site.is_logged_in(&cookie).await);
    }
    // A new session has no record, so all are others.
    let other = async |session: &Session| {
        assert_eq!(session.record_key(), None);
        assert_eq!(site.users.end_others("ada", session).await.unwrap(), 3);
    };
    site.visit(None, other).await;
}

/// L10: in batches, with others in between; what lives stays; it goes on, round after round.
#[tokio::test(start_paused = true)]
async fn l10_cleaning() {
    let site = Site::new();
    let now = site.sessions.now();
    let record = |number: u64, expires| Record {
        version: number,
        expires,
        created: now,
        seen: now,
        user: None,
        label: None,
        body: [].into(),
    };
    let key = |number: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        RecordKey::from_bytes(bytes)
    };
    for number in 0..5_000 {
        let expires = now + if number < 4_000 { 0 } else { 10_000 };
        site.store
            .insert(key(number), &record(number, expires), now)
            .await
            .unwrap();
    }
    let cleaning = tokio::spawn(clean(
        site.sessions.clone(),
        site.store.clone(),
        Duration::from_secs(60),
    ));
    let between = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let (counted, stopped) = (between.clone(), stop.clone());
    let others = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(site.store.len(), 5_000, "an hour of slack");
    site.time.advance(Duration::from_secs(3_700));
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(site.store.len(), 1_000);
    assert!(
        between.load(Ordering::Relaxed) > 1_000,
        "others go on meanwhile"
    );
    site.time.advance(Duration::from_secs(10_000));
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(site.store.is_empty());
    stop.store(true, Ordering::Relaxed);
    others.await.unwrap();
    assert!(!cleaning.is_finished());
}
