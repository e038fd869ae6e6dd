//! Rocket: our fairing.

use std::hint::black_box;

use http::HeaderMap;
use http::header::SET_COOKIE;
use rocket::config::{Config, LogLevel};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Header;
use rocket::local::asynchronous::Client;
use rocket::{Build, Data, Request, Response, Rocket, State, get, routes};
use serde_json::{Map, Value};
use session_core::testing;
use session_rocket::{Error, Session, SessionFairing};

use super::{Reply, UNTOUCHED, answer, prepare, runtime};
use crate::payload::{self, KEY, SIZES, USUAL};
use crate::{Job, core};

type Fields = Map<String, Value>;

/// Makes an application, whose `/fill` writes values of this size into the session.
pub type Make = fn(usize) -> Rocket<Build>;

/// All applications, by the name of the row.
pub const APPLICATIONS: [(&str, Make); 3] = [
    ("bare", |_| {
        rocket().mount("/", routes![untouched, bare_read, bare_write, bare_fill])
    }),
    ("an empty fairing", |_| {
        rocket()
            .attach(EmptyFairing)
            .mount("/", routes![untouched, bare_read, bare_write, bare_fill])
    }),
    ("ours", |size| {
        let routes = routes![untouched, read, write, fill];
        let fairing = SessionFairing::new(core::signed());
        rocket()
            .attach(fairing)
            .manage(payload::session(size))
            .mount("/", routes)
    }),
];

/// One worker, any free port, and no output.
fn rocket() -> Rocket<Build> {
    rocket::custom(Config {
        workers: 1,
        port: 0,
        log_level: LogLevel::Off,
        ..Config::release_default()
    })
}

#[get("/untouched")]
fn untouched() -> &'static str {
    UNTOUCHED
}

#[get("/read")]
fn bare_read() -> &'static str {
    answer(black_box(41))
}

#[get("/write")]
fn bare_write() -> &'static str {
    answer(black_box(41) + 1)
}

#[get("/fill")]
fn bare_fill() {}

#[get("/read")]
fn read(session: Session) -> Result<&'static str, Error> {
    Ok(answer(session.get(KEY)?.unwrap_or(0)))
}

#[get("/write")]
fn write(session: Session) -> Result<&'static str, Error> {
    let visits = session.get(KEY)?.unwrap_or(0) + 1;
    session.insert(KEY, visits)?;
    Ok(answer(visits))
}

#[get("/fill")]
fn fill(session: Session, fields: &State<Fields>) -> Result<(), Error> {
    Ok(fields
        .iter()
        .try_for_each(|(key, value)| session.insert(key, value))?)
}

/// A fairing that does nothing: the cost of any fairing that sees requests and responses.
struct EmptyFairing;

#[rocket::async_trait]
impl Fairing for EmptyFairing {
    fn info(&self) -> Info {
        Info {
            name: "Empty",
            kind: Kind::Request | Kind::Response,
        }
    }

    async fn on_request(&self, _: &mut Request<'_>, _: &mut Data<'_>) {}

    async fn on_response<'r>(&self, _: &'r Request<'_>, _: &mut Response<'r>) {}
}

/// A response with any cookie: Rocket's client parses it, which is no cost of the session.
struct FixedCookie(String);

impl FixedCookie {
    fn attached(size: usize) -> Rocket<Build> {
        let set = |session: &session_core::Session| {
            payload::session(size)
                .iter()
                .try_for_each(|(key, value)| session.insert(key, value))
        };
        let sent = testing::respond(&core::signed(), &HeaderMap::new(), set).unwrap();
        let cookie = sent[SET_COOKIE].to_str().unwrap().to_owned();
        rocket()
            .attach(Self(cookie))
            .mount("/", routes![untouched, bare_read, bare_write, bare_fill])
    }
}

#[rocket::async_trait]
impl Fairing for FixedCookie {
    fn info(&self) -> Info {
        Info {
            name: "Fixed cookie",
            kind: Kind::Request | Kind::Response,
        }
    }

    async fn on_request(&self, _: &mut Request<'_>, _: &mut Data<'_>) {}

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if request.uri().path() == "/write" {
            response.adjoin_raw_header("set-cookie", self.0.clone());
        }
    }
}

/// Returns an application under Rocket's client, and its Cookie header. The client stores no
/// cookies.
#[must_use]
pub fn ready(make: Make, size: usize) -> (Client, String) {
    let client = runtime().block_on(Client::untracked(make(size))).unwrap();
    let cookie = prepare(size, |path, cookie| {
        runtime().block_on(async {
            let request = client
                .get(path)
                .header(Header::new("cookie", cookie.to_owned()));
            let response = request.dispatch().await;
            Reply {
                status: response.status().code,
                set_cookies: response
                    .headers()
                    .get("set-cookie")
                    .map(str::to_owned)
                    .collect(),
                body: response.into_bytes().await.unwrap_or_default(),
            }
        })
    });
    (client, cookie)
}

fn job(group: &'static str, path: &'static str, who: &str, make: Make, size: usize) -> Job {
    let (client, cookie) = ready(make, size);
    Job::new(group, who, size, move || {
        let request = client
            .get(path)
            .header(Header::new("cookie", cookie.clone()));
        black_box(runtime().block_on(request.dispatch()).status());
    })
}

#[must_use]
pub fn jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    for (who, make) in APPLICATIONS {
        jobs.push(job("rocket: untouched", "/untouched", who, make, USUAL));
    }
    for size in SIZES {
        jobs.extend(APPLICATIONS.map(|(who, make)| job("rocket: read", "/read", who, make, size)));
        jobs.extend(
            APPLICATIONS.map(|(who, make)| job("rocket: write", "/write", who, make, size)),
        );
        jobs.push(job(
            "rocket: write",
            "/write",
            "a fixed Set-Cookie",
            FixedCookie::attached,
            size,
        ));
    }
    jobs
}
