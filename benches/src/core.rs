//! Our core, without any framework, and the floor beside it.

mod refused;

use std::hint::black_box;

use hmac::Hmac;
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use session_core::{Error, KeyRing, SecretKey, Session, Sessions, testing};
use sha2::Sha256;

use crate::Job;
use crate::floor::{Bare, Floor, Keyed};
use crate::payload::{self, KEY, SECRET, SIZES, USUAL};
use refused::refused;

const OPEN: &str = "core: open";
const READ: &str = "core: open, get";
const WRITE: &str = "core: open, update, close";
const UNCHANGED: &str = "core: open, get, close unchanged";
const FLASH: &str = "core: flash";
const FALLBACKS: &str = "core: fallbacks";
const OTHERS: &str = "core: other cookies";
const COMPRESSION: &str = "core: compression";

/// Returns the key that all jobs use.
#[must_use]
pub fn key() -> SecretKey {
    SecretKey::new(SECRET).unwrap()
}

/// Returns sessions in signed cookies, as in most tables.
#[must_use]
pub fn signed() -> Sessions {
    Sessions::new(key())
}

/// Returns sessions in encrypted cookies.
#[must_use]
pub fn encrypted() -> Sessions {
    Sessions::builder(key()).encrypted().build().unwrap()
}

/// Returns sessions in Flask's format.
#[must_use]
pub fn flask() -> Sessions {
    Sessions::flask(SECRET).unwrap()
}

fn formats() -> [(&'static str, Sessions); 3] {
    [
        ("ours, signed", signed()),
        ("ours, encrypted", encrypted()),
        ("ours, Flask mode", flask()),
    ]
}

/// Writes a payload into a session.
pub fn fill(session: &Session, size: usize) -> Result<(), Error> {
    payload::session(size)
        .iter()
        .try_for_each(|(key, value)| session.insert(key, value))
}

/// Returns a request with three cookies, the second of them with a session of this size.
#[must_use]
pub fn request(sessions: &Sessions, size: usize) -> HeaderMap {
    among_others(
        &testing::request(sessions, |session| fill(session, size)).unwrap(),
        2,
    )
}

/// Returns a request with the cookie among this many others.
fn among_others(ours: &HeaderMap, others: usize) -> HeaderMap {
    let other = |number| format!("cookie{number:02}={}", payload::noise(20));
    let mut pairs: Vec<String> = (0..others).map(other).collect();
    pairs.insert(
        others.div_ceil(2),
        ours[COOKIE].to_str().unwrap().to_owned(),
    );
    HeaderMap::from_iter([(COOKIE, pairs.join("; ").try_into().unwrap())])
}

/// Opens and reads a session.
fn read(
    group: &'static str,
    who: &str,
    column: usize,
    sessions: &Sessions,
    request: HeaderMap,
) -> Job {
    let sessions = sessions.clone();
    assert_eq!(
        sessions.open(&request).get::<i64>(KEY),
        Ok(Some(41)),
        "{group} {who} {column}"
    );
    Job::new(group, who, column, move || {
        sessions.open(black_box(&request)).get::<i64>(KEY).unwrap()
    })
}

/// Opens a session, changes it, and closes it. Returns whether that sends a cookie.
fn exchange<T>(
    group: &'static str,
    who: &str,
    column: usize,
    sessions: &Sessions,
    request: HeaderMap,
    sends: bool,
    handler: impl Fn(&Session) -> Result<T, Error> + 'static,
) -> Job {
    let sessions = sessions.clone();
    let mut response = HeaderMap::with_capacity(8);
    let mut run = move || {
        let session = sessions.open(black_box(&request));
        black_box(handler(&session).unwrap());
        response.clear();
        sessions.close(&session, &mut response).unwrap();
        black_box(&response).contains_key(SET_COOKIE)
    };
    assert_eq!(run(), sends, "{group} {who} {column}");
    Job::new(group, who, column, run)
}

fn increment(session: &Session) -> Result<i64, Error> {
    session.increment(KEY, 1)
}

fn floor<K: Keyed + 'static>(
    jobs: &mut Vec<Job>,
    who: &'static str,
    size: usize,
    request: &HeaderMap,
) {
    let (mut reader, mut writer) = (Floor::<K>::new(SECRET), Floor::<K>::new(SECRET));
    assert_eq!(
        (reader.read(request, KEY), writer.write(request, KEY)),
        (Some(41), Some(42))
    );
    let (one, other) = (request.clone(), request.clone());
    jobs.push(Job::new(READ, who, size, move || {
        reader.read(black_box(&one), KEY)
    }));
    jobs.push(Job::new(WRITE, who, size, move || {
        let written = writer.write(black_box(&other), KEY);
        black_box(&writer.out);
        written
    }));
}

