//! The browser for tests of applications: redirects, cookies, and what it says when it shows nothing.

#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::body::Body;
use axum::extract::Request as AnyRequest;
use axum::http::{HeaderMap, Method, Request, StatusCode, header::LOCATION, header::SET_COOKIE};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get};
use session_axum::session_core::testing::ManualClock;
use session_axum::testing::{Browser, BrowserError, stored};
use session_axum::{Error, Session, SessionLayer};

/// Returns the request as text: its method, its content type and its body.
async fn echo(request: AnyRequest) -> String {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1000).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    let kind = parts.headers.get("content-type");
    let kind = kind.map_or("", |kind| kind.to_str().unwrap());
    format!("{} {kind} {body}", parts.method)
}

fn redirecting(status: u16) -> Router {
    let status = StatusCode::from_u16(status).unwrap();
    Router::new()
        .route(
            "/from",
            any(move || async move { (status, [(LOCATION, "/to?a=1")]) }),
        )
        .route("/to", any(echo))
}

#[tokio::test]
async fn a_redirect_changes_the_method_as_in_browsers() {
    let form = "application/x-www-form-urlencoded";
    let rows = [
        (301, Method::POST, "GET  ".to_owned()),
        (302, Method::POST, "GET  ".to_owned()),
        (303, Method::POST, "GET  ".to_owned()),
        (303, Method::PUT, "GET  ".to_owned()),
        (301, Method::PUT, format!("PUT {form} a=1")),
        (307, Method::POST, format!("POST {form} a=1")),
        (308, Method::POST, format!("POST {form} a=1")),
    ];
    for (status, method, shown) in rows {
        let request = Request::builder().method(&method).uri("/from");
        let request = request.header("content-type", form).body("a=1".to_owned());
        let mut browser = Browser::new(redirecting(status));
        let page = browser.request(request.unwrap()).await.unwrap();
        assert_eq!(page.text(), shown, "{status} {method}");
        assert_eq!((page.path(), page.status()), ("/to?a=1", StatusCode::OK));
    }
    let page = Browser::new(redirecting(304)).get("/from").await.unwrap();
    assert_eq!((page.path(), page.status().as_u16()), ("/from", 304)); // leads nowhere
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_shown() {
    let provider = "https://accounts.example.com/authorize?state=1";
    let app: Router = Router::new().route("/login", get(async || Redirect::to(provider)));
    let page = Browser::new(app).get("/login").await.unwrap();
    assert_eq!(
        (page.path(), page.status()),
        ("/login", StatusCode::SEE_OTHER)
    );
    assert_eq!(page.headers()["location"], provider);
}

#[tokio::test]
async fn cookies_of_a_redirect_are_sent_to_its_target() {
    let set = async || {
        (
            [(SET_COOKIE, "a=1; Path=/shop")],
            Redirect::to("/shop/cart?x"),
        )
    };
    let get_cookie = async |request: AnyRequest| match request.headers().get("cookie") {
        Some(cookie) => cookie.to_str().unwrap().to_owned(),
        None => "none".to_owned(),
    };
    let app: Router = Router::new()
        .route("/", get(set))
        .route("/shop/cart", get(get_cookie))
        .route("/shopping", get(get_cookie));
    let mut browser = Browser::new(app);
    assert_eq!(browser.get("/").await.unwrap().text(), "a=1");
    assert_eq!(browser.get("/shopping").await.unwrap().text(), "none");
}

#[tokio::test]
async fn twenty_redirects_are_followed_and_no_more() {
    let next = async |axum::extract::Path(n): axum::extract::Path<u32>| match n {
        0 => "the end".into_response(),
        n => Redirect::to(&format!("{}", n - 1)).into_response(),
    };
    let app: Router = Router::new().route("/{n}", get(next));
    let mut browser = Browser::new(app);
    assert_eq!(browser.get("/20").await.unwrap().text(), "the end");
    let error = browser.get("/21").await.unwrap_err();
    assert!(matches!(error, BrowserError::TooManyRedirects(path) if path == "/0"));
}

#[tokio::test]
async fn what_fails_is_named() {
    let app: Router = Router::new().route(
        "/",
        get(async || {
            let broken = std::io::Error::other("the disk is gone");
            Body::from_stream(futures_util::stream::iter([Ok("begun"), Err(broken)]))
        }),
    );
    let error = Browser::new(app.clone()).get("/").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the body of the response to / ended with an error: the disk is gone"
    );
    let error = Browser::new(app).get("no path").await.unwrap_err();
    assert!(
        error.to_string().contains("a path begins with a slash"),
        "{error}"
    );

    let down = tower::service_fn(async |_: AnyRequest| {
        Err::<axum::response::Response, _>(std::io::Error::other("down"))
    });
    let error = Browser::new(down).get("/").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the service returned an error instead of a response: down"
    );
}

/// A login that a test makes by itself, a visit, a logout, and the expiry, in a store.
#[tokio::test]
async fn a_stored_session_from_its_login_to_its_end() {
    let name = async |session: Session| session.user().as_deref().unwrap_or("nobody").to_owned();
    let log_out = async |session: Session| session.clear().map_err(Error);
    let backend = stored::backend();
    let app: Router = Router::new()
        .route("/", get(name))
        .route("/logout", get(log_out))
        .layer(SessionLayer::from(backend.clone()));
    let first = HeaderMap::new();
    let response = stored::respond(&backend, &first, |session| session.log_in("ada"));
    let response = response.await.unwrap();

    let mut browser = Browser::new(app.clone());
    browser.receive(&response);
    assert_eq!(browser.get("/").await.unwrap().text(), "ada");
    let copy = stored::reopen(&backend, &response).await.unwrap();
    assert_eq!(copy.user().as_deref(), Some("ada"));
    browser.get("/logout").await.unwrap();
    assert_eq!(browser.cookie("__Host-session"), None);
    let copy = stored::reopen(&backend, &response).await.unwrap();
    assert!(copy.user().is_none() && copy.insert("a", 1).is_err());

    // The browser forgets the cookie by the clock that it was given.
    let mut later = Browser::new(app).clock(ManualClock::at(33_000_000_000));
    later.receive(&response);
    assert!(later.cookie("__Host-session").is_some());
}

/// A service that is more than a router: layers around it make other bodies.
#[tokio::test]
async fn any_tower_service() {
    let app: Router = Router::new().route("/", get(async || "Hello"));
    let app = tower::ServiceBuilder::new()
        .map_response(|response: axum::response::Response| {
            response.map(http_body_util::BodyExt::boxed_unsync)
        })
        .service(app);
    let mut browser = Browser::new(app);
    assert_eq!(browser.get("/").await.unwrap().text(), "Hello");
}
