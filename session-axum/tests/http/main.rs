//! The adapter through axum's router.

#![allow(clippy::unwrap_used, clippy::panic)]

mod ends;
mod layers;

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
    let mut pairs = Vec::new();
    for value in response.headers().get_all(SET_COOKIE) {
        let pair = value.to_str().unwrap().split(';').next().unwrap();
        pairs.push(pair.to_owned());
    }
    pairs
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
    assert!(
        text(response)
            .await
            .starts_with("the session does not fit into cookie"),
        "a debug build tells its developer"
    );
}

#[tokio::test]
async fn h6_an_error_in_a_handler_is_a_500() {
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
    // Changes before the error are saved, as on every response.
    assert_eq!(cookies(&response).len(), 1);
    let body = text(response).await;
    assert!(
        body.starts_with("session key \"hunter2\" holds another type"),
        "{body}"
    );
}
