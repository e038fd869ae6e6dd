//! Accidents of other session libraries for Rust, each found by running the version that is named. Each has one test, which
//! shows that it does not happen here, over HTTP where it concerns requests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "the modules are shared with other tests"
)]

mod cookies;
#[path = "../stored/server.rs"]
mod server;
#[path = "../stored/watched.rs"]
mod watched;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::{KEY, Server, receive};
use session_axum::session_core::testing::{CookieJar, ManualClock};
use session_axum::session_core::{Builder, ConfigError, Prefix, Refresh, Rejected};
use session_axum::{Config, Error, MemoryStore, SecretKey, Session, SessionLayer, Sessions};
use tower::ServiceExt;
use watched::{Fault, Gate};

const NOW: u64 = 1_700_000_000;
const DAY: u64 = 24 * 60 * 60;

fn builder() -> Builder {
    Sessions::builder(SecretKey::new(KEY).unwrap())
}

/// The same application with its sessions in cookies and on the server.
fn both(router: impl Fn() -> Router, configure: impl Fn(Builder) -> Builder) -> [Router; 2] {
    let cookies = SessionLayer::new(configure(builder()).build().unwrap());
    let stored = configure(builder()).build_stored().unwrap();
    [
        cookies,
        SessionLayer::stored(stored, Arc::new(MemoryStore::new())),
    ]
    .map(|layer| router().layer(layer))
}

async fn ask(app: &Router, path: &str, cookie: &str) -> Response<String> {
    let request = Request::builder()
        .uri(path)
        .header(COOKIE, cookie)
        .body(Body::empty())
        .unwrap();
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}

fn set_cookie<T>(response: &Response<T>) -> Option<&str> {
    response
        .headers()
        .get(SET_COOKIE)
        .map(|header| header.to_str().unwrap())
}

/// Returns the cookie that a browser which sent `cookie` has after this response.
fn after<T>(response: &Response<T>, cookie: &str) -> String {
    let sent = set_cookie(response).map_or(cookie, |header| header.split(';').next().unwrap());
    if sent.ends_with('=') {
        String::new()
    } else {
        sent.to_owned()
    }
}

/// One change of the session by each of its methods.
async fn change(
    session: Session,
    Path((method, key, n)): Path<(String, String, i64)>,
) -> Result<(), Error> {
    match &*method {
        "insert" => session.insert(&key, n)?,
        "remove" => drop(session.remove(&key)?),
        "take" => drop(session.take::<Value>(&key)?),
        "increment" => drop(session.increment(&key, n)?),
        "update" => session.update(&key, |value: &mut Value| *value = json!([*value, n]))?,
        "push" => session.push(&key, n)?,
        "default" => drop(session.get_or_insert_with(&key, || json!(n))?),
        "insert_json" => session.insert_json(&json!({ key: n }).to_string())?,
        "clear" => session.clear()?,
        other => panic!("{other}"),
    }
    Ok(())
}

/// The same, of a map; `None` where the session says that it does not fit.
fn expected(map: &mut BTreeMap<String, Value>, method: &str, key: &str, n: i64) -> Option<()> {
    let old = map.get(key).cloned();
    match method {
        "insert" | "insert_json" => drop(map.insert(key.to_owned(), json!(n))),
        "remove" | "take" => drop(map.remove(key)),
        "increment" => drop(map.insert(
            key.to_owned(),
            json!(old.map_or(Some(0), |old| old.as_i64())? + n),
        )),
        "update" => drop(map.insert(key.to_owned(), json!([old, n]))),
        "push" => {
            let mut list = old.map_or(Some(Vec::new()), |old| old.as_array().cloned())?;
            list.push(json!(n));
            map.insert(key.to_owned(), list.into());
        }
        "default" => drop(map.entry(key.to_owned()).or_insert(json!(n))),
        _ => map.clear(),
    }
    Some(())
}

/// actix-session 0.11 (`update`) and pavex_session 0.2.10 (`remove`): a method changed the data but not the "changed" flag,
/// so the write, or the logout, was lost. Every sequence of operations within one request is in session-core's `model.rs`.
#[tokio::test]
async fn a_change_without_its_flag() {
    const METHODS: [&str; 9] = [
        "insert",
        "remove",
        "take",
        "increment",
        "update",
        "push",
        "default",
        "insert_json",
        "clear",
    ];
    let router = || {
        Router::new()
            .route("/{method}/{key}/{n}", get(change))
            .fallback(async |session: Session| session.to_json())
    };
    for app in both(router, |builder| builder) {
        let (mut cookie, mut model, mut random) = (String::new(), BTreeMap::new(), 1_u64);
        for step in 0..400 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let pick = |of: u64| (random >> 33) % of;
            // A clear now and then, so that there is something to lose.
            let method = METHODS[usize::try_from(pick(65) / 8).unwrap()];
            let key = ["a", "b", "c"][usize::try_from(pick(3)).unwrap()];
            let before = model.clone();
            let fits = expected(&mut model, method, key, step).is_some();
            if !fits {
                model = before;
            }
            let response = ask(&app, &format!("/{method}/{key}/{step}"), &cookie).await;
            assert_eq!(
                response.status(),
                if fits { 200 } else { 500 },
                "{method} {key}"
            );
            cookie = after(&response, &cookie);
            let read = ask(&app, "/", &cookie).await;
            assert_eq!(
                serde_json::from_str::<Value>(read.body()).unwrap(),
                json!(model),
                "{method} {key}"
            );
            if model.values().any(|value| value.to_string().len() > 200) {
                let response = ask(&app, "/clear/a/0", &cookie).await;
                (cookie, model) = (after(&response, &cookie), BTreeMap::new());
            }
        }
    }
}

