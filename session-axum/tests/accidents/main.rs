//! What happened to other session libraries for Rust, in the versions named, each found by running it; and what happens
//! here. Each accident is one test, through axum over HTTP where it is about requests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "the modules are shared with other tests"
)]

#[path = "../stored/server.rs"]
mod server;
#[path = "../stored/watched.rs"]
mod watched;

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

/// What a browser that had `cookie` has after this response.
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

/// axum_session: with the option for `__Host-` one name was written and another read. In a browser:
/// `the_cookie_is_out_of_reach_of_scripts_and_of_other_hosts` in `browser.rs`.
#[tokio::test]
async fn one_name_is_written_and_another_read() {
    let router = || {
        Router::new()
            .fallback(async |session: Session| session.increment("visits", 1).unwrap().to_string())
    };
    for (prefix, name) in [
        (Prefix::Host, "__Host-id"),
        (Prefix::Secure, "__Secure-id"),
        (Prefix::None, "id"),
    ] {
        for app in both(router, |builder| builder.prefix(prefix).cookie_name("id")) {
            let mut cookie = String::new();
            for visits in ["1", "2", "3"] {
                let response = ask(&app, "/", &cookie).await;
                assert_eq!(response.body(), visits, "{name}");
                cookie = after(&response, &cookie);
                assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
            }
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

/// salvo's memory store: after a renewal the old cookie saw the new login. (L2)
#[tokio::test]
async fn the_old_cookie_sees_the_new_login() {
    let server = Server::start().await;
    for ends in ["/login/ada", "/cycle_id/1"] {
        let old = server.begin("/insert/before").await;
        let new = server.get(ends, &old).await.cookie.unwrap();
        server.get("/insert/after", &new).await;
        assert_eq!(server.get("/read/1", &old).await.body, "{}", "{ends}");
        // Nor does what the old one writes reach the new one.
        assert_eq!(
            server.get("/insert/planted", &old).await.cookie,
            None,
            "{ends}"
        );
        let read = server.get("/read/1", &new).await.body;
        assert!(
            read.contains("before") && read.contains("after") && !read.contains("planted"),
            "{read}"
        );
    }
}

/// actix-session's cookie store: nobody but the browser enforced the lifetime. (S4)
#[tokio::test]
async fn a_copied_cookie_lives_for_ever() {
    let time = ManualClock::at(NOW);
    let router = || {
        Router::new()
            .route(
                "/begin",
                get(async |session: Session| session.insert("user", "ada").map_err(Error::from)),
            )
            .fallback(async |session: Session| session.to_json())
    };
    let configure = |builder: Builder| {
        builder
            .clock(time.clone())
            .permanent(true)
            .refresh(Refresh::Never)
    };
    for app in both(router, configure) {
        time.set(NOW);
        let response = ask(&app, "/begin", "").await;
        assert!(set_cookie(&response).unwrap().contains("; Max-Age="));
        let copy = after(&response, "");
        time.set(NOW + 31 * DAY - 1);
        assert_eq!(ask(&app, "/", &copy).await.body(), r#"{"user":"ada"}"#);
        time.set(NOW + 31 * DAY + 1);
        assert_eq!(ask(&app, "/", &copy).await.body(), "{}");
    }
}

/// rocket_flex 0.2: the arithmetic of expiry wrapped, to the year 2162. Here from 0 to the largest, on every path.
#[tokio::test]
async fn a_large_lifetime_wraps() {
    let largest = [
        0,
        1,
        400 * DAY,
        1 << 32,
        1 << 40,
        u64::MAX / 2,
        u64::MAX - NOW,
        u64::MAX,
    ];
    let router = || {
        Router::new()
            .fallback(async |session: Session| session.increment("visits", 1).unwrap().to_string())
    };
    for idle in largest {
        for absolute in largest.map(Some).into_iter().chain([None]) {
            let time = ManualClock::at(NOW);
            let apps = both(router, |builder| {
                let builder = builder
                    .clock(time.clone())
                    .permanent(true)
                    .refresh(Refresh::EachRequest);
                let builder = builder.idle_lifetime(Duration::from_secs(idle));
                match absolute {
                    Some(absolute) => builder.absolute_lifetime(Duration::from_secs(absolute)),
                    None => builder,
                }
            });
            let flask = Sessions::flask_builder("dev")
                .clock(time.clone())
                .idle_lifetime(Duration::from_secs(idle));
            let flask = absolute
                .is_none()
                .then(|| SessionLayer::new(flask.build().unwrap()));
            let flask = flask.map(|layer| router().layer(layer));
            for app in apps.iter().chain(&flask) {
                time.set(NOW);
                let response = ask(app, "/", "").await;
                let header = set_cookie(&response).unwrap().to_owned();
                let age = header
                    .split("; Max-Age=")
                    .nth(1)
                    .map(|age| age.parse::<u64>().unwrap());
                assert!(age.is_none_or(|age| age <= 400 * DAY), "{header}");
                let cookie = after(&response, "");
                // Half of the shorter limit later it lives, and a second past it it does not.
                let limit = idle.min(absolute.unwrap_or(u64::MAX));
                let Some(end) = NOW.checked_add(limit).filter(|end| *end < 1 << 39) else {
                    time.set(NOW + 1_000 * 365 * DAY);
                    assert_eq!(
                        ask(app, "/", &cookie).await.body(),
                        "2",
                        "{idle} {absolute:?}"
                    );
                    continue;
                };
                time.set(end + 1);
                assert_eq!(
                    ask(app, "/", &cookie).await.body(),
                    "1",
                    "{idle} {absolute:?}"
                );
                time.set(NOW + limit / 2);
                if limit > 1 {
                    assert_eq!(
                        ask(app, "/", &cookie).await.body(),
                        "2",
                        "{idle} {absolute:?}"
                    );
                }
            }
        }
    }
}

/// poem, rocket_flex, and tower-sessions before its fix: the cookie of the removal had no Path, Secure or SameSite, so the
/// browser kept the session. (C5) In a browser: `logging_in_filling_the_cart_and_logging_out` in `browser.rs`.
#[tokio::test]
async fn a_removal_that_browsers_do_not_understand() {
    let router = || {
        Router::new()
            .route(
                "/in",
                get(async |session: Session| session.insert("user", "ada").map_err(Error::from)),
            )
            .route(
                "/out",
                get(async |session: Session| session.clear().map_err(Error::from)),
            )
    };
    let configured: [fn(Builder) -> Builder; 4] = [
        |builder| builder,
        |builder| {
            builder
                .prefix(Prefix::Secure)
                .domain("example.com")
                .partitioned(true)
        },
        |builder| builder.prefix(Prefix::Secure).path("/"),
        |builder| builder.same_site(None).http_only(false),
    ];
    for configure in configured {
        for app in both(router, configure) {
            let mut jar = CookieJar::new("https://www.example.com", ManualClock::at(NOW));
            let into = ask(&app, "/in", "").await;
            jar.receive(into.headers());
            let cookie = jar.request()[COOKIE].to_str().unwrap().to_owned();
            let out = ask(&app, "/out", &cookie).await;
            jar.receive(out.headers());
            assert!(jar.request().is_empty(), "{:?}", set_cookie(&out));
            let attributes = |header: &str| header[header.find(';').unwrap()..].to_owned();
            let removal = attributes(set_cookie(&out).unwrap());
            assert!(
                removal.starts_with(&attributes(set_cookie(&into).unwrap())),
                "{removal}"
            );
        }
    }
}

/// poem: the default configuration took cookies that nobody had signed.
#[tokio::test]
async fn unsigned_cookies_are_accepted() {
    // There is nothing to build without a key.
    assert_eq!(Config::default().build().unwrap_err(), ConfigError::NoKey);
    assert_eq!(
        Config::default().build_flask().unwrap_err(),
        ConfigError::NoKey
    );
    assert_eq!(SecretKey::new("").unwrap_err(), ConfigError::NoKey);
    assert_eq!(Sessions::flask("").unwrap_err(), ConfigError::NoKey);
    let router =
        || Router::new().fallback(async |session: Session| format!("{:?}", session.rejected()));
    let flask = SessionLayer::new(Sessions::flask("dev").unwrap());
    let apps = both(router, |builder| builder)
        .into_iter()
        .chain([router().layer(flask)]);
    for app in apps {
        for value in [
            r#"{"admin":true}"#,
            "eyJhZG1pbiI6dHJ1ZX0",
            "eyJhZG1pbiI6dHJ1ZX0..",
            "admin=true",
        ] {
            let response = ask(
                &app,
                "/",
                &format!("session={value}; __Host-session={value}"),
            )
            .await;
            assert!(
                response.body().starts_with("Some("),
                "{value}: {}",
                response.body()
            );
            assert_eq!(set_cookie(&response), None);
        }
    }
}

/// axum-extra, tower-sessions and axum_session: three signatures were computed for one cookie that was read, all cookies
/// parsed although nobody asked, an HMAC sent to a pool of threads. Here is counted what a request asks of the store and which
/// threads it starts; what a session in a cookie allocates is counted in session-core's `allocations.rs`, and that a refused
/// one is not decoded in its `requirements/cookie_value.rs`. Signatures themselves are not counted: see `wire/sign.rs`.
#[test]
fn work_that_nobody_asked_for() {
    let threads = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_start({
            let threads = threads.clone();
            move || {
                threads.fetch_add(1, Ordering::SeqCst);
            }
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = Server::start().await;
        let cookie = server.begin("/count/1").await;
        let noise = (0..50)
            .map(|n| format!("other{n}=value; "))
            .collect::<String>();
        for (path, calls) in [
            ("/untouched", &[][..]),
            ("/read/1", &["load"]),
            ("/count/1", &["load", "update"]),
        ] {
            server.get(path, &format!("{noise}{cookie}")).await;
            assert_eq!(server.store.calls(), calls, "{path}");
        }
        // In cookies: nobody looks at a forgery that nobody asks about.
        let router = || {
            Router::new()
                .route("/untouched", get(async || "nothing"))
                .fallback(async |session: Session| format!("{:?}", session.rejected()))
        };
        for app in both(router, |builder| builder) {
            let forged = format!("{noise}__Host-session=x");
            let untouched = ask(&app, "/untouched", &forged).await;
            assert!(
                untouched
                    .headers()
                    .keys()
                    .all(|name| name.as_str().starts_with("content-"))
            );
            assert_eq!(
                ask(&app, "/", &forged).await.body(),
                &format!("{:?}", Some(Rejected::Malformed))
            );
        }
    });
    assert_eq!(threads.load(Ordering::SeqCst), 0, "no thread but this one");
}

/// tower-sessions and rocket_flex: what a handler changed was dropped on a 5xx, or stored while its cookie was lost. Flask
/// saves on every response that it sends; so does this.
#[tokio::test]
async fn a_change_is_lost_on_an_error() {
    async fn status(session: Session, Path(status): Path<u16>) -> Result<StatusCode, Error> {
        session.insert("status", status)?;
        Ok(StatusCode::from_u16(status).unwrap())
    }
    let router = || {
        Router::new()
            .route("/{status}", get(status))
            .fallback(async |session: Session| session.to_json())
    };
    for app in both(router, |builder| builder) {
        for status in [200, 204, 303, 304, 400, 401, 404, 418, 500, 502, 503] {
            let response = ask(&app, &format!("/{status}"), "").await;
            assert_eq!(response.status(), status);
            let cookie = after(&response, "");
            assert_eq!(
                ask(&app, "/a/b", &cookie).await.body(),
                &format!("{{\"status\":{status}}}")
            );
        }
    }
}

/// axum-extra: where headers could not be made, Set-Cookie was left out in silence. Here the close is an error, and the
/// response replaced.
#[tokio::test]
async fn a_forgotten_set_cookie() {
    /// As many headers as there can be, less so many. All that goes out beside the cookie is there, so that room is wanted
    /// for the cookie alone.
    fn full(less: usize) -> HeaderMap {
        let beside = [("vary", "Cookie"), ("cache-control", "no-store")];
        let beside = beside.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let mut headers = HeaderMap::from_iter(beside);
        for number in 0..usize::MAX {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            if headers
                .try_insert(name, HeaderValue::from_static(""))
                .is_err()
            {
                break;
            }
        }
        (0..less).for_each(|number| drop(headers.remove(format!("x-{number}"))));
        headers
    }
    async fn fill(session: Session, Path(less): Path<usize>) -> Result<Response<Body>, Error> {
        session.insert("a", 1)?;
        let mut response = Response::new(Body::from("never seen"));
        *response.headers_mut() = full(less);
        Ok(response)
    }
    for app in both(
        || Router::new().route("/{less}", get(fill)),
        |builder| builder,
    ) {
        let response = ask(&app, "/0", "").await;
        let error = response.extensions().get::<session_core::Error>();
        assert_eq!(
            error,
            Some(&session_core::Error::TooManyHeaders("Set-Cookie"))
        );
        assert_eq!(
            (
                response.status().as_u16(),
                set_cookie(&response),
                &**response.body()
            ),
            (500, None, "")
        );
        // Room for it, and for axum's Content-Length.
        assert!(set_cookie(&ask(&app, "/2", "").await).is_some());
    }
    // Nor is one left out that is too large.
    let sessions = builder()
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
        .build()
        .unwrap();
    let noise: Vec<u64> = (0..1_000_u64)
        .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let session = sessions.open(&HeaderMap::new());
    session.insert("noise", noise).unwrap();
    let mut headers = HeaderMap::new();
    assert!(matches!(
        sessions.close(&session, &mut headers),
        Err(session_core::Error::TooLarge { .. })
    ));
    assert!(headers.is_empty());
}
