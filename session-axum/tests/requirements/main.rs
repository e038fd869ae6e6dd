//! Requirements of OWASP's ASVS, and from the accidents of other libraries, each by its id. Here are those that need HTTP or a
//! store; `docs/security.md` has the table of all with their tests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "the modules are shared with other tests"
)]

mod lifetimes;
mod logout;
#[path = "../stored/server.rs"]
mod server;
#[path = "../stored/watched.rs"]
mod watched;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use server::{KEY, Server};
use session_axum::session_core::{Builder, testing::ManualClock};
use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
use tokio::io::AsyncReadExt;
use tower::ServiceExt;
use watched::{Fault, Watched};

const NOW: u64 = 1_700_000_000;

/// Sessions in cookies and on the server, with one clock.
struct Site {
    mode: &'static str,
    layer: SessionLayer,
    store: Arc<Watched>,
    time: ManualClock,
}

fn sites(configure: impl Fn(Builder) -> Builder) -> [Site; 2] {
    ["cookie", "stored"].map(|mode| {
        let (store, time) = (Arc::new(Watched::default()), ManualClock::at(NOW));
        let builder =
            configure(Sessions::builder(SecretKey::new(KEY).unwrap()).clock(time.clone()));
        let layer = match mode {
            "stored" => SessionLayer::stored(builder.build_stored().unwrap(), store.clone()),
            _ => SessionLayer::new(builder.build().unwrap()),
        };
        Site {
            mode,
            layer,
            store,
            time,
        }
    })
}

/// The answer to a request: status, headers, body.
async fn send(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

async fn ask(app: &Router, path: &str, cookie: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().uri(path).header(COOKIE, cookie);
    send(app, request.body(Body::empty()).unwrap()).await
}

/// The pair of Set-Cookie.
fn pair(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(SET_COOKIE)?.to_str().unwrap();
    Some(header.split(';').next().unwrap().to_owned())
}

async fn read(session: Session) -> String {
    session.to_json()
}

async fn login(session: Session) -> Result<&'static str, Error> {
    session.log_in("ada")?;
    session.insert("user", "ada")?;
    Ok("in")
}

async fn logout(session: Session) -> Result<&'static str, Error> {
    session.clear()?;
    Ok("out")
}

#[tokio::test]
async fn t6_a_session_comes_from_its_cookie_alone() {
    for site in sites(|builder| builder) {
        let app = Router::new()
            .route("/login", get(login))
            .fallback(read)
            .layer(site.layer);
        let (_, headers, body) = ask(&app, "/login", "").await;
        let cookie = pair(&headers).unwrap();
        let (name, value) = cookie.split_once('=').unwrap();
        // It goes out in Set-Cookie, and nowhere else.
        let elsewhere = headers.iter().filter(|(name, _)| *name != SET_COOKIE);
        let mut texts = elsewhere
            .map(|(_, value)| value.to_str().unwrap())
            .chain([&*body]);
        assert!(
            !texts.any(|text| text.contains(&value[..40])),
            "{headers:?}"
        );

        let (_, _, body) = ask(&app, "/", &cookie).await;
        assert_eq!(body, r#"{"user":"ada"}"#, "{}: the control", site.mode);
        site.store.calls();
        let request = |path: &str| Request::builder().method("POST").uri(path);
        let form = format!("{name}={value}&session={value}&sid={value}");
        let all = [
            request(&format!("/?{form}")).body(Body::empty()),
            request(&format!("/?sid={value}&PHPSESSID={value}")).body(Body::empty()),
            request(&format!("/;jsessionid={value}")).body(Body::empty()),
            request(&format!("/{value}")).body(Body::empty()),
            request("/")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.clone().into()),
            request("/")
                .header("content-type", "application/json")
                .body(format!("{{\"{name}\":\"{value}\"}}").into()),
            request("/")
                .header("authorization", format!("Bearer {value}"))
                .body(Body::empty()),
            request("/")
                .header("x-session", value)
                .header("x-auth-token", value)
                .body(Body::empty()),
            request("/")
                .header("set-cookie", &cookie)
                .header("cookie2", &cookie)
                .body(Body::empty()),
            request("/")
                .header("referer", format!("https://example.com/?{form}"))
                .body(Body::empty()),
        ];
        for request in all {
            let request = request.unwrap();
            let shown = format!("{} {request:?}", site.mode);
            let (_, headers, body) = send(&app, request).await;
            assert_eq!((&*body, pair(&headers)), ("{}", None), "{shown}");
            assert!(site.store.calls().is_empty(), "{shown}");
        }
    }
}

thread_local! {
    static PANICS: Cell<bool> = const { Cell::new(false) };
}
