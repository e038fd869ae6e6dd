//! Requests over a store: a browser with its cookie, and many concurrent ones whose effects are counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use session_core::{Error, SecretKey, Session, Sessions};
use session_store::{SessionBackend, Store};
use tokio::task::JoinSet;

/// Deadlines of a request, short so that the tests are quick.
pub(crate) const OPEN: Duration = Duration::from_secs(1);
pub(crate) const CLOSE: Duration = Duration::from_secs(2);
/// How much later than the deadlines a busy machine may be.
const SLACK: Duration = Duration::from_secs(10);

/// Back ends with one secret key are processes of one application.
pub(crate) fn source(store: Arc<impl Store>) -> SessionBackend {
    let key = SecretKey::new(*b"J0cW2mQ8xv7Yt1Lr5Zb9Kd3Hs6Fn4Pga").unwrap();
    let sessions = Sessions::builder(key)
        .deadlines(OPEN, CLOSE)
        .build_stored()
        .unwrap();
    SessionBackend::stored(sessions, store)
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Browser {
    /// Name and value.
    pub(crate) cookie: Option<String>,
}

/// How a request failed.
#[derive(Debug, PartialEq)]
pub(crate) enum Failed {
    /// The handler had no session.
    AtOpen(Error),
    /// Its changes may be stored or not.
    AtClose(Error),
}

impl Browser {
    pub(crate) async fn request<T>(
        &mut self,
        source: &SessionBackend,
        handler: impl FnOnce(&Session) -> T,
    ) -> Result<T, Failed> {
        let cookie = self
            .cookie
            .as_ref()
            .map(|cookie| (COOKIE, HeaderValue::try_from(cookie).unwrap()));
        let exchange = source.exchange(&cookie.into_iter().collect());
        let session = source.open(&exchange).await.map_err(Failed::AtOpen)?;
        let result = handler(&session);
        let mut response = HeaderMap::new();
        source
            .close(exchange)
            .await
            .apply(&mut response)
            .map_err(Failed::AtClose)?;
        if let Some(set) = response.get(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = (!pair.ends_with('=')).then_some(pair);
        }
        Ok(result)
    }

    /// Tries a request again until it succeeds, and fails after this limit: the connection or the server has not recovered.
    pub(crate) async fn until_answered<T>(
        &mut self,
        source: &SessionBackend,
        limit: Duration,
        handler: impl Fn(&Session) -> T,
    ) -> T {
        let begun = Instant::now();
        loop {
            match self.request(source, &handler).await {
                Ok(result) => return result,
                Err(Failed::AtOpen(Error::Unavailable)) => assert!(begun.elapsed() < limit),
                Err(failed) => panic!("{failed:?}"),
            }
        }
    }
}

/// Sends requests without a pause until it is stopped: to a session that all share, and to one of each task. Each request
/// increments, pushes and flashes its own number.
pub(crate) struct Load {
    tasks: JoinSet<()>,
    tally: Arc<Tally>,
    stop: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Acknowledged,
    Unknown,
}

/// The outcomes of the requests, by session.
pub(crate) struct Tally {
    source: SessionBackend,
    /// The first is shared.
    browsers: Vec<Browser>,
    fates: Mutex<Vec<BTreeMap<usize, Fate>>>,
    numbers: AtomicUsize,
}

const OWN: usize = 4;

impl Load {
    pub(crate) async fn start(sources: [SessionBackend; 2]) -> Self {
        let mut browsers = Vec::new();
        for _ in 0..=OWN {
            let mut browser = Browser::default();
            browser
                .request(&sources[0], |session| session.insert("begun", true))
                .await
                .unwrap()
                .unwrap();
            browsers.push(browser);
        }
        let tally = Arc::new(Tally {
            source: sources[0].clone(),
            fates: Mutex::new(vec![BTreeMap::new(); browsers.len()]),
            browsers,
            numbers: AtomicUsize::new(0),
        });
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for task in 0..2 * OWN {
            let (tally, stop, source) = (tally.clone(), stop.clone(), sources[task % 2].clone());
            tasks.spawn(async move {
                let session = if task < OWN { task + 1 } else { 0 };
                while !stop.load(Ordering::Relaxed) {
                    tally.request(&source, session).await;
                }
            });
        }
        Self { tasks, tally, stop }
    }

    /// Returns the number of requests that were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.tally.count(Fate::Acknowledged)
    }

    pub(crate) async fn until_answered(&self, acknowledged: usize) {
        let begun = Instant::now();
        while self.acknowledged() < acknowledged {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{} acknowledged",
                self.acknowledged()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn stop(mut self) -> Arc<Tally> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.tally
    }
}

impl Tally {
    async fn request(&self, source: &SessionBackend, session: usize) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let mut browser = self.browsers[session].clone();
        let answer = browser
            .request(source, |session| {
                session.increment("sum", 1).unwrap();
                session.push("numbers", number).unwrap();
                session.flash(number, "").unwrap();
            })
            .await;
        assert!(
            begun.elapsed() < OPEN + CLOSE + SLACK,
            "{:?}",
            begun.elapsed()
        );
        let fate = match answer {
            Ok(()) => Fate::Acknowledged,
            Err(Failed::AtClose(Error::Unavailable)) => Fate::Unknown,
            // Nothing was written.
            Err(Failed::AtOpen(Error::Unavailable)) => return,
            Err(failed) => panic!("{failed:?}"),
        };
        self.fates.lock().unwrap()[session].insert(number, fate);
    }

    fn count(&self, fate: Fate) -> usize {
        let fates = self.fates.lock().unwrap();
        fates
            .iter()
            .flat_map(BTreeMap::values)
            .filter(|other| **other == fate)
            .count()
    }

    pub(crate) fn unknown(&self) -> usize {
        self.count(Fate::Unknown)
    }

    /// Checks the sessions that one task uses alone: in a shared one, eight other writes hide whether an unknown write took place.
    pub(crate) fn unknown_of_one_writer(&self) -> usize {
        let fates = self.fates.lock().unwrap();
        fates[1..]
            .iter()
            .flat_map(BTreeMap::values)
            .filter(|fate| **fate == Fate::Unknown)
            .count()
    }

    /// Checks that each acknowledged request is stored once, each unknown one at most once, and no other.
    pub(crate) async fn counts_once(&self) {
        self.check(usize::MAX).await;
    }

    /// Checks this too, but allows that requests acknowledged after the first `surely` are lost.
    pub(crate) async fn counts_once_but_for_a_failover(&self, first: usize) {
        self.check(first).await;
    }

    async fn check(&self, first: usize) {
        let fates = self.fates.lock().unwrap().clone();
        for (browser, fates) in self.browsers.iter().zip(fates) {
            let read = |session: &Session| {
                let sum = session.get::<usize>("sum").unwrap().unwrap_or(0);
                let numbers = session
                    .get::<Vec<usize>>("numbers")
                    .unwrap()
                    .unwrap_or_default();
                let flashes = session.take_flashes().unwrap();
                let flashes = flashes
                    .iter()
                    .map(|flash| flash.message_as::<usize>().unwrap());
                (sum, numbers, flashes.collect::<Vec<_>>())
            };
            let (sum, mut numbers, mut flashes) =
                browser.clone().request(&self.source, read).await.unwrap();
            numbers.sort_unstable();
            flashes.sort_unstable();
            assert_eq!(sum, numbers.len());
            assert_eq!(numbers, flashes);
            for (number, fate) in &fates {
                let times = numbers.iter().filter(|other| *other == number).count();
                // Numbers are drawn in order, so those far below the limit were acknowledged by then.
                let may_be_lost = *fate == Fate::Unknown || number + 2 * OWN >= first;
                assert!(
                    times == 1 || (times == 0 && may_be_lost),
                    "{number}: {fate:?}, {times} times"
                );
            }
            assert!(numbers.iter().all(|number| fates.contains_key(number)));
        }
    }
}
