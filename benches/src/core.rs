//! Our core.

use std::hint::black_box;

use http::HeaderMap;
use session_core::{SecretKey, Session, Sessions, testing};

use crate::Job;
use crate::payload::{self, KEY, SECRET, SIZES};

/// Our cookies, as most tables have them.
#[must_use]
pub fn signed() -> Sessions {
    Sessions::new(SecretKey::new(SECRET).unwrap())
}

/// A request with three cookies, the second of them with a session of this size.
#[must_use]
pub fn request(sessions: &Sessions, size: usize) -> HeaderMap {
    let fill = |session: &Session| {
        payload::session(size).iter().try_for_each(|(key, value)| session.insert(key, value))
    };
    let ours = testing::request(sessions, fill).unwrap();
    let mut cookie = b"_ga=GA1.1.1206412375.1700000000; ".to_vec();
    cookie.extend_from_slice(ours["cookie"].as_bytes());
    cookie.extend_from_slice(b"; theme=dark");
    HeaderMap::from_iter([(http::header::COOKIE, cookie.try_into().unwrap())])
}

/// Everything that the core is asked.
#[must_use]
pub fn jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    for size in SIZES {
        let sessions = signed();
        let request = request(&sessions, size);
        jobs.push(Job::new("core: open, get", "ours", size, move || {
            black_box(sessions.open(black_box(&request)).get::<i64>(KEY).unwrap());
        }));
    }
    jobs
}
