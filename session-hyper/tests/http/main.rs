//! The adapter around hyper's services, over sockets where they matter.

#![allow(clippy::unwrap_used, clippy::panic)]

mod ends;
mod errors;
mod hanging;
mod log;
mod misuse;
mod server;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hanging::Hanging;
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::Body;
use hyper::header::{CACHE_CONTROL, COOKIE, RETRY_AFTER, SET_COOKIE, VARY};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode};
use log::logged;
use server::Server;
use session_core::Builder;
use session_hyper::{
    Error, IntoResponse, MemoryStore, RequestSession, SecretKey, Session, SessionError,
    SessionLayer, Sessions,
};

const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

struct Admin;

type Answer = Result<Response<Full<Bytes>>, Error>;

fn builder() -> Builder {
    Sessions::builder(SecretKey::new(KEY).unwrap())
}

fn layer() -> SessionLayer {
    SessionLayer::new(builder().build().unwrap())
}

fn admin() -> SessionLayer<Admin> {
    let key = SecretKey::new(KEY.replace('u', "v")).unwrap();
    SessionLayer::new(Sessions::builder(key).cookie_name("admin").build().unwrap()).marked()
}

fn answer(body: impl Into<Bytes>) -> Answer {
    Ok(Response::new(Full::new(body.into())))
}

async fn visit<B>(request: Request<B>) -> Answer {
    answer(request.session().await?.increment("visits", 1)?.to_string())
}

async fn show(request: Request<Empty<Bytes>>) -> Answer {
    answer(request.session().await?.to_json())
}

fn request(path: &str, cookie: Option<&str>) -> Request<Empty<Bytes>> {
    let mut request = Request::builder().uri(path);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    request.body(Empty::new()).unwrap()
}

async fn send<S, R>(service: &S, cookie: Option<&str>) -> Response<R>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<R>, Error = Infallible>,
{
    service.call(request("/", cookie)).await.unwrap()
}

async fn text<R: Body<Error = Infallible>>(response: Response<R>) -> String {
    let body = response
        .into_body()
        .collect()
        .await
        .unwrap_or_else(|never| match never {});
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

fn cookies<R>(response: &Response<R>) -> Vec<String> {
    let mut pairs = Vec::new();
    for value in response.headers().get_all(SET_COOKIE) {
        let pair = value.to_str().unwrap().split(';').next().unwrap();
        pairs.push(pair.to_owned());
    }
    pairs
}

#[tokio::test]
async fn a_session_goes_round() {
    let service = layer().wrap(service_fn(visit));
    let mut cookie = None;
    for expected in ["1", "2", "3"] {
        let response = send(&service, cookie.as_deref()).await;
        assert_eq!(response.headers()[VARY], "Cookie");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        cookie = cookies(&response).pop();
        assert!(cookie.as_deref().unwrap().starts_with("__Host-session="));
        assert_eq!(text(response).await, expected);
    }
}

#[tokio::test]
async fn a_session_goes_round_over_both_protocols() {
    let server = Server::start(layer().wrap(service_fn(visit))).await;
    let first = server.get("/", "").await;
    assert_eq!((first.status, &*first.body), (200, "1"));
    let second = server.get_2(request("/", first.cookie.as_deref())).await;
    let cookie = cookies(&second).pop().unwrap();
    assert_eq!(text(second).await, "2");
    assert_eq!(server.get("/", &cookie).await.body, "3");
}

#[tokio::test]
async fn who_does_not_ask_pays_nothing() {
    let service = layer().wrap(service_fn(async |_: Request<Empty<Bytes>>| {
        answer("nothing")
    }));
    let response = send(&service, Some("__Host-session=whatever")).await;
    assert!(response.headers().is_empty());
}

#[tokio::test]
async fn parts_of_a_request_have_its_session() {
    let service = layer().wrap(service_fn(async |request: Request<Empty<Bytes>>| {
        let (parts, _body) = request.into_parts();
        parts.session().await?.insert("a", 1)?;
        let degraded = parts.session_best_effort().await?.is_unavailable();
        answer(format!("{degraded} {}", parts.session().await?.to_json()))
    }));
    assert_eq!(text(send(&service, None).await).await, r#"false {"a":1}"#);
}

/// A body that is not `Sync` does not make the handler's future stay on its thread.
#[tokio::test]
async fn asking_holds_nothing_of_the_request() {
    async fn ask(request: Request<UnsyncBoxBody<Bytes, Infallible>>) -> Result<String, Error> {
        Ok(request.session().await?.to_json())
    }
    let asked = tokio::spawn(ask(Request::new(Empty::new().boxed_unsync())));
    assert!(matches!(
        asked.await.unwrap(),
        Err(Error(SessionError::MissingLayer(_)))
    ));
}

#[tokio::test]
async fn several_sessions_at_once() {
    async fn both(request: Request<Empty<Bytes>>) -> Answer {
        let (site, admin) = (
            request.session().await?,
            request.session_of::<Admin>().await?,
        );
        answer(format!(
            "{} {}",
            site.increment("n", 1)?,
            admin.increment("n", 10)?
        ))
    }
    let service = layer().wrap(admin().wrap(service_fn(both)));
    let response = send(&service, None).await;
    let pairs = cookies(&response);
    assert_eq!(response.headers().get_all(VARY).iter().count(), 1);
    assert!(
        pairs[0].starts_with("__Host-admin=") && pairs[1].starts_with("__Host-session="),
        "{pairs:?}"
    );
    assert_eq!(text(response).await, "1 10");
    let response = send(&service, Some(&pairs.join("; "))).await;
    assert_eq!(text(response).await, "2 20");
    // One value under the other's name is a stranger's.
    let swapped = format!("__Host-session={}", pairs[0].split_once('=').unwrap().1);
    assert_eq!(text(send(&service, Some(&swapped)).await).await, "1 10");
}

#[tokio::test]
async fn a_stored_session_goes_round() {
    let store = Arc::new(MemoryStore::new());
    let service =
        SessionLayer::stored(builder().build_stored().unwrap(), store).wrap(service_fn(visit));
    let response = send(&service, None).await;
    let cookie = cookies(&response).pop().unwrap();
    assert_eq!(text(response).await, "1");
    for expected in ["2", "3"] {
        let response = send(&service, Some(&cookie)).await;
        assert!(cookies(&response).is_empty(), "the id stays");
        assert_eq!(text(response).await, expected);
    }
}

/// Waits for an event that comes soon, or fails after a generous limit.
async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
