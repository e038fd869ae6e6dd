//! Servers that get a new configuration one after the other, and browsers that send requests meanwhile.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Router, serve};
use session_axum::session_core::{self, StoredSessions, testing::ManualClock};
use session_axum::{Error, Session, SessionLayer, Sessions};
use session_store::{MemoryStore, UserSessions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::runbooks::{IDLE, Mode, START, Step};

const SERVERS: usize = 2;
/// Each is a user of its own. Half of them count, the others only read.
pub const BROWSERS: usize = 8;

/// The configuration of one server, replaced as a whole, as by a restart.
#[derive(Clone)]
enum Configured {
    Cookie(Sessions),
    Stored(StoredSessions, Arc<MemoryStore>),
}

/// Each user's epoch, as the rows of a table would have it.
type Epochs = Arc<[AtomicU16; BROWSERS]>;

/// Whether this user is logged in.
fn is_logged_in(session: &Session, epoch: u16) -> Result<bool, Error> {
    match session.require_epoch(epoch) {
        // Flask's format: a counter of our own, as the error says.
        Err(session_core::Error::NoEpoch)
            if session.get::<u16>("epoch")?.unwrap_or_default() < epoch =>
        {
            session.clear()?;
        }
        Err(session_core::Error::NoEpoch) => {}
        required => drop(required?),
    }
    Ok(!session.is_empty())
}

async fn count(
    session: Session,
    Path(user): Path<usize>,
    State(epochs): State<Epochs>,
) -> Result<String, Error> {
    let epoch = epochs[user].load(Ordering::SeqCst);
    if !is_logged_in(&session, epoch)? {
        // Flask's format refreshes no others.
        session.set_permanent(true)?;
        session.log_in(&user.to_string())?;
        match session.set_epoch(epoch) {
            Err(session_core::Error::NoEpoch) => session.insert("epoch", epoch)?,
            set => set?,
        }
    }
    Ok(session.increment("count", 1)?.to_string())
}

async fn read(
    session: Session,
    Path(user): Path<usize>,
    State(epochs): State<Epochs>,
) -> Result<String, Error> {
    is_logged_in(&session, epochs[user].load(Ordering::SeqCst))?;
    Ok(session.get::<i64>("count")?.unwrap_or_default().to_string())
}

fn app(configured: &Configured, epochs: Epochs) -> Router {
    let router = Router::new()
        .route("/count/{user}", get(count))
        .route("/read/{user}", get(read))
        .with_state(epochs);
    match configured {
        Configured::Cookie(sessions) => router.layer(SessionLayer::new(sessions.clone())),
        Configured::Stored(sessions, store) => {
            router.layer(SessionLayer::stored(sessions.clone(), store.clone()))
        }
    }
}

/// A response's body and its cookies: `name=value`, an empty value where it is deleted.
async fn ask(address: SocketAddr, path: &str, cookie: &str) -> (String, Vec<String>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{text}");
    let cookies = head
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "));
    (
        body.to_owned(),
        cookies
            .map(|cookie| cookie.split(';').next().unwrap().to_owned())
            .collect(),
    )
}

#[derive(Default)]
struct Browser {
    rounds: AtomicUsize,
    /// How often its session was not there any more.
    lost: AtomicUsize,
    cookie: Mutex<String>,
}

pub struct Fleet {
    mode: Mode,
    pub time: ManualClock,
    store: Arc<MemoryStore>,
    epochs: Epochs,
    addresses: Vec<SocketAddr>,
    configured: Vec<Arc<Mutex<Configured>>>,
    browsers: [Browser; BROWSERS],
    stop: AtomicBool,
}

impl Fleet {
    pub async fn start(mode: Mode, first: &Step) -> Arc<Self> {
        let (time, store) = (ManualClock::at(START), Arc::new(MemoryStore::new()));
        let epochs = Epochs::default();
        let (mut addresses, mut configured) = (Vec::new(), Vec::new());
        for _ in 0..SERVERS {
            let Step::Restart(configure) = first else {
                panic!("a server starts with a configuration")
            };
            let now = Arc::new(Mutex::new(configured_by(
                mode,
                configure(mode).clock(time.clone()),
                &store,
            )));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            configured.push(now.clone());
            let epochs = epochs.clone();
            // Each connection is served as the server is configured when it comes.
            let app = Router::new().fallback(move |request: axum::extract::Request| {
                let app = app(&now.lock().unwrap().clone(), epochs.clone());
                async move { tower::ServiceExt::oneshot(app, request).await.unwrap() }
            });
            tokio::spawn(async move { serve(listener, app).await.unwrap() });
        }
        let (browsers, stop) = (Default::default(), AtomicBool::new(false));
        let fleet = Arc::new(Self {
            mode,
            time,
            store,
            epochs,
            addresses,
            configured,
            browsers,
            stop,
        });
        for number in 0..BROWSERS {
            let fleet = fleet.clone();
            tokio::spawn(async move { fleet.browse(number).await });
        }
        fleet.a_few_rounds().await;
        fleet
    }

    /// A browser that goes from server to server.
    async fn browse(&self, number: usize) {
        let browser = &self.browsers[number];
        let (mut cookie, mut count) = (String::new(), 0_i64);
        for turn in 0.. {
            let reads = number % 2 == 1 && count > 0;
            let path = if reads { "read" } else { "count" };
            let address = self.addresses[(turn + number) % SERVERS];
            let (body, cookies) = ask(address, &format!("/{path}/{number}"), &cookie).await;
            count += i64::from(!reads);
            let found = body.parse().unwrap();
            if count != found {
                browser.lost.fetch_add(1, Ordering::SeqCst);
                (cookie, count) = (String::new(), found);
            }
            cookie = cookies
                .into_iter()
                .find(|pair| !pair.ends_with('='))
                .unwrap_or(cookie);
            browser.cookie.lock().unwrap().clone_from(&cookie);
            browser.rounds.fetch_add(1, Ordering::SeqCst);
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
        }
    }

    /// Until every browser has made some requests more.
    pub async fn a_few_rounds(&self) {
        let rounds = || {
            self.browsers
                .each_ref()
                .map(|browser| browser.rounds.load(Ordering::SeqCst))
        };
        let before = rounds();
        while rounds()
            .iter()
            .zip(&before)
            .any(|(now, before)| *now < before + 6)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// One server after the other, while the browsers go on.
    pub async fn step(&self, step: &Step) {
        self.time.advance(Duration::from_secs(1));
        for configured in &self.configured {
            let now = configured.lock().unwrap().clone();
            match step {
                Step::Restart(configure) => {
                    let builder = configure(self.mode).clock(self.time.clone());
                    *configured.lock().unwrap() = configured_by(self.mode, builder, &self.store);
                }
                Step::Ring(ring) => drop(match now {
                    Configured::Cookie(sessions) => sessions.set_keys(ring(self.mode)).unwrap(),
                    Configured::Stored(sessions, _) => sessions.set_keys(ring(self.mode)).unwrap(),
                }),
                // Of one user, on whichever server: said twice, it does no harm.
                Step::CountUp => self.epochs[0].store(1, Ordering::SeqCst),
                Step::EndAll => {
                    let Configured::Stored(sessions, store) = now else {
                        panic!("there is no store")
                    };
                    UserSessions::new(&sessions, store)
                        .end_all("0")
                        .await
                        .unwrap();
                    self.a_few_rounds().await;
                    return;
                }
            }
            self.a_few_rounds().await;
        }
    }

    /// An idle lifetime and more passes, in tenths.
    pub async fn an_idle_lifetime(&self) {
        for _ in 0..=11 {
            self.time.advance(Duration::from_secs(IDLE / 10));
            self.a_few_rounds().await;
        }
    }

    /// How often each browser has lost its session so far.
    pub fn lost(&self) -> [usize; BROWSERS] {
        self.browsers
            .each_ref()
            .map(|browser| browser.lost.load(Ordering::SeqCst))
    }

    pub fn cookies(&self) -> [String; BROWSERS] {
        self.browsers
            .each_ref()
            .map(|browser| browser.cookie.lock().unwrap().clone())
    }

    /// The answer of each server to an attacker who has a copy of a browser's cookie.
    pub async fn with_a_copy(&self, number: usize, cookie: &str) -> Vec<String> {
        let mut found = Vec::new();
        for address in &self.addresses {
            found.push(ask(*address, &format!("/read/{number}"), cookie).await.0);
        }
        found
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn configured_by(
    mode: Mode,
    builder: session_core::Builder,
    store: &Arc<MemoryStore>,
) -> Configured {
    match mode {
        Mode::Signed | Mode::Encrypted | Mode::Flask => {
            Configured::Cookie(builder.build().unwrap())
        }
        Mode::Plain | Mode::EncryptedRecords => {
            Configured::Stored(builder.build_stored().unwrap(), store.clone())
        }
    }
}
