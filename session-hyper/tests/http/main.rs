//! The adapter around hyper's services, and over sockets where they matter.

#![allow(clippy::unwrap_used, clippy::panic)]

mod hanging;
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
use server::Server;
use session_core::Builder;
use session_hyper::{
    Error, IntoResponse, MemoryStore, RequestSession, SecretKey, Session, SessionLayer, Sessions,
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
    let values = response.headers().get_all(SET_COOKIE).iter();
    values
        .map(|value| {
            value
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
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
    assert!(matches!(asked.await.unwrap(), Err(Error::MissingLayer(_))));
}

#[tokio::test]
async fn a_missing_layer_names_the_line_to_add() {
    async fn admin_only(request: Request<Empty<Bytes>>) -> Answer {
        answer(
            request
                .session_of::<Admin>()
                .await?
                .increment("n", 1)?
                .to_string(),
        )
    }
    // With no layer at all hyper has nobody who makes a response of an error.
    let error = service_fn(visit)
        .call(request("/", None))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("wrap its service, `SessionLayer::new(sessions).wrap(service)`")
    );
    let server = Server::start(service_fn(visit)).await;
    assert_eq!(server.send("/", "").await, "");
    let reported = until(|| server.failures().pop()).await;
    assert!(
        reported.contains("`SessionLayer::new(sessions).wrap(service)`"),
        "{reported}"
    );

    let service = layer().wrap(service_fn(admin_only));
    let error = service_fn(admin_only)
        .call(request("/", None))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`SessionLayer::new(sessions).marked::<Admin>().wrap(service)`")
    );
    let response = send(&service, None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(response).await, "", "nothing about it for clients");
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
async fn an_error_of_the_handler_is_a_response_and_the_session_is_saved() {
    #[derive(Debug, thiserror::Error)]
    enum Problem {
        #[error(transparent)]
        Session(#[from] session_core::Error),
        #[error(transparent)]
        Asking(#[from] Error),
        #[error("there is no such page")]
        NotFound,
    }

    impl IntoResponse<Full<Bytes>> for Problem {
        fn into_response(self) -> Response<Full<Bytes>> {
            match self {
                Self::Session(error) => Error::from(error).into_response(),
                Self::Asking(error) => error.into_response(),
                Self::NotFound => {
                    let mut response = Response::new(Full::from(self.to_string()));
                    *response.status_mut() = StatusCode::NOT_FOUND;
                    response
                }
            }
        }
    }

    async fn lost<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Problem> {
        let session = request.session().await?;
        session.increment("lost", 1)?;
        match request.uri().path() {
            "/type" => drop(session.get::<bool>("lost")?),
            _ => return Err(Problem::NotFound),
        }
        Ok(Response::default())
    }

    let server = Server::start(layer().wrap(service_fn(lost))).await;
    let answer = server.get("/", "").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (404, "there is no such page")
    );
    let cookie = answer.cookie.unwrap();
    let again = server.get("/type", &cookie).await;
    assert_eq!((again.status, &*again.body), (500, ""));
    let response = send(&layer().wrap(service_fn(show)), again.cookie.as_deref()).await;
    assert_eq!(text(response).await, r#"{"lost":2}"#);
    assert!(server.failures().is_empty());
}

#[tokio::test]
async fn an_error_of_the_session_is_a_generic_500() {
    let service = layer().wrap(service_fn(async |request: Request<Empty<Bytes>>| {
        let session = request.session().await?;
        session.insert("hunter2", "text")?;
        answer(
            session
                .get::<i64>("hunter2")?
                .unwrap_or_default()
                .to_string(),
        )
    }));
    let response = send(&service, None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let error = response.extensions().get::<session_core::Error>().unwrap();
    assert!(matches!(error, session_core::Error::WrongType { .. }));
    // What was changed before is saved, as on every response that is sent.
    assert_eq!(cookies(&response).len(), 1);
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn whatever_the_status_the_session_is_saved() {
    for status in [
        StatusCode::NOT_FOUND,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SEE_OTHER,
    ] {
        let service = layer().wrap(service_fn(
            move |request: Request<Empty<Bytes>>| async move {
                request.session().await?.insert("seen", true)?;
                let mut response = Response::<Full<Bytes>>::default();
                *response.status_mut() = status;
                Ok::<_, Error>(response)
            },
        ));
        let response = send(&service, None).await;
        assert_eq!((response.status(), cookies(&response).len()), (status, 1));
    }
}

#[tokio::test]
async fn a_session_that_does_not_fit_replaces_the_response() {
    let service = layer().wrap(service_fn(async |request: Request<Empty<Bytes>>| {
        let noise: Vec<u64> = (0..1000_u64)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        request.session().await?.insert("noise", noise)?;
        answer("never seen")
    }));
    let response = send(&service, None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert!(cookies(&response).is_empty());
    let error = response.extensions().get::<session_core::Error>().unwrap();
    assert!(
        matches!(error, session_core::Error::TooLarge { limit: 4096, .. }),
        "{error}"
    );
    assert_eq!(text(response).await, "", "nothing about it for clients");
}

#[tokio::test]
async fn a_body_that_streams_writes_too_late() {
    let outcome = Arc::new(Mutex::new(None));
    let kept = outcome.clone();
    let service = layer().wrap(service_fn(
        move |request: Request<hyper::body::Incoming>| {
            let outcome = kept.clone();
            async move {
                let session = request.session().await?;
                session.insert("early", 1)?;
                let body = Full::new(Bytes::from("streamed")).map_frame(move |frame| {
                    *outcome.lock().unwrap() = Some(session.insert("late", 2));
                    frame
                });
                Ok::<_, Error>(Response::new(body.boxed_unsync()))
            }
        },
    ));
    let answer = Server::start(service).await.get("/", "").await;
    assert_eq!(answer.body, "streamed");
    assert_eq!(
        *outcome.lock().unwrap(),
        Some(Err(session_core::Error::TooLate))
    );
    let response = send(&layer().wrap(service_fn(show)), answer.cookie.as_deref()).await;
    assert_eq!(text(response).await, r#"{"early":1}"#);
}

/// The session is opened while the body streams, in the place of the handler. A handle from before is readable.
#[tokio::test]
async fn a_session_that_is_opened_by_the_body_is_too_late() {
    type Streamed = Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Error>;

    fn streamed(text: impl Future<Output = String> + Send + 'static) -> Streamed {
        let frames =
            futures_util::stream::once(async { Ok(hyper::body::Frame::data(text.await.into())) });
        Ok(Response::new(
            http_body_util::StreamBody::new(frames).boxed_unsync(),
        ))
    }
    async fn route(request: Request<hyper::body::Incoming>) -> Streamed {
        match request.uri().path() {
            "/opens" => {
                // Futures that hold the opener: asked for before the response, polled after.
                let (session, degradable) = (request.session(), request.session_best_effort());
                streamed(async move {
                    for error in [session.await.unwrap_err(), degradable.await.unwrap_err()] {
                        assert!(matches!(
                            error,
                            Error::Session(session_core::Error::TooLate)
                        ));
                    }
                    "nothing".to_owned()
                })
            }
            "/keeps" => {
                let session = request.session().await?;
                streamed(async move { session.to_json() })
            }
            _ => {
                let session = request.session().await?;
                let visits = session.increment("visits", 1)?;
                streamed(std::future::ready(visits.to_string()))
            }
        }
    }
    let stored = SessionLayer::stored(
        builder().build_stored().unwrap(),
        Arc::new(MemoryStore::new()),
    );
    for layer in [layer(), stored] {
        let server = Server::start(layer.wrap(service_fn(route))).await;
        let cookie = server.get("/", "").await.cookie.unwrap();
        let answer = server.send("/opens", &cookie).await;
        assert!(
            answer.contains("nothing") && !answer.contains("visits"),
            "{answer}"
        );
        assert!(
            !answer.contains("vary: ") && !answer.contains("cache-control: "),
            "{answer}"
        );
        let answer = server.send("/keeps", &cookie).await;
        assert!(
            answer.contains(r#"{"visits":1}"#) && answer.contains("vary: Cookie"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_freezes_its_session() {
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let service = layer().wrap(service_fn(
        move |request: Request<hyper::body::Incoming>| {
            let keep = keep.clone();
            async move {
                *keep.lock().unwrap() = Some(request.session().await?);
                std::future::pending::<Answer>().await
            }
        },
    ));
    let server = Server::start(service).await;
    let client = server.ask("/", "").await;
    let session: Session = until(|| kept.lock().unwrap().clone()).await;
    session.insert("a", 1).unwrap();
    drop(client); // hangs up
    until(|| (session.insert("b", 2) == Err(session_core::Error::TooLate)).then_some(())).await;
}

/// What a test waits for comes soon or never.
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

/// A handler that panics cuts the connection, and the next request works.
#[tokio::test]
async fn a_panic_leaves_no_half_written_session() {
    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
        let session = request.session().await?;
        let visits = session.increment("visits", 1)?;
        assert_ne!(request.uri().path(), "/panic", "the handler's");
        answer(visits.to_string())
    });
    let sessions = builder().build_stored().unwrap();
    let stored = SessionLayer::stored(sessions, Arc::new(MemoryStore::new()));
    for layer in [layer(), stored] {
        let server = Server::start(layer.wrap(service)).await;
        let cookie = server.get("/", "").await.cookie.unwrap();
        assert_eq!(server.send("/panic", &cookie).await, "");
        assert_eq!(server.get("/", &cookie).await.body, "2");
    }
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

#[tokio::test]
async fn a_store_that_hangs_is_a_503() {
    async fn news(request: Request<Empty<Bytes>>) -> Answer {
        let session = request.session_best_effort().await?;
        answer(format!(
            "{} {:?}",
            session.is_unavailable(),
            session.insert("a", 1)
        ))
    }
    let limit = Duration::from_millis(100);
    let sessions = builder().deadlines(limit, limit).build_stored().unwrap();
    let works = SessionLayer::stored(sessions.clone(), Arc::new(MemoryStore::new()))
        .wrap(service_fn(visit));
    let cookie = cookies(&send(&works, None).await).pop().unwrap();

    let hangs = SessionLayer::stored(sessions, Arc::new(Hanging));
    // While it is loaded, and, without a cookie, while it is saved.
    for cookie in [Some(&*cookie), None] {
        let response = send(&hangs.wrap(service_fn(visit)), cookie).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
        assert!(cookies(&response).is_empty());
        assert_eq!(
            response.extensions().get(),
            Some(&session_core::Error::Unavailable)
        );
    }
    let response = send(&hangs.wrap(service_fn(news)), Some(&cookie)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response).await, "true Err(Unavailable)");
}
