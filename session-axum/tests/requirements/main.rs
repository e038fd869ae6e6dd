//! Requirements of OWASP's ASVS and from the accidents of other libraries, each by its id: those that want HTTP or a store.
//! `docs/security.md` has the table of all, and names the tests that stand elsewhere.

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

/// What a request is answered: status, headers, body.
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

/// A copy that no browser would send any more.
#[tokio::test]
async fn s4_a_copied_id_ends_in_time() {
    for (idle, absolute, life) in [(600, None, 600), (3_000, Some(900), 900)] {
        let [_, site] = sites(|builder| {
            let builder = builder
                .permanent(true)
                .idle_lifetime(Duration::from_secs(idle));
            match absolute {
                Some(absolute) => builder.absolute_lifetime(Duration::from_secs(absolute)),
                None => builder,
            }
        });
        let app = Router::new()
            .route("/login", get(login))
            .fallback(read)
            .layer(site.layer);
        let (mut read_in_time, mut copy) = (String::new(), String::new());
        for cookie in [&mut read_in_time, &mut copy] {
            let (_, headers, _) = ask(&app, "/login", "").await;
            assert!(headers[SET_COOKIE].to_str().unwrap().contains("; Max-Age="));
            *cookie = pair(&headers).unwrap();
        }
        site.time.set(NOW + life - 1);
        assert_eq!(ask(&app, "/", &read_in_time).await.2, r#"{"user":"ada"}"#);
        site.time.set(NOW + life + 1);
        assert_eq!(ask(&app, "/", &copy).await.2, "{}");
    }
}

/// Requests at these seconds after a session began, and whether the last of them finds it.
#[tokio::test]
async fn l1_the_earlier_limit_wins_on_the_server() {
    let rows: [(Option<u64>, &[u64], bool); 10] = [
        (Some(1_800), &[599], true),
        (Some(1_800), &[601], false),
        (Some(1_800), &[599, 1_190], true),
        (Some(1_800), &[599, 1_201], false),
        (Some(1_800), &[599, 1_190, 1_780, 1_799], true),
        (Some(1_800), &[599, 1_190, 1_780, 1_799, 1_801], false),
        (Some(100), &[99], true),
        (Some(100), &[101], false),
        (None, &[599, 1_190, 1_780, 2_370], true),
        (None, &[599, 1_190, 1_791], false),
    ];
    // Whether requests change the session, or only read it so that its record is touched.
    for path in ["/count/1", "/read/1"] {
        for (absolute, requests, alive) in rows {
            let server = Server::start_with(|builder| {
                let builder = builder.idle_lifetime(Duration::from_secs(600));
                match absolute {
                    Some(absolute) => builder.absolute_lifetime(Duration::from_secs(absolute)),
                    None => builder,
                }
            })
            .await;
            let cookie = server.begin("/insert/first").await;
            let mut last = String::new();
            for at in requests {
                server.time.set(NOW + at);
                last = server.get(path, &cookie).await.body;
            }
            assert_eq!(
                last.contains("first"),
                alive,
                "{path} {absolute:?} {requests:?}"
            );
        }
    }
}

thread_local! {
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// Panics at every event of this thread, when it is told to, as a listener may. The whole process's, since `tracing` may
/// remember of a subscriber of one thread that nobody listens.
struct Panics;

impl tracing::Subscriber for Panics {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        assert!(
            event.metadata().target() != "session" || !PANICS.get(),
            "the listener's"
        );
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// CVE-2021-34428: what fails after the record has ended cannot bring it back, and no cookie is removed before.
#[tokio::test]
async fn l4_the_record_ends_first_whatever_fails() {
    let wait = Duration::from_millis(50);
    let server = Server::start_with(|builder| builder.deadlines(wait, wait)).await;
    // A listener that panics: the client sees a cut connection, and is logged out.
    let cookie = server.begin("/login/ada").await;
    assert_eq!(
        server.get("/read/1", &cookie).await.body,
        r#"{"user":"ada"}"#
    );
    tracing::subscriber::set_global_default(Panics).unwrap();
    PANICS.set(true);
    let mut answer = String::new();
    server
        .send("/logout/1", &cookie)
        .await
        .read_to_string(&mut answer)
        .await
        .unwrap();
    PANICS.set(false);
    assert_eq!(answer, "");
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
    // What comes after the end of the record fails: logged out, and the cookie goes.
    let cookie = server.begin("/login/ada").await;
    server.store.plan("unindex", usize::MAX, Fault::Panic);
    server.get("/logout/1", &cookie).await;
    server.store.heal();
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
    // The end itself fails: nobody is told that they are logged out.
    let cookie = server.begin("/login/ada").await;
    server.store.plan("delete", usize::MAX, Fault::Fail);
    let answer = server.get("/logout/1", &cookie).await;
    assert_eq!((answer.status, answer.cookie), (503, None));
    server.store.heal();
    assert_eq!(
        server.get("/read/1", &cookie).await.body,
        r#"{"user":"ada"}"#
    );
}

/// A handler that logs out and then answers an error has logged out.
#[tokio::test]
async fn l4_a_logout_counts_on_every_response() {
    async fn fails(session: Session) -> Result<StatusCode, Error> {
        session.clear()?;
        Ok(StatusCode::INTERNAL_SERVER_ERROR)
    }
    for site in sites(|builder| builder) {
        let app = Router::new()
            .route("/login", get(login))
            .route("/fails", get(fails))
            .fallback(read);
        let app = app.layer(site.layer);
        let cookie = pair(&ask(&app, "/login", "").await.1).unwrap();
        let (status, headers, _) = ask(&app, "/fails", &cookie).await;
        assert_eq!(
            (status.as_u16(), pair(&headers).as_deref()),
            (500, Some("__Host-session="))
        );
        // A copy: of a record nothing is left, a cookie cannot be revoked.
        let copy = ask(&app, "/", &cookie).await.2;
        assert_eq!(copy == "{}", site.mode == "stored");
    }
}

/// A server whose clock is 90 s behind refuses the cookie: the session ends all the same, and the browser forgets it. One
/// that has another key can do the second alone.
#[tokio::test]
async fn l4_a_refused_cookie_goes_at_logout() {
    fn app(layer: SessionLayer) -> Router {
        Router::new()
            .route("/login", get(login))
            .route("/logout", get(logout))
            .fallback(read)
            .layer(layer)
    }
    for site in sites(|builder| builder) {
        let (here, stored) = (app(site.layer), site.mode == "stored");
        let builder = Sessions::builder(SecretKey::generate().unwrap()).clock(site.time.clone());
        let elsewhere = app(match stored {
            true => SessionLayer::stored(builder.build_stored().unwrap(), site.store.clone()),
            false => SessionLayer::new(builder.build().unwrap()),
        });
        for (app, behind) in [(&here, 90), (&elsewhere, 0)] {
            let cookie = pair(&ask(&here, "/login", "").await.1).unwrap();
            site.time.set(NOW - behind);
            assert_eq!(ask(app, "/", &cookie).await.2, "{}", "{}", site.mode);
            let (status, headers, _) = ask(app, "/logout", &cookie).await;
            assert_eq!(
                (status.as_u16(), pair(&headers).as_deref()),
                (200, Some("__Host-session="))
            );
            site.time.set(NOW);
            // A copy.
            let ended = ask(&here, "/", &cookie).await.2 == "{}";
            assert_eq!(ended, stored && behind > 0, "{}, {behind} s", site.mode);
        }
    }
}

/// "Asked for the password less than five minutes ago", of a session on the server.
#[tokio::test]
async fn l8_fresh_since_on_the_server() {
    async fn fresh(session: Session) -> String {
        session
            .authenticated_within(Duration::from_secs(300))
            .to_string()
    }
    async fn change(session: Session) -> Result<(), Error> {
        session.increment("n", 1)?;
        session.cycle_id()?;
        Ok(())
    }
    let [_, site] = sites(|builder| builder);
    let app = Router::new()
        .route("/login", get(login))
        .route("/change", get(change))
        .fallback(fresh)
        .layer(site.layer);
    let mut cookie = pair(&ask(&app, "/change", "").await.1).unwrap();
    assert_eq!(
        ask(&app, "/", &cookie).await.2,
        "false",
        "nobody has logged in"
    );
    cookie = pair(&ask(&app, "/login", &cookie).await.1).unwrap();
    for (after, expected) in [
        (0, "true"),
        (200, "true"),
        (300, "true"),
        (301, "false"),
        (3_000, "false"),
    ] {
        site.time.set(NOW + after);
        assert_eq!(ask(&app, "/", &cookie).await.2, expected, "{after}");
        cookie = pair(&ask(&app, "/change", &cookie).await.1).unwrap();
    }
    cookie = pair(&ask(&app, "/login", &cookie).await.1).unwrap();
    assert_eq!(
        ask(&app, "/", &cookie).await.2,
        "true",
        "the password was said again"
    );
}

/// CVE-2015-5963, CVE-2015-5964: who brings no cookie leaves nothing behind.
#[tokio::test]
async fn l9_ten_thousand_strangers_leave_nothing() {
    for site in sites(|builder| builder) {
        let app = Router::new()
            .route("/logout", get(logout))
            .fallback(read)
            .layer(site.layer);
        for path in ["/", "/logout"] {
            for _ in 0..10_000 {
                let request = Request::builder().uri(path).body(Body::empty()).unwrap();
                let (status, headers, _) = send(&app, request).await;
                assert!(
                    status == 200 && !headers.contains_key(SET_COOKIE),
                    "{} {headers:?}",
                    site.mode
                );
            }
        }
        assert!(site.store.calls().is_empty(), "{}", site.mode);
    }
}
