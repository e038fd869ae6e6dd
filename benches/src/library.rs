//! Libraries without any framework: from a request's headers to the value, and to the response's
//! Set-Cookie.

use std::hint::black_box;
use std::time::Duration;

use cookie::{Cookie, CookieJar, Key, SameSite};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use itsdangerous::{IntoTimestampSigner, TimedSerializer, URLSafeEncoding};
use serde_json::{Map, Value};
use session_core::Sessions;

use crate::payload::{self, KEY, SECRET, SIZES};
use crate::{Job, core};

type Fields = Map<String, Value>;

const NAME: &str = "session";

/// A library that makes a session from a cookie, and a cookie from a session.
trait Library {
    fn read(&self, request: &HeaderMap) -> i64;
    /// Adds one to the value, and the cookie to the response.
    fn write(&self, request: &HeaderMap, response: &mut HeaderMap) -> i64;
    /// Returns a Cookie header with three cookies.
    fn request(&self, size: usize) -> HeaderMap;
}

struct Ours(Sessions);

impl Library for Ours {
    fn read(&self, request: &HeaderMap) -> i64 {
        self.0.open(request).get(KEY).unwrap().unwrap()
    }

    fn write(&self, request: &HeaderMap, response: &mut HeaderMap) -> i64 {
        let session = self.0.open(request);
        let visits = session.get::<i64>(KEY).unwrap().unwrap() + 1;
        session.insert(KEY, visits).unwrap();
        self.0.close(&session, response).unwrap();
        visits
    }

    fn request(&self, size: usize) -> HeaderMap {
        core::request(&self.0, size)
    }
}

/// The package `cookie`: values as JSON, percent-encoded since JSON contains characters that
/// cookies must not have.
struct Jar(Key);

impl Jar {
    fn open(&self, request: &HeaderMap) -> (CookieJar, Fields) {
        let mut jar = CookieJar::new();
        for header in request.get_all(COOKIE) {
            for cookie in Cookie::split_parse_encoded(header.to_str().unwrap().to_owned()) {
                jar.add_original(cookie.unwrap());
            }
        }
        let cookie = jar.signed(&self.0).get(NAME).unwrap();
        let fields = serde_json::from_str(cookie.value()).unwrap();
        (jar, fields)
    }

    fn save(&self, mut jar: CookieJar, fields: &Fields, response: &mut HeaderMap) {
        jar.signed_mut(&self.0)
            .add(cookie(serde_json::to_string(fields).unwrap()));
        for cookie in jar.delta() {
            let value = HeaderValue::try_from(cookie.encoded().to_string()).unwrap();
            response.append(SET_COOKIE, value);
        }
    }
}

impl Library for Jar {
    fn read(&self, request: &HeaderMap) -> i64 {
        self.open(request).1[KEY].as_i64().unwrap()
    }

    fn write(&self, request: &HeaderMap, response: &mut HeaderMap) -> i64 {
        let (jar, mut fields) = self.open(request);
        let visits = increment(&mut fields);
        self.save(jar, &fields, response);
        visits
    }

    fn request(&self, size: usize) -> HeaderMap {
        let mut response = HeaderMap::new();
        self.save(CookieJar::new(), &payload::session(size), &mut response);
        beside(&response)
    }
}

/// The package `itsdangerous`: signed with a timestamp, as Flask's cookies are.
struct Dangerous<S>(S);

impl<S: TimedSerializer> Dangerous<S> {
    fn open(&self, request: &HeaderMap) -> Fields {
        let mut cookies = Cookie::split_parse(request[COOKIE].to_str().unwrap());
        let cookie = cookies
            .find(|cookie| cookie.as_ref().unwrap().name() == NAME)
            .unwrap()
            .unwrap();
        let unsigned = self.0.unsign::<Fields>(cookie.value()).unwrap();
        unsigned
            .value_if_not_expired(Duration::from_secs(31 * 24 * 60 * 60))
            .unwrap()
    }

    fn save(&self, fields: &Fields, response: &mut HeaderMap) {
        let cookie = cookie(self.0.sign(fields).unwrap()).to_string();
        response.append(SET_COOKIE, HeaderValue::try_from(cookie).unwrap());
    }
}

impl<S: TimedSerializer> Library for Dangerous<S> {
    fn read(&self, request: &HeaderMap) -> i64 {
        self.open(request)[KEY].as_i64().unwrap()
    }

    fn write(&self, request: &HeaderMap, response: &mut HeaderMap) -> i64 {
        let mut fields = self.open(request);
        let visits = increment(&mut fields);
        self.save(&fields, response);
        visits
    }

    fn request(&self, size: usize) -> HeaderMap {
        let mut response = HeaderMap::new();
        self.save(&payload::session(size), &mut response);
        beside(&response)
    }
}

fn increment(fields: &mut Fields) -> i64 {
    let visits = fields[KEY].as_i64().unwrap() + 1;
    fields.insert(KEY.to_owned(), visits.into());
    visits
}

fn cookie(value: String) -> Cookie<'static> {
    Cookie::build((NAME, value))
        .path("/")
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Lax)
        .build()
}

/// Returns a request with the cookie of a response, between two others.
fn beside(response: &HeaderMap) -> HeaderMap {
    let pair = response[SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let cookie = format!("_ga=GA1.1.1206412375.1700000000; {pair}; theme=dark");
    HeaderMap::from_iter([(COOKIE, cookie.try_into().unwrap())])
}

fn add(jobs: &mut Vec<Job>, who: &str, size: usize, make: impl Fn() -> Box<dyn Library>) {
    let library = make();
    let request = library.request(size);
    assert_eq!(library.read(&request), 41);
    jobs.push(Job::new("library: read", who, size, move || {
        black_box(library.read(black_box(&request)));
    }));
    let library = make();
    let request = library.request(size);
    let mut response = HeaderMap::new();
    assert_eq!(library.write(&request, &mut response), 42);
    assert_eq!(library.read(&beside(&response)), 42);
    jobs.push(Job::new("library: write", who, size, move || {
        let mut response = HeaderMap::new();
        library.write(black_box(&request), &mut response);
        black_box(response);
    }));
}

#[must_use]
pub fn jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    for size in SIZES {
        add(&mut jobs, "ours", size, || Box::new(Ours(core::signed())));
        add(&mut jobs, "ours, Flask mode", size, || {
            Box::new(Ours(Sessions::flask_builder(SECRET).build().unwrap()))
        });
        add(&mut jobs, "cookie SignedJar + serde_json", size, || {
            Box::new(Jar(Key::generate()))
        });
        add(&mut jobs, "itsdangerous + serde_json", size, || {
            let signer = itsdangerous::default_builder(SECRET)
                .with_salt("cookie-session")
                .build();
            let signer = signer.into_timestamp_signer();
            Box::new(Dangerous(itsdangerous::timed_serializer_with_signer(
                signer,
                URLSafeEncoding,
            )))
        });
    }
    jobs
}
