//! Cookies that are refused.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::COOKIE;
use session_core::{SecretKey, Sessions};

use super::{flask, key, request, signed};
use crate::Job;
use crate::payload::{self, KEY, USUAL};

const REFUSED: &str = "core: refused";

pub(super) fn refused(jobs: &mut Vec<Job>) {
    let now = SystemTime::now();
    let long_ago = now - Duration::from_secs(40 * 24 * 60 * 60);
    let good = request(&signed(), USUAL);
    let expired = request(
        &Sessions::builder(key())
            .clock(move || long_ago)
            .build()
            .unwrap(),
        USUAL,
    );
    let forged = request(
        &Sessions::new(SecretKey::new(payload::noise(43)).unwrap()),
        USUAL,
    );
    let renamed = |cookies: &HeaderMap| {
        let cookies = cookies[COOKIE]
            .to_str()
            .unwrap()
            .replace("; session=", "; __Host-session=");
        HeaderMap::from_iter([(COOKIE, cookies.try_into().unwrap())])
    };
    let cut = good[COOKIE]
        .to_str()
        .unwrap()
        .split("; cookie01")
        .next()
        .unwrap();
    let cut = HeaderMap::from_iter([(COOKIE, cut[..cut.len() - 1].try_into().unwrap())]);
    for (who, request, accepted) in [
        ("good", good, true),
        ("forged", forged, false),
        ("expired", expired, false),
        (
            "Flask's, foreign",
            renamed(&request(&flask(), USUAL)),
            false,
        ),
        ("cut", cut, false),
        ("none", HeaderMap::new(), false),
    ] {
        let sessions = signed();
        assert_eq!(sessions.open(&request).is_empty(), !accepted, "{who}");
        jobs.push(Job::new(REFUSED, who, USUAL, move || {
            sessions.open(black_box(&request)).get::<i64>(KEY).unwrap()
        }));
    }
}
