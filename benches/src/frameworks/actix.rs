//! actix-web with actix-session, whose values are in a signed cookie.

use std::hint::black_box;

use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::body::{MessageBody, to_bytes};
use actix_web::cookie::Key;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{App, Error};
use serde_json::{Map, Value};

use super::{Reply, UNTOUCHED, answer, finish, prepare};
use crate::Job;
use crate::payload::{self, KEY, SIZES};

type Fields = Data<Map<String, Value>>;

/// The row's name.
pub const SIGNED: &str = "actix-session, signed cookie";

/// Adds the routes without sessions.
pub fn bare(routes: &mut ServiceConfig) {
    routes
        .route("/untouched", get().to(async || UNTOUCHED))
        .route("/read", get().to(async || answer(black_box(41))))
        .route("/write", get().to(async || answer(black_box(41) + 1)))
        .route("/fill", get().to(async || ""));
}

/// Adds the routes inside [`middleware`].
pub fn with_session(size: usize) -> impl FnOnce(&mut ServiceConfig) {
    move |routes| {
        routes
            .app_data(Data::new(payload::session(size)))
            .route("/untouched", get().to(async || UNTOUCHED))
            .route("/read", get().to(read))
            .route("/write", get().to(write))
            .route("/fill", get().to(fill));
    }
}

#[must_use]
pub fn middleware(key: Key) -> SessionMiddleware<CookieSessionStore> {
    let builder = SessionMiddleware::builder(CookieSessionStore::default(), key);
    builder
        .cookie_content_security(CookieContentSecurity::Signed)
        .build()
}

async fn fill(session: Session, fields: Fields) -> Result<&'static str, Error> {
    for (key, value) in fields.iter() {
        session.insert(key, value)?;
    }
    Ok("")
}

async fn read(session: Session) -> Result<&'static str, Error> {
    Ok(answer(session.get(KEY)?.unwrap_or(0)))
}

async fn write(session: Session) -> Result<&'static str, Error> {
    let visits = session.get(KEY)?.unwrap_or(0) + 1;
    session.insert(KEY, visits)?;
    Ok(answer(visits))
}

fn request(path: &str, cookie: &str) -> actix_http::Request {
    TestRequest::with_uri(path)
        .insert_header((COOKIE, cookie))
        .to_request()
}

/// Returns a Cookie header that this application accepts.
pub fn cookie<S, B>(application: &S, size: usize) -> String
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    prepare(size, |path, cookie| {
        let response = finish(application.call(request(path, cookie))).unwrap();
        let set_cookies = response.headers().get_all(SET_COOKIE);
        Reply {
            status: response.status().as_u16(),
            set_cookies: set_cookies
                .map(|value| value.to_str().unwrap().to_owned())
                .collect(),
            body: finish(to_bytes(response.into_body()))
                .ok()
                .unwrap()
                .to_vec(),
        }
    })
}

fn job<S, B>(group: &'static str, path: &'static str, who: &str, size: usize, application: S) -> Job
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let cookie = cookie(&application, size);
    Job::new(group, who, size, move || {
        black_box(finish(application.call(request(path, &cookie)))).unwrap();
    })
}

#[must_use]
pub fn jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    for size in SIZES {
        for (group, path) in [("actix: read", "/read"), ("actix: write", "/write")] {
            let application = finish(init_service(App::new().configure(bare)));
            jobs.push(job(group, path, "bare", size, application));
            let application = App::new()
                .configure(with_session(size))
                .wrap(middleware(Key::generate()));
            jobs.push(job(
                group,
                path,
                "actix-session, signed cookie",
                size,
                finish(init_service(application)),
            ));
        }
    }
    jobs
}
