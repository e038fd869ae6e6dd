//! The adapter through axum's router.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE, VARY};
use axum::http::{Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use axum::{Router, serve};
use http_body_util::{BodyExt, Full};
use session_axum::{
    BestEffort, Error, MemoryStore, SecretKey, Session, SessionLayer, SessionRejection, Sessions,
};
use tower::ServiceExt;

const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

struct Admin;

fn sessions() -> Sessions {
    Sessions::new(SecretKey::new(KEY).unwrap())
}

fn admin() -> SessionLayer<Admin> {
    let key = SecretKey::new(KEY.replace('u', "v")).unwrap();
    SessionLayer::new(Sessions::builder(key).cookie_name("admin").build().unwrap()).marked()
}

async fn visit(session: Session) -> Result<String, Error> {
    Ok(session.increment("visits", 1)?.to_string())
}

async fn send(app: &Router, path: &str, cookie: Option<&str>) -> Response<Body> {
    let mut request = Request::builder().uri(path);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    app.clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    )
    .unwrap()
}

fn cookies(response: &Response<Body>) -> Vec<String> {
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
    let app = Router::new()
        .route("/", get(visit))
        .layer(SessionLayer::new(sessions()));
    let mut cookie = None;
    for expected in ["1", "2", "3"] {
        let response = send(&app, "/", cookie.as_deref()).await;
        assert_eq!(response.headers()[VARY], "Cookie");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        cookie = cookies(&response).pop();
        assert!(cookie.as_deref().unwrap().starts_with("__Host-session="));
        assert_eq!(text(response).await, expected);
    }
}

#[tokio::test]
async fn who_does_not_ask_pays_nothing() {
    let app = Router::new()
        .route("/", get(|| async { "nothing" }))
        .layer(SessionLayer::new(sessions()));
    let response = send(&app, "/", Some("__Host-session=whatever")).await;
    let names: Vec<_> = response
        .headers()
        .keys()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["content-type", "content-length"]);
}

#[tokio::test]
async fn a_missing_layer_names_the_line_to_add() {
    async fn admin_only(session: Session<Admin>) -> Result<String, Error> {
        Ok(session.increment("n", 1)?.to_string())
    }
    async fn perhaps(session: Option<Session>, admin: Option<Session<Admin>>) -> String {
        format!("{} {}", session.is_some(), admin.is_some())
    }
    let routes = || {
        Router::new()
            .route("/", get(visit))
            .route("/admin", get(admin_only))
            .route("/perhaps", get(perhaps))
    };
    let response = send(&routes(), "/", None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        text(response)
            .await
            .contains("add `.layer(SessionLayer::new(sessions))` behind the routes")
    );
    assert_eq!(
        text(send(&routes(), "/perhaps", None).await).await,
        "false false"
    );

    let app = routes().layer(SessionLayer::new(sessions()));
    assert_eq!(send(&app, "/", None).await.status(), StatusCode::OK);
    let response = send(&app, "/admin", None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        text(response)
            .await
            .contains("`.layer(SessionLayer::new(sessions).marked::<Admin>())`")
    );
    assert_eq!(text(send(&app, "/perhaps", None).await).await, "true false");
}

#[tokio::test]
async fn several_sessions_at_once() {
    async fn both(site: Session, admin: Session<Admin>) -> Result<String, Error> {
        Ok(format!(
            "{} {}",
            site.increment("n", 1)?,
            admin.increment("n", 10)?
        ))
    }
    let app = Router::new()
        .route("/", get(both))
        .layer(SessionLayer::new(sessions()))
        .layer(admin());
    let response = send(&app, "/", None).await;
    let pairs = cookies(&response);
    assert_eq!(response.headers().get_all(VARY).iter().count(), 1);
    assert!(
        pairs[0].starts_with("__Host-session=") && pairs[1].starts_with("__Host-admin="),
        "{pairs:?}"
    );
    assert_eq!(text(response).await, "1 10");
    let response = send(&app, "/", Some(&pairs.join("; "))).await;
    assert_eq!(text(response).await, "2 20");
    // One value under the other's name is a stranger's.
    let swapped = format!("__Host-session={}", pairs[1].split_once('=').unwrap().1);
    assert_eq!(text(send(&app, "/", Some(&swapped)).await).await, "1 10");
}

