//! The runbook of `docs/rotation.md`, step by step, under load through real HTTP: nobody is logged out, and no change is lost.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::routing::get;
use axum::{Router, serve};
use session_axum::session_core::{
    Builder, Clock, KeyRing, OldCookie, Prefix, Refresh, StoredSessions, testing::Time,
};
use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
use session_store::MemoryStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const START: u64 = 1_700_000_000;
const IDLE: u64 = 10_000;
const SERVERS: usize = 2;
/// Half of them count, the others only read.
const CLIENTS: usize = 8;

const OLD: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
const NEW: &str = "1pQyVb8Rr4cu9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx";

fn key(text: &str) -> SecretKey {
    SecretKey::new(text).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What one server runs with; replaced whole, as by a restart.
#[derive(Clone)]
enum Configured {
    Cookie(Sessions),
    Stored(StoredSessions, Arc<MemoryStore>),
}

/// How one server is configured at each step.
type Step = Box<dyn Fn(&Configured, &Time, &Arc<MemoryStore>) -> Configured + Send + Sync>;

struct Fleet {
    addresses: Vec<SocketAddr>,
    configured: Vec<Arc<std::sync::Mutex<Configured>>>,
    time: Time,
    store: Arc<MemoryStore>,
}

async fn count(session: Session) -> Result<String, Error> {
    // Flask's format refreshes no others.
    if session.is_empty() {
        session.set_permanent(true)?;
    }
    Ok(session.increment("count", 1)?.to_string())
}

async fn read(session: Session) -> Result<String, Error> {
    Ok(session.get::<i64>("count")?.unwrap_or_default().to_string())
}

fn app(configured: &Configured) -> Router {
    let router = Router::new().route("/count", get(count)).route("/read", get(read));
    match configured {
        Configured::Cookie(sessions) => router.layer(SessionLayer::new(sessions.clone())),
        Configured::Stored(sessions, store) => {
            router.layer(SessionLayer::stored(sessions.clone(), store.clone()))
        }
    }
}

impl Fleet {
    async fn start(first: &Step, start: &dyn Fn(&Time, &Arc<MemoryStore>) -> Configured) -> Self {
        let (time, store) = (Time::at(START), Arc::new(MemoryStore::new()));
        let (mut addresses, mut configured) = (Vec::new(), Vec::new());
        for _ in 0..SERVERS {
            let now = Arc::new(std::sync::Mutex::new(first(&start(&time, &store), &time, &store)));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            configured.push(now.clone());
            // Each connection is served as the server is configured when it comes.
            tokio::spawn(async move {
                serve(
                    listener,
                    Router::new().fallback(move |request: axum::extract::Request| {
                        let app = app(&now.lock().unwrap().clone());
                        async move { tower::ServiceExt::oneshot(app, request).await.unwrap() }
                    }),
                )
                .await
                .unwrap();
            });
        }
        Self { addresses, configured, time, store }
    }

    /// One server after the other, while the clients go on.
    async fn step(&self, step: &Step, rounds: &[AtomicUsize; CLIENTS]) {
        for configured in &self.configured {
            let now = configured.lock().unwrap().clone();
            let next = step(&now, &self.time, &self.store);
            *configured.lock().unwrap() = next;
            a_few_rounds(rounds).await;
        }
    }
}

/// Until every client has made some requests more.
async fn a_few_rounds(rounds: &[AtomicUsize; CLIENTS]) {
    let before: Vec<usize> = rounds.iter().map(|round| round.load(Ordering::SeqCst)).collect();
    while rounds.iter().zip(&before).any(|(round, before)| round.load(Ordering::SeqCst) < before + 6) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A response's body and its cookies: `name=value`, an empty value where it is deleted.
async fn ask(address: SocketAddr, path: &str, cookie: &str) -> (String, Vec<String>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{text}");
    let cookies = head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    (body.to_owned(), cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect())
}

/// One browser that goes from server to server. Gives the number of its sessions that were lost, and its last cookie.
async fn browse(fleet: Arc<Fleet>, number: usize, round: &AtomicUsize, stop: &AtomicBool) -> (usize, String) {
    let (mut cookie, mut count, mut lost) = (String::new(), 0_i64, 0);
    let reads = number % 2 == 1;
    for turn in 0.. {
        let path = if reads && turn > 0 { "/read" } else { "/count" };
        let (body, cookies) = ask(fleet.addresses[(turn + number) % SERVERS], path, &cookie).await;
        count += i64::from(path == "/count");
        if body != count.to_string() {
            lost += 1;
            (cookie, count) = (String::new(), 0);
        }
        cookie = cookies.into_iter().find(|pair| !pair.ends_with('=')).unwrap_or(cookie);
        round.fetch_add(1, Ordering::SeqCst);
        if stop.load(Ordering::SeqCst) {
            break;
        }
    }
    (lost, cookie)
}

/// Runs the steps under load, and then lets an idle lifetime pass before the last. The number of sessions that were lost, and
/// all cookies of the end.
async fn roll(
    start: impl Fn(&Time, &Arc<MemoryStore>) -> Configured,
    steps: Vec<Step>,
) -> (usize, Vec<String>) {
    let fleet = Arc::new(Fleet::start(&steps[0], &start).await);
    let rounds: Arc<[AtomicUsize; CLIENTS]> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let browsers: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (fleet, rounds, stop) = (fleet.clone(), rounds.clone(), stop.clone());
            tokio::spawn(async move { browse(fleet, number, &rounds[number], &stop).await })
        })
        .collect();
    let (last, before) = steps.split_last().unwrap();
    for step in before {
        fleet.step(step, &rounds).await;
    }
    for _ in 0..=11 {
        fleet.time.advance(Duration::from_secs(IDLE / 10));
        a_few_rounds(&rounds).await;
    }
    fleet.step(last, &rounds).await;
    stop.store(true, Ordering::SeqCst);
    let mut lost = 0;
    let mut cookies = Vec::new();
    for browser in browsers {
        let (some, cookie) = browser.await.unwrap();
        lost += some;
        cookies.push(cookie);
    }
    (lost, cookies)
}

