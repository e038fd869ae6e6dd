//! Visits each example as a browser does: it keeps its cookies, and follows redirects.

#![allow(clippy::unwrap_used, reason = "it is all tests")]

#[allow(dead_code, unreachable_pub, reason = "its `main` is not called here")]
#[path = "../cart.rs"]
mod cart;
#[allow(dead_code, unreachable_pub, reason = "its `main` is not called here")]
#[path = "../counter.rs"]
mod counter;
#[allow(dead_code, unreachable_pub, reason = "its `main` is not called here")]
#[path = "../login.rs"]
mod login;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, Response};
use axum::routing::post;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
use session_core::StoredSessions;
use session_core::testing::{CookieJar, ManualClock};
use tower::ServiceExt;

struct Browser {
    app: Router,
    jar: CookieJar<ManualClock>,
}

impl Browser {
    fn new(app: &Router) -> Self {
        let jar = CookieJar::new("http://127.0.0.1:5000", ManualClock::at(1_700_000_000));
        let app = app.clone();
        Self { app, jar }
    }

    async fn send(&mut self, method: &str, path: &str, form: &str) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        if let Some(cookie) = self.jar.request().remove(COOKIE) {
            request.headers_mut().insert(COOKIE, cookie);
        }
        let response = self.app.clone().oneshot(request).await.unwrap();
        self.jar.receive(response.headers());
        response
    }

    async fn get(&mut self, path: &str) -> String {
        let mut response = self.send("GET", path, "").await;
        while let Some(location) = response.headers().get(LOCATION).cloned() {
            response = self.send("GET", location.to_str().unwrap(), "").await;
        }
        text(response).await
    }

    /// Sends a form, and returns where the response leads.
    async fn post(&mut self, path: &str, form: &str) -> String {
        let response = self.send("POST", path, form).await;
        assert_eq!(response.status(), 303);
        response.headers()[LOCATION].to_str().unwrap().to_owned()
    }
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn assert_contains(page: &str, text: &str) {
    assert!(page.contains(text), "{page}");
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn sessions() -> Sessions {
    Sessions::new(SecretKey::generate().unwrap())
}

fn stored() -> StoredSessions {
    let builder = Sessions::builder(SecretKey::generate().unwrap());
    builder.build_stored().unwrap()
}

#[tokio::test]
async fn the_counter_counts_for_each_visitor() {
    let app = counter::app(sessions());
    let (mut ada, mut grace) = (Browser::new(&app), Browser::new(&app));
    assert_eq!(ada.get("/").await, "You have visited this page 1 times\n");
    assert_eq!(ada.get("/").await, "You have visited this page 2 times\n");
    assert_eq!(grace.get("/").await, "You have visited this page 1 times\n");
}

#[tokio::test]
async fn the_cart_is_filled_and_emptied() {
    let mut browser = Browser::new(&cart::app(sessions()));
    let empty = json!({ "items": {}, "gift_wrapped": false });
    assert_eq!(json_of(&browser.get("/cart").await), empty);
    for expected in ["1 x mug\n", "2 x mug\n"] {
        let response = browser.send("POST", "/cart/mug", "").await;
        assert_eq!(text(response).await, expected);
    }
    assert_eq!(browser.send("POST", "/cart/wrap", "").await.status(), 204);
    let full = json!({ "items": { "mug": 2 }, "gift_wrapped": true });
    assert_eq!(json_of(&browser.get("/cart").await), full);
    assert_eq!(browser.send("POST", "/cart/sofa", "").await.status(), 404);
    assert_eq!(browser.send("DELETE", "/cart/mug", "").await.status(), 204);
    assert_eq!(browser.send("DELETE", "/cart/mug", "").await.status(), 404);
    let wrapped = json!({ "items": {}, "gift_wrapped": true });
    assert_eq!(json_of(&browser.get("/cart").await), wrapped);
}

#[tokio::test]
async fn a_cart_that_an_older_release_stored_is_read() {
    async fn older_release(session: Session) -> Result<(), Error> {
        Ok(session.insert("cart", json!({ "items": { "pen": 3 } }))?)
    }
    let sessions = sessions();
    let older: Router = Router::new()
        .route("/cart", post(older_release))
        .layer(SessionLayer::new(sessions.clone()));
    let mut browser = Browser::new(&older);
    assert_eq!(browser.send("POST", "/cart", "").await.status(), 200);
    browser.app = cart::app(sessions);
    let cart = json!({ "items": { "pen": 3 }, "gift_wrapped": false });
    assert_eq!(json_of(&browser.get("/cart").await), cart);
}

#[tokio::test]
async fn the_guard_leads_to_the_login_and_back() {
    let mut browser = Browser::new(&login::app(stored()));
    let page = browser.get("/").await;
    assert!(
        page.contains("Please log in first.") && page.contains("<form method=post>"),
        "{page}"
    );
    assert_eq!(browser.post("/login", "name=Ada").await, "/");
    let page = browser.get("/").await;
    assert!(
        page.contains("Welcome, Ada!") && page.contains("You are Ada."),
        "{page}"
    );
    // A message is shown once.
    assert!(!browser.get("/").await.contains("Welcome"));
    assert_eq!(browser.post("/logout", "").await, "/login");
    assert_contains(&browser.get("/").await, "Please log in first.");
    // A login that no guard asked for leads to the first page as well.
    let mut browser = Browser::new(&browser.app);
    assert_eq!(browser.post("/login", "name=Ada").await, "/");
}

#[tokio::test]
async fn remember_me_survives_the_end_of_the_browser() {
    let mut browser = Browser::new(&login::app(stored()));
    for (form, remembered) in [("name=Ada", false), ("name=Ada&remember=true", true)] {
        let response = browser.send("POST", "/login", form).await;
        let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie.contains("Max-Age="), remembered, "{cookie}");
        browser.jar.close_browser();
        assert_eq!(browser.get("/").await.contains("You are Ada."), remembered);
    }
}

#[tokio::test]
async fn a_logout_on_all_devices_ends_the_users_sessions() {
    let app = login::app(stored());
    let [mut laptop, mut phone, mut grace] = [(); 3].map(|()| Browser::new(&app));
    laptop.post("/login", "name=Ada").await;
    phone.post("/login", "name=Ada").await;
    grace.post("/login", "name=Grace").await;
    assert_eq!(laptop.post("/logout-everywhere", "").await, "/login");
    // Just after its end only a login begins a new session, so the guard's message is not stored.
    assert_contains(&phone.get("/").await, "Log in</button>");
    assert_contains(&laptop.get("/").await, "Please log in first.");
    assert_contains(&grace.get("/").await, "You are Grace.");
    // The guard is before it as well, and stores no path that is for POST alone.
    assert_eq!(phone.post("/login", "name=Ada").await, "/");
    assert_eq!(phone.post("/logout", "").await, "/login");
    assert_eq!(phone.post("/logout-everywhere", "").await, "/login");
    assert_eq!(phone.post("/login", "name=Ada").await, "/");
}

#[tokio::test]
async fn a_name_is_text_and_no_html() {
    let mut browser = Browser::new(&login::app(stored()));
    browser.post("/login", "name=<script>").await;
    let page = browser.get("/").await;
    assert!(
        page.contains("You are &lt;script>.") && !page.contains("<script>"),
        "{page}"
    );
}
