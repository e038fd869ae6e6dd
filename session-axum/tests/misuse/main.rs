//! Misuse that would be silent: it works for the developer alone, or loses a change now and then.

#![allow(clippy::unwrap_used, clippy::panic)]

mod log;
mod outside;
mod plain_http;
mod silent;
mod twice;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::get;
use http_body_util::BodyExt;
use log::logged;
use session_axum::{
    Error, MemoryStore, SecretKey, Session, SessionError, SessionLayer, SessionRejection, Sessions,
};
use tower::ServiceExt;

fn sessions() -> Sessions {
    Sessions::new(SecretKey::generate().unwrap())
}

async fn visit(session: Session) -> Result<String, Error> {
    Ok(session.increment("visits", 1)?.to_string())
}

/// Sends a request with these headers, each `name: value`.
async fn send(app: &Router, headers: &[&str]) -> Response<Body> {
    let mut request = Request::builder().uri("/");
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let body: Bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn cookies(response: &Response<Body>) -> Vec<String> {
    let mut pairs = Vec::new();
    for value in response.headers().get_all(SET_COOKIE) {
        let pair = value.to_str().unwrap().split(';').next().unwrap();
        pairs.push(pair.to_owned());
    }
    pairs
}