/// axum_session 0.22: an id that the client had chosen became the session's. (T3)
#[tokio::test]
async fn a_client_chosen_id_is_adopted() {
    let (server, other) = (Server::start().await, Server::start().await);
    let well_formed = other.begin("/count/1").await;
    for chosen in [
        &*well_formed,
        "__Host-session=11111111-2222-3333-4444-555555555555",
        "__Host-session=x",
    ] {
        let new = server.get("/login/victim", chosen).await.cookie.unwrap();
        assert_ne!(new[..60], chosen[..chosen.len().min(60)]);
        assert_eq!(
            server.get("/read/1", chosen).await.body,
            "{}",
            "the attacker's id opens nothing"
        );
        assert_eq!(
            server.get("/read/1", &new).await.body,
            r#"{"user":"victim"}"#
        );
    }
}

/// axum_session, salvo and rocket_flex: one failed read was taken for an empty session, which then replaced the record.
#[tokio::test]
async fn a_failed_read_is_taken_for_an_empty_session() {
    let wait = Duration::from_millis(50);
    let server = Server::start_with(|builder| builder.deadlines(wait, wait)).await;
    let cookie = server.begin("/login/ada").await;
    for fault in [Fault::Fail, Fault::Hang, Fault::LoseAnswer] {
        for path in [
            "/insert/mine",
            "/read/1",
            "/logout/1",
            "/login/eve",
            "/cycle_id/1",
        ] {
            server.store.plan("load", usize::MAX, fault.clone());
            let answer = server.get(path, &cookie).await;
            assert_eq!((answer.status, answer.cookie), (503, None), "{path}");
            assert!(
                server.store.calls().iter().all(|call| *call == "load"),
                "{path}"
            );
            server.store.heal();
            assert_eq!(
                server.get("/read/1", &cookie).await.body,
                r#"{"user":"ada"}"#,
                "{path}"
            );
            server.store.calls();
        }
    }
}

/// tower-sessions 0.15: a save that was under way brought a session back that had logged out. Here the slow request is held
/// by a gate, and once more while its write is on the way to the store. All interleavings are walked in session-core's
/// `stored/walk`; every back end has the race in `stores/conformance/src/race.rs` and `tests/backends/revival.rs`.
#[tokio::test]
async fn a_save_under_way_revives_a_session() {
    for writes in ["/all/late-held", "/login/ada-held"] {
        let server = Server::start().await;
        let cookie = server.begin("/insert/secret").await;
        let slow = server.send(writes, &cookie).await;
        server.gate.arrived().await;
        server.get("/logout/1", &cookie).await;
        server.gate.open();
        let slow = receive(slow).await;
        assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
        // A login that was under way is a session of its own, with nothing of the old one.
        let new = slow.cookie.unwrap_or_default();
        assert!(!server.get("/read/1", &new).await.body.contains("secret"));
    }
    let server = Server::start().await;
    let cookie = server.begin("/insert/secret").await;
    let gate = Gate::new();
    server.store.plan("update", 1, Fault::Wait(gate.clone()));
    let slow = server.send("/all/late", &cookie).await;
    gate.arrived().await;
    assert_eq!(
        server.get("/logout/1", &cookie).await.cookie.as_deref(),
        Some("__Host-session=")
    );
    gate.open();
    assert_eq!(receive(slow).await.cookie, None);
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
}

/// tower-sessions 0.15: the id was renewed, the handler answered 5xx; the old record was gone, and the new one not saved.
#[tokio::test]
async fn a_renewal_before_an_error_loses_the_session() {
    async fn fails(session: Session) -> Result<StatusCode, Error> {
        session.cycle_id()?;
        session.insert("step", 2)?;
        Ok(StatusCode::INTERNAL_SERVER_ERROR)
    }
    let router = || {
        Router::new()
            .route(
                "/begin",
                get(async |session: Session| session.insert("user", "ada").map_err(Error::from)),
            )
            .route("/fails", get(fails))
            .fallback(async |session: Session| session.to_json())
    };
    for app in both(router, |builder| builder) {
        let cookie = after(&ask(&app, "/begin", "").await, "");
        let response = ask(&app, "/fails", &cookie).await;
        assert_eq!(response.status(), 500);
        let new = after(&response, &cookie);
        assert_ne!(new, cookie);
        assert_eq!(
            ask(&app, "/", &new).await.body(),
            r#"{"step":2,"user":"ada"}"#
        );
    }
    // The renewal is one write: when it fails, the session is as it was.
    let wait = Duration::from_millis(50);
    let server = Server::start_with(|builder| builder.deadlines(wait, wait)).await;
    let cookie = server.begin("/insert/user").await;
    server.store.plan("update", usize::MAX, Fault::Fail);
    let answer = server.get("/cycle_id/1", &cookie).await;
    assert_eq!((answer.status, answer.cookie), (503, None));
    server.store.heal();
    assert_eq!(
        server.get("/read/1", &cookie).await.body,
        r#"{"user":"user"}"#
    );
}
