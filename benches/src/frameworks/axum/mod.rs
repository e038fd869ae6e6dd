//! axum: our layer, and other crates for this purpose.

mod axum_session;
mod by_hand;
mod empty;
mod jars;
mod ours;
mod tower_sessions;

use std::hint::black_box;

use axum::body::Body;
use axum::handler::Handler;
use axum::{Router, routing::get};
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use tower::Service;

use super::{Reply, Template, UNTOUCHED, answer, finish, prepare, set_cookies};
use crate::Job;
use crate::payload::{self, SIZES, USUAL};

/// Makes an application, whose `/fill` writes these values into the session. Runs inside tokio's
/// context.
pub type Make = fn(Map<String, Value>) -> Router;

/// All applications, by the name of the row.
pub const APPLICATIONS: [(&str, Make); 13] = [
    ("bare", bare),
    ("empty Tower layer", |fields| {
        bare(fields).layer(empty::EmptyLayer)
    }),
    ("floor, by hand", by_hand::floor),
    ("ours, by hand", by_hand::ours),
    ("ours", ours::signed),
    ("ours, encrypted", ours::encrypted),
    ("ours, memory", ours::memory),
    ("tower-sessions, memory", tower_sessions::plain),
    ("tower-sessions, memory, signed id", tower_sessions::signed),
    ("axum-extra SignedCookieJar", jars::signed::router),
    ("axum-extra PrivateCookieJar", jars::private::router),
    ("axum_session, memory", axum_session::plain),
    ("axum_session, memory, with key", axum_session::with_key),
];

fn routes<S, R, W, F, A, B, C>(read: R, write: W, fill: F) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    R: Handler<A, S>,
    W: Handler<B, S>,
    F: Handler<C, S>,
    A: 'static,
    B: 'static,
    C: 'static,
{
    Router::new()
        .route("/untouched", get(|| async { UNTOUCHED }))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/fill", get(fill))
}

fn bare(_: Map<String, Value>) -> Router {
    let read = || async { answer(black_box(41)) };
    let write = || async { answer(black_box(41) + 1) };
    routes(read, write, || async {})
}

/// Returns an application and its Cookie header.
pub fn ready(make: Make, size: usize) -> (Router, String) {
    // As in a server, values that depend on the state are made once, not for every request.
    let router = make(payload::session(size)).with_state(());
    let mut asked = router.clone();
    let cookie = prepare(size, |path, cookie| {
        ask(
            &mut asked,
            Template::new(path, cookie).request(Body::empty()),
        )
    });
    (router, cookie)
}

fn ask(router: &mut Router, request: Request<Body>) -> Reply {
    let (parts, body) = finish(router.call(request)).unwrap().into_parts();
    Reply {
        status: parts.status.as_u16(),
        set_cookies: set_cookies(&parts.headers),
        body: finish(body.collect()).unwrap().to_bytes().to_vec(),
    }
}

fn job(group: &'static str, path: &str, who: &str, make: Make, size: usize) -> Job {
    let (mut router, cookie) = ready(make, size);
    let template = Template::new(path, &cookie);
    Job::new(group, who, size, move || {
        black_box(finish(router.call(template.request(Body::empty())))).unwrap();
    })
}

#[must_use]
pub fn jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    for (who, make) in APPLICATIONS {
        jobs.push(job("axum: untouched", "/untouched", who, make, USUAL));
    }
    for size in SIZES {
        jobs.extend(APPLICATIONS.map(|(who, make)| job("axum: read", "/read", who, make, size)));
        jobs.extend(APPLICATIONS.map(|(who, make)| job("axum: write", "/write", who, make, size)));
    }
    jobs
}