fn sizes(jobs: &mut Vec<Job>) {
    for size in SIZES {
        for (who, sessions) in formats() {
            let request = request(&sessions, size);
            let opened = (sessions.clone(), request.clone());
            jobs.push(Job::new(OPEN, who, size, move || {
                opened.0.open(black_box(&opened.1))
            }));
            jobs.push(read(READ, who, size, &sessions, request.clone()));
            jobs.push(exchange(
                WRITE,
                who,
                size,
                &sessions,
                request.clone(),
                true,
                increment,
            ));
            let get = |session: &Session| session.get::<i64>(KEY);
            jobs.push(exchange(
                UNCHANGED, who, size, &sessions, request, false, get,
            ));
        }
        let request = request(&signed(), size);
        floor::<Hmac<Sha256>>(jobs, "floor", size, &request);
        floor::<Bare>(jobs, "floor, bare block function", size, &request);
    }
}

fn flash(jobs: &mut Vec<Job>) {
    for (who, sessions) in formats() {
        let flash = |session: &Session| session.flash("Your order is on its way", "info");
        let without = request(&sessions, USUAL);
        let with = testing::request(&sessions, |session| {
            fill(session, USUAL)?;
            flash(session)
        });
        let take = |session: &Session| {
            let taken = session.take_flashes()?;
            assert_eq!(taken.len(), 1);
            Ok(taken)
        };
        let with = among_others(&with.unwrap(), 2);
        jobs.push(exchange(
            FLASH,
            &format!("{who}: flash"),
            USUAL,
            &sessions,
            without,
            true,
            flash,
        ));
        jobs.push(exchange(
            FLASH,
            &format!("{who}: take_flashes"),
            USUAL,
            &sessions,
            with,
            true,
            take,
        ));
    }
}

fn fallbacks(jobs: &mut Vec<Job>) {
    for number in [0, 1, 3] {
        let other = |number| SecretKey::new(payload::noise(43 + number)).unwrap();
        let ring = (0..number).fold(KeyRing::new(key()), |ring, number| {
            ring.verify_only(other(number))
        });
        let sessions = Sessions::builder(ring).build().unwrap();
        jobs.push(read(
            FALLBACKS,
            "by the primary",
            number,
            &sessions,
            request(&sessions, USUAL),
        ));
        if let Some(last) = number.checked_sub(1) {
            let old = request(&Sessions::new(other(last)), USUAL);
            jobs.push(read(
                FALLBACKS,
                "by the last fallback",
                number,
                &sessions,
                old,
            ));
        }
    }
}

fn others(jobs: &mut Vec<Job>) {
    let sessions = signed();
    let ours = testing::request(&sessions, |session| fill(session, USUAL)).unwrap();
    for number in [1, 5, 50] {
        let request = among_others(&ours, number);
        jobs.push(read(
            OTHERS,
            "ours, signed",
            number,
            &sessions,
            request.clone(),
        ));
        let mut floor = Floor::<Hmac<Sha256>>::new(SECRET);
        jobs.push(Job::new(OTHERS, "floor", number, move || {
            floor.read(black_box(&request), KEY)
        }));
    }
}

/// Returns text that compresses as prose does. Flask always tries to; our format only compresses a
/// session that would not fit otherwise, here the largest.
fn compression(jobs: &mut Vec<Job>) {
    const PROSE: &str = "It is a truth universally acknowledged, that a single man in possession of a good fortune, \
                         must be in want of a wife. However little known the feelings or views of such a man may be. ";
    for (who, sessions) in formats()
        .into_iter()
        .filter(|(who, _)| !who.contains("encrypted"))
    {
        for size in [1_000, 2_900, 6_000] {
            let request = testing::request(&sessions, |session| {
                session.insert(KEY, 41)?;
                session.insert(
                    "text",
                    PROSE.repeat(size / PROSE.len() + 1)[..size - 23].to_owned(),
                )
            });
            let request = among_others(&request.unwrap(), 2);
            jobs.push(read(
                COMPRESSION,
                &format!("{who}: open, get"),
                size,
                &sessions,
                request.clone(),
            ));
            let who = format!("{who}: open, update, close");
            jobs.push(exchange(
                COMPRESSION,
                &who,
                size,
                &sessions,
                request,
                true,
                increment,
            ));
        }
    }
}

/// Returns all jobs of the core.
#[must_use]
pub fn jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    sizes(&mut jobs);
    flash(&mut jobs);
    fallbacks(&mut jobs);
    refused(&mut jobs);
    others(&mut jobs);
    compression(&mut jobs);
    jobs
}