fn ours(time: &Time) -> Builder {
    Sessions::builder(key(OLD)).idle_lifetime(Duration::from_secs(IDLE)).clock(time.clone())
}

/// The ring of a running server.
fn ring(ring: impl Fn(&Time) -> KeyRing + Send + Sync + 'static) -> Step {
    Box::new(move |now, time, _| {
        match now {
            Configured::Cookie(sessions) => sessions.set_keys(ring(time)),
            Configured::Stored(sessions, _) => sessions.set_keys(ring(time)),
        }
        .unwrap();
        now.clone()
    })
}

/// A server that is started anew, with other settings.
fn restart(configure: impl Fn(Builder) -> Builder + Send + Sync + 'static) -> Step {
    Box::new(move |now, time, store| match now {
        Configured::Cookie(_) => Configured::Cookie(configure(ours(time)).build().unwrap()),
        Configured::Stored(..) => {
            Configured::Stored(configure(ours(time)).build_stored().unwrap(), store.clone())
        }
    })
}

fn in_a_cookie(configure: impl Fn(Builder) -> Builder) -> impl Fn(&Time, &Arc<MemoryStore>) -> Configured {
    move |time, _| Configured::Cookie(configure(ours(time)).build().unwrap())
}

fn in_a_store(configure: impl Fn(Builder) -> Builder) -> impl Fn(&Time, &Arc<MemoryStore>) -> Configured {
    move |time, store| Configured::Stored(configure(ours(time)).build_stored().unwrap(), store.clone())
}

fn a_key_that_ages() -> Vec<Step> {
    vec![
        ring(|_| key(OLD).into()),
        ring(|_| KeyRing::new(key(OLD)).verify_only(key(NEW))),
        ring(|time| {
            KeyRing::new(key(NEW)).verify_only_until(key(OLD), now(time) + Duration::from_secs(IDLE))
        }),
        ring(|_| key(NEW).into()),
    ]
}

fn now(time: &Time) -> SystemTime {
    Clock::now(time)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ages_and_nobody_is_logged_out() {
    assert_eq!(roll(in_a_cookie(|builder| builder), a_key_that_ages()).await.0, 0);
    assert_eq!(roll(in_a_cookie(Builder::sealed), a_key_that_ages()).await.0, 0);
    assert_eq!(roll(in_a_store(|builder| builder), a_key_that_ages()).await.0, 0);
    assert_eq!(roll(in_a_store(Builder::sealed), a_key_that_ages()).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_flasks_format_too() {
    let flask = |time: &Time, _: &Arc<MemoryStore>| {
        let builder = Sessions::flask_builder("old").refresh(Refresh::Tenth);
        Configured::Cookie(
            builder.idle_lifetime(Duration::from_secs(IDLE)).clock(time.clone()).build().unwrap(),
        )
    };
    let steps = vec![
        ring(|_| KeyRing::flask("old")),
        ring(|_| KeyRing::flask("old").fallback("new")),
        ring(|_| KeyRing::flask("new").fallback("old")),
    ];
    assert_eq!(roll(flask, steps).await.0, 0);
}

/// The test can fail: without the first step a server does not know what another signs.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_first_step_sessions_are_lost() {
    let steps = vec![
        ring(|_| key(OLD).into()),
        ring(|_| KeyRing::new(key(NEW)).verify_only(key(OLD))),
        ring(|_| key(NEW).into()),
    ];
    assert!(roll(in_a_cookie(|builder| builder), steps).await.0 > 0);
}

/// O3.
#[tokio::test(flavor = "multi_thread")]
async fn from_signed_to_sealed_and_back_nobody_is_logged_out() {
    let end = at(START + 5 * IDLE);
    let readers = || restart(move |builder| builder.accept_sealed_until(end));
    let writers = || restart(move |builder| builder.sealed().accept_signed_until(end));
    let there = || vec![restart(|builder| builder), readers(), writers(), restart(Builder::sealed)];
    let and_back =
        || vec![restart(|builder| builder), readers(), writers(), readers(), restart(|builder| builder)];
    let (lost, cookies) = roll(in_a_cookie(|builder| builder), there()).await;
    assert_eq!(lost, 0);
    assert!(cookies.iter().all(|cookie| !cookie.contains('.')), "{cookies:?}");
    assert_eq!(roll(in_a_store(|builder| builder), there()).await.0, 0);
    let (lost, cookies) = roll(in_a_cookie(|builder| builder), and_back()).await;
    assert_eq!(lost, 0);
    assert!(cookies.iter().all(|cookie| cookie.contains('.')), "{cookies:?}");
    assert_eq!(roll(in_a_store(|builder| builder), and_back()).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_renamed_and_nobody_is_logged_out() {
    // All servers are told before it happens.
    let renamed =
        || restart(|builder| builder.renamed_from(OldCookie::new("session", at(START + IDLE / 10))));
    let steps =
        || vec![restart(|builder| builder.prefix(Prefix::None)), renamed(), restart(|builder| builder)];
    for (lost, cookies) in [
        roll(in_a_cookie(|builder| builder), steps()).await,
        roll(in_a_store(|builder| builder), steps()).await,
    ] {
        assert!(cookies.iter().all(|cookie| cookie.starts_with("__Host-session=")), "{cookies:?}");
        assert_eq!(lost, 0);
    }
}
