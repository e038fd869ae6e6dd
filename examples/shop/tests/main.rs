//! Visits the shop as browsers do: they keep their cookies, and follow redirects.

#![allow(clippy::unwrap_used, reason = "it is all tests")]

#[allow(dead_code, unreachable_pub, reason = "its `main` is not called here")]
#[path = "../src/main.rs"]
mod shop;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use session_axum::{SecretKey, Sessions};
use session_core::StoredSessions;
use session_core::testing::{CookieJar, ManualClock};
use session_store_sqlite::SqliteStore;
use tower::ServiceExt;

/// A folder for the shop's sessions, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("session-shop-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn start(&self, sessions: StoredSessions) -> Router {
        let store = SqliteStore::open(self.0.join("shop.db")).unwrap();
        shop::app(sessions, Arc::new(store))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn sessions() -> StoredSessions {
    let builder = Sessions::builder(SecretKey::generate().unwrap());
    builder.build_stored().unwrap()
}

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
        while response.headers().contains_key(LOCATION) {
            response = self.send("GET", &location(&response), "").await;
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// Sends a form, and returns where the response leads.
    async fn post(&mut self, path: &str, form: &str) -> String {
        location(&self.send("POST", path, form).await)
    }

    async fn log_in(&mut self, name: &str) {
        let form = format!("name={name}&password=sesame");
        assert_eq!(self.post("/login", &form).await, "/account");
    }
}

fn assert_contains(page: &str, text: &str) {
    assert!(page.contains(text), "{page}");
}

fn location(response: &Response<Body>) -> String {
    assert_eq!(response.status(), 303);
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_guard_leads_to_the_login_and_back() {
    let folder = Folder::new();
    let mut browser = Browser::new(&folder.start(sessions()));
    let page = browser.get("/account").await;
    assert!(
        page.contains("Please log in first.") && page.contains("name=password"),
        "{page}"
    );
    assert_eq!(
        browser.post("/login", "name=Ada&password=guess").await,
        "/login"
    );
    assert_contains(&browser.get("/login").await, "That is wrong.");
    browser.log_in("Ada").await;
    let page = browser.get("/account").await;
    assert!(
        page.contains("Welcome, Ada!") && page.contains("You are Ada."),
        "{page}"
    );
    // A message is shown once.
    assert!(!browser.get("/account").await.contains("Welcome"));
    assert_eq!(browser.post("/logout", "").await, "/");
    assert_contains(&browser.get("/account").await, "Please log in first.");
}

#[tokio::test]
async fn the_cart_survives_the_login_and_a_restart_of_the_shop() {
    let (folder, sessions) = (Folder::new(), sessions());
    let mut browser = Browser::new(&folder.start(sessions.clone()));
    for _ in 0..2 {
        assert_eq!(browser.post("/cart/mug", "").await, "/");
    }
    assert_eq!(browser.send("POST", "/cart/sofa", "").await.status(), 404);
    let page = browser.get("/").await;
    assert!(
        page.contains("A mug is in your cart.") && page.contains("2 in your cart"),
        "{page}"
    );
    browser.log_in("Ada").await;
    browser.app = folder.start(sessions);
    assert_contains(&browser.get("/").await, "mug, 9 €, 2 in your cart");
    assert_contains(&browser.get("/account").await, "You are Ada.");
}

#[tokio::test]
async fn remember_me_survives_the_end_of_the_browser() {
    let folder = Folder::new();
    let mut browser = Browser::new(&folder.start(sessions()));
    for (remember, remembered) in [("", false), ("&remember=true", true)] {
        let form = format!("name=Ada&password=sesame{remember}");
        let response = browser.send("POST", "/login", &form).await;
        let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie.contains("Max-Age="), remembered, "{cookie}");
        browser.jar.close_browser();
        let page = browser.get("/account").await;
        assert_eq!(page.contains("You are Ada."), remembered, "{page}");
    }
}

#[tokio::test]
async fn a_logout_on_all_devices_ends_the_users_sessions() {
    let folder = Folder::new();
    let app = folder.start(sessions());
    let [mut laptop, mut phone, mut grace] = [(); 3].map(|()| Browser::new(&app));
    laptop.log_in("Ada").await;
    phone.log_in("Ada").await;
    grace.log_in("Grace").await;
    assert_eq!(laptop.post("/logout-everywhere", "").await, "/");
    // Just after its end only a login begins a new session, so the guard's message is not stored.
    assert_contains(&phone.get("/account").await, "Log in</button>");
    assert_contains(&laptop.get("/account").await, "Please log in first.");
    assert_contains(&grace.get("/account").await, "You are Grace.");
    // The guard is before it as well, and stores no path that is for POST alone.
    phone.log_in("Ada").await;
    assert_eq!(phone.post("/logout", "").await, "/");
    assert_eq!(phone.post("/logout-everywhere", "").await, "/login");
    phone.log_in("Ada").await;
}

#[tokio::test]
async fn oauth_needs_the_state_of_this_session_and_takes_it_once() {
    let folder = Folder::new();
    let app = folder.start(sessions());
    let (mut ada, mut victim) = (Browser::new(&app), Browser::new(&app));
    let provider = location(&ada.send("GET", "/oauth/start", "").await);
    let page = ada.get(&provider).await;
    let callback = page.split('"').nth(1).unwrap().replace("&amp;", "&");
    // An attacker's link, with the state of the attacker's session.
    location(&victim.send("GET", "/oauth/start", "").await);
    let page = victim.get(&callback).await;
    assert!(
        page.contains("The other site did not log you in."),
        "{page}"
    );
    assert_eq!(location(&ada.send("GET", &callback, "").await), "/account");
    assert_contains(&ada.get("/account").await, "You are ada@other.example.");
    assert_eq!(location(&ada.send("GET", &callback, "").await), "/login");
}

#[tokio::test]
async fn news_reach_an_open_page() {
    let folder = Folder::new();
    let app = folder.start(sessions());
    let (mut ada, mut grace) = (Browser::new(&app), Browser::new(&app));
    let response = ada.send("GET", "/news", "").await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    let mut stream = response.into_body();
    grace.post("/cart/lamp", "").await;
    let event = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(event, "data: lamp\n\n");
}

#[tokio::test]
async fn what_a_client_sends_is_text_and_no_html() {
    let folder = Folder::new();
    let mut browser = Browser::new(&folder.start(sessions()));
    browser.log_in("<script>").await;
    let page = browser.get("/account").await;
    assert!(
        page.contains("You are &lt;script>.") && !page.contains("<script>"),
        "{page}"
    );
    let page = browser.get("/provider?state=%22%3E%3Cscript%3E").await;
    assert!(
        page.contains("&quot;>&lt;script>") && !page.contains("<script>"),
        "{page}"
    );
}