#[tokio::test]
async fn whatever_the_status_the_session_is_saved() {
    async fn answer(session: Session, request: Request) -> Result<Response<Body>, Error> {
        session.insert("seen", true)?;
        Ok(match request.uri().path() {
            "/404" => StatusCode::NOT_FOUND.into_response(),
            "/500" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => Redirect::to("/elsewhere").into_response(),
        })
    }
    let app = Router::new()
        .fallback(answer)
        .layer(SessionLayer::new(sessions()));
    for (path, status) in [("/404", 404), ("/500", 500), ("/go", 303)] {
        let response = send(&app, path, None).await;
        assert_eq!(response.status(), status);
        assert_eq!(cookies(&response).len(), 1, "{path}");
        assert_eq!(response.headers().contains_key(LOCATION), path == "/go");
    }
    let head = Request::builder()
        .method("HEAD")
        .uri("/x")
        .body(Body::empty())
        .unwrap();
    let response = app.clone().oneshot(head).await.unwrap();
    assert_eq!(cookies(&response).len(), 1);
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn a_session_that_does_not_fit_replaces_the_response() {
    async fn fill(session: Session) -> Result<&'static str, Error> {
        let noise: Vec<u64> = (0..1000_u64)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        session.insert("noise", noise)?;
        Ok("never seen")
    }
    let app = Router::new()
        .route("/", get(fill))
        .layer(SessionLayer::new(sessions()));
    let response = send(&app, "/", None).await;
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
async fn h6_an_error_in_a_handler_is_a_generic_500() {
    async fn wrong(session: Session) -> Result<String, Error> {
        session.insert("hunter2", "text")?;
        Ok(session
            .get::<i64>("hunter2")?
            .unwrap_or_default()
            .to_string())
    }
    let app = Router::new()
        .route("/", get(wrong))
        .layer(SessionLayer::new(sessions()));
    let response = send(&app, "/", None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let error = response.extensions().get::<session_core::Error>().unwrap();
    assert!(matches!(error, session_core::Error::WrongType { .. }));
    // What was changed before is saved, as on every response that is sent.
    assert_eq!(cookies(&response).len(), 1);
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn h4_a_body_that_streams_writes_too_late() {
    let outcome = Arc::new(Mutex::new(None));
    let app = {
        let outcome = outcome.clone();
        let stream = move |session: Session| {
            let outcome = outcome.clone();
            async move {
                session.insert("early", 1)?;
                let late = session.clone();
                let body = Full::new(Bytes::from("streamed")).map_frame(move |frame| {
                    *outcome.lock().unwrap() = Some(late.insert("late", 2));
                    frame
                });
                Ok::<_, Error>(Body::new(body))
            }
        };
        Router::new()
            .route("/", get(stream))
            .layer(SessionLayer::new(sessions()))
    };
    let response = send(&app, "/", None).await;
    let cookie = cookies(&response).pop().unwrap();
    assert_eq!(
        *outcome.lock().unwrap(),
        None,
        "the headers are there before the body"
    );
    assert_eq!(text(response).await, "streamed");
    assert_eq!(
        *outcome.lock().unwrap(),
        Some(Err(session_core::Error::TooLate))
    );
    let reader = Router::new()
        .route(
            "/",
            get(|session: Session| async move { session.to_json() }),
        )
        .layer(SessionLayer::new(sessions()));
    assert_eq!(
        text(send(&reader, "/", Some(&cookie)).await).await,
        r#"{"early":1}"#
    );
}

#[tokio::test]
async fn middleware_and_handler_see_one_session() {
    async fn before(session: Session, request: Request, next: Next) -> Response<Body> {
        session.insert("by", "middleware").unwrap();
        let response = next.run(request).await;
        session.insert("after", true).unwrap();
        response
    }
    let app = Router::new()
        .route(
            "/",
            get(|session: Session| async move { session.to_json() }),
        )
        .layer(middleware::from_fn(before))
        .layer(SessionLayer::new(sessions()));
    let response = send(&app, "/", None).await;
    let cookie = cookies(&response).pop().unwrap();
    assert_eq!(text(response).await, r#"{"by":"middleware"}"#);
    let response = send(&app, "/", Some(&cookie)).await;
    assert_eq!(text(response).await, r#"{"after":true,"by":"middleware"}"#);
}

#[tokio::test]
async fn a_request_that_is_given_up_freezes_its_session() {
    let kept = Arc::new(Mutex::new(None));
    let keep = {
        let kept = kept.clone();
        move |session: Session| async move {
            *kept.lock().unwrap() = Some(session);
            std::future::pending::<()>().await;
        }
    };
    let app = Router::new()
        .route("/", get(keep))
        .layer(SessionLayer::new(sessions()));
    {
        let mut future = Box::pin(send(&app, "/", None));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while kept.lock().unwrap().is_none() {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
    }
    let session = kept.lock().unwrap().take().unwrap();
    assert_eq!(session.insert("a", 1), Err(session_core::Error::TooLate));
}

/// Over a real socket: a handler that panics cuts the connection, and the next request works.
#[tokio::test]
async fn a_panic_leaves_no_half_written_session() {
    async fn panics(session: Session) -> Result<String, Error> {
        session.insert("half", 1)?;
        panic!("the handler's")
    }
    let app = Router::new()
        .route("/", get(visit))
        .route("/panic", get(panics))
        .layer(SessionLayer::new(sessions()));
    let server = Server::start(app).await;
    assert_eq!(server.ask("/panic", "").await, "");
    let answer = server.ask("/", "").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n1"),
        "{answer}"
    );
}

/// Over a socket: the session is opened while the body streams, in the place of the handler. A handle from before is readable.
#[tokio::test]
async fn a_session_that_is_opened_by_the_body_is_too_late() {
    async fn opens(request: Request) -> Body {
        let (mut parts, _) = request.into_parts();
        streamed(async move {
            let opened = Session::<()>::from_request_parts(&mut parts, &()).await;
            let degraded = BestEffort::<()>::from_request_parts(&mut parts, &()).await;
            let perhaps = Option::<Session>::from_request_parts(&mut parts, &()).await;
            for error in [
                opened.unwrap_err(),
                degraded.unwrap_err(),
                perhaps.unwrap_err().into(),
            ] {
                assert!(matches!(
                    error,
                    SessionRejection::Session(Error(session_core::Error::TooLate))
                ));
            }
            "nothing".to_owned()
        })
    }
    async fn keeps(session: Session) -> Body {
        streamed(async move { session.to_json() })
    }
    fn streamed(text: impl Future<Output = String> + Send + 'static) -> Body {
        Body::from_stream(futures_util::stream::once(async {
            Ok::<_, std::io::Error>(text.await)
        }))
    }
    let builder = || Sessions::builder(SecretKey::new(KEY).unwrap());
    let stored = SessionLayer::stored(
        builder().build_stored().unwrap(),
        Arc::new(MemoryStore::new()),
    );
    for layer in [SessionLayer::new(sessions()), stored] {
        let app = Router::new()
            .route("/", get(visit))
            .route("/opens", get(opens))
            .route("/keeps", get(keeps))
            .layer(layer);
        let cookie = cookies(&send(&app, "/", None).await).pop().unwrap();
        let server = Server::start(app).await;
        let answer = server.ask("/opens", &cookie).await;
        assert!(
            answer.contains("nothing") && !answer.contains("visits"),
            "{answer}"
        );
        assert!(
            !answer.contains("vary: ") && !answer.contains("cache-control: "),
            "{answer}"
        );
        let answer = server.ask("/keeps", &cookie).await;
        assert!(
            answer.contains(r#"{"visits":1}"#) && answer.contains("vary: Cookie"),
            "{answer}"
        );
    }
}

struct Server(std::net::SocketAddr, tokio::task::JoinHandle<()>);

impl Server {
    async fn start(app: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self(
            address,
            tokio::spawn(async move { serve(listener, app).await.unwrap() }),
        )
    }

    /// All that comes until the connection ends, however it does.
    async fn ask(&self, path: &str, cookie: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.0).await.unwrap();
        let begin = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        stream
            .write_all(format!("{begin}Cookie: {cookie}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.1.abort();
    }
}
