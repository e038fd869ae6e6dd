//! hyper: our wrapper around a service.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Bytes;
use hyper::service::{Service, service_fn};
use session_hyper::{Error, RequestSession, Session, SessionLayer};

use super::{Reply, Template, UNTOUCHED, answer, finish, prepare, set_cookies};
use crate::payload::{self, KEY, SIZES, USUAL};
use crate::{Job, core};

pub type Body = Full<Bytes>;

/// Without sessions. It does not read the request's body.
pub fn bare<B: hyper::body::Body + Send + 'static>()
-> impl Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send
{
    service_fn(|request: Request<B>| async move {
        Ok(match request.uri().path() {
            "/untouched" => text(UNTOUCHED),
            "/read" => text(answer(black_box(41))),
            "/write" => text(answer(black_box(41) + 1)),
            "/fill" => text(""),
            _ => not_found(),
        })
    })
}

/// With our sessions.
pub fn ours<B: hyper::body::Body + Send + Sync + 'static>(
    size: usize,
) -> impl Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send
{
    let fields = Arc::new(payload::session(size));
    let service = service_fn(move |request: Request<B>| {
        let fields = fields.clone();
        async move {
            Ok::<_, Error>(match request.uri().path() {
                "/untouched" => text(UNTOUCHED),
                "/read" => text(read(&request.session().await?)?),
                "/write" => text(write(&request.session().await?)?),
                "/fill" => {
                    let session = request.session().await?;
                    fields
                        .iter()
                        .try_for_each(|(key, value)| session.insert(key, value))?;
                    text("")
                }
                _ => not_found(),
            })
        }
    });
    SessionLayer::new(core::signed()).wrap(service)
}

fn text(text: &'static str) -> Response<Body> {
    Response::new(Full::from(text))
}

fn not_found() -> Response<Body> {
    let mut response = text("");
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn read(session: &Session) -> Result<&'static str, session_core::Error> {
    Ok(answer(session.get(KEY)?.unwrap_or(0)))
}

fn write(session: &Session) -> Result<&'static str, session_core::Error> {
    let visits = session.get(KEY)?.unwrap_or(0) + 1;
    session.insert(KEY, visits)?;
    Ok(answer(visits))
}

/// Returns a Cookie header that this service accepts.
pub fn cookie<S>(service: &S, size: usize) -> String
where
    S: Service<Request<Empty<Bytes>>, Response = Response<Body>, Error = Infallible>,
{
    prepare(size, |path, cookie| {
        let response =
            finish(service.call(Template::new(path, cookie).request(Empty::new()))).unwrap();
        let (parts, body) = response.into_parts();
        Reply {
            status: parts.status.as_u16(),
            set_cookies: set_cookies(&parts.headers),
            body: finish(body.collect()).unwrap().to_bytes().to_vec(),
        }
    })
}

fn job<S>(group: &'static str, path: &str, who: &str, service: S, size: usize) -> Job
where
    S: Service<Request<Empty<Bytes>>, Response = Response<Body>, Error = Infallible> + 'static,
{
    let template = Template::new(path, &cookie(&service, size));
    Job::new(group, who, size, move || {
        black_box(finish(service.call(template.request(Empty::new())))).unwrap();
    })
}

#[must_use]
pub fn jobs() -> Vec<Job> {
    let mut jobs = vec![
        job("hyper: untouched", "/untouched", "bare", bare(), USUAL),
        job("hyper: untouched", "/untouched", "ours", ours(USUAL), USUAL),
    ];
    for size in SIZES {
        for (group, path) in [("hyper: read", "/read"), ("hyper: write", "/write")] {
            jobs.push(job(group, path, "bare", bare(), size));
            jobs.push(job(group, path, "ours", ours(size), size));
        }
    }
    jobs
}
