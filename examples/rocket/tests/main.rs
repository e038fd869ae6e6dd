//! Visits each example with Rocket's own client, which keeps its cookies.

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

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use rocket::http::{ContentType, Header, Method, Status};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::{Build, Rocket, post, routes};
use serde_json::{Value, json};
use session_core::StoredSessions;
use session_core::testing::{CookieJar, ManualClock};
use session_rocket::{Error, SecretKey, Session, SessionFairing, Sessions};

struct Browser<'c> {
    server: &'c Client,
    jar: CookieJar<ManualClock>,
}

impl<'c> Browser<'c> {
    fn new(server: &'c Client) -> Self {
        let jar = CookieJar::new("http://127.0.0.1:8000", ManualClock::at(1_700_000_000));
        Self { server, jar }
    }

    fn send(&mut self, method: Method, path: &str, form: &str) -> LocalResponse<'c> {
        let mut request = self.server.req(method, path.to_owned());
        request.add_header(ContentType::Form);
        request.set_body(form);
        if let Some(cookie) = self.jar.request().get(COOKIE) {
            request.add_header(Header::new("Cookie", cookie.to_str().unwrap().to_owned()));
        }
        let response = request.dispatch();
        let mut cookies = HeaderMap::new();
        for cookie in response.headers().get("Set-Cookie") {
            cookies.append(SET_COOKIE, HeaderValue::try_from(cookie).unwrap());
        }
        self.jar.receive(&cookies);
        response
    }

    fn get(&mut self, path: &str) -> String {
        let mut response = self.send(Method::Get, path, "");
        while let Some(location) = response.headers().get_one("Location") {
            let location = location.to_owned();
            response = self.send(Method::Get, &location, "");
        }
        response.into_string().unwrap()
    }

    /// Sends a form, and returns where the response leads.
    fn post(&mut self, path: &str, form: &str) -> String {
        let response = self.send(Method::Post, path, form);
        assert_eq!(response.status(), Status::SeeOther);
        response.headers().get_one("Location").unwrap().to_owned()
    }
}

fn assert_contains(page: &str, text: &str) {
    assert!(page.contains(text), "{page}");
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn start(app: Rocket<Build>) -> Client {
    // Each browser has a jar of its own.
    Client::untracked(app).unwrap()
}

fn sessions() -> Sessions {
    Sessions::new(SecretKey::generate().unwrap())
}

fn stored() -> StoredSessions {
    let builder = Sessions::builder(SecretKey::generate().unwrap());
    builder.build_stored().unwrap()
}

#[test]
fn the_counter_counts_for_each_visitor() {
    let server = start(counter::app(sessions()));
    let (mut ada, mut grace) = (Browser::new(&server), Browser::new(&server));
    assert_eq!(ada.get("/"), "You have visited this page 1 times\n");
    assert_eq!(ada.get("/"), "You have visited this page 2 times\n");
    assert_eq!(grace.get("/"), "You have visited this page 1 times\n");
}

#[test]
fn the_cart_is_filled_and_emptied() {
    let server = start(cart::app(sessions()));
    let mut browser = Browser::new(&server);
    let mut status = |method, path: &str| browser.send(method, path, "").status();
    assert_eq!(status(Method::Post, "/cart/wrap"), Status::NoContent);
    assert_eq!(status(Method::Post, "/cart/mug"), Status::Ok);
    assert_eq!(status(Method::Post, "/cart/sofa"), Status::NotFound);
    let response = browser.send(Method::Post, "/cart/mug", "");
    assert_eq!(response.into_string().unwrap(), "2 x mug\n");
    let full = json!({ "items": { "mug": 2 }, "gift_wrapped": true });
    assert_eq!(json_of(&browser.get("/cart")), full);
    let mut status = |method, path: &str| browser.send(method, path, "").status();
    assert_eq!(status(Method::Delete, "/cart/mug"), Status::NoContent);
    assert_eq!(status(Method::Delete, "/cart/mug"), Status::NotFound);
    let wrapped = json!({ "items": {}, "gift_wrapped": true });
    assert_eq!(json_of(&browser.get("/cart")), wrapped);
    let empty = json!({ "items": {}, "gift_wrapped": false });
    assert_eq!(json_of(&Browser::new(&server).get("/cart")), empty);
}

#[post("/older")]
fn older_release(session: Session) -> Result<(), Error> {
    Ok(session.insert("cart", json!({ "items": { "pen": 3 } }))?)
}

#[test]
fn a_cart_that_an_older_release_stored_is_read() {
    let sessions = sessions();
    let older = rocket::build().attach(SessionFairing::new(sessions.clone()));
    let older = start(older.mount("/", routes![older_release]));
    let newer = start(cart::app(sessions));
    let mut browser = Browser::new(&older);
    assert_eq!(
        browser.send(Method::Post, "/older", "").status(),
        Status::Ok
    );
    browser.server = &newer;
    let cart = json!({ "items": { "pen": 3 }, "gift_wrapped": false });
    assert_eq!(json_of(&browser.get("/cart")), cart);
}

#[test]
fn the_guard_leads_to_the_login_and_back() {
    let server = start(login::app(stored()));
    let mut browser = Browser::new(&server);
    let page = browser.get("/");
    assert!(
        page.contains("Please log in first.") && page.contains("<form method=post>"),
        "{page}"
    );
    assert_eq!(browser.post("/login", "name=Ada"), "/");
    let page = browser.get("/");
    assert!(
        page.contains("Welcome, Ada!") && page.contains("You are Ada."),
        "{page}"
    );
    // A message is shown once.
    assert!(!browser.get("/").contains("Welcome"));
    assert_eq!(browser.post("/logout", ""), "/login");
    assert_contains(&browser.get("/"), "Please log in first.");
}

#[test]
fn remember_me_survives_the_end_of_the_browser() {
    let server = start(login::app(stored()));
    let mut browser = Browser::new(&server);
    for (form, remembered) in [("name=Ada", false), ("name=Ada&remember=true", true)] {
        let response = browser.send(Method::Post, "/login", form);
        let cookie = response.headers().get_one("Set-Cookie").unwrap();
        assert_eq!(cookie.contains("Max-Age="), remembered, "{cookie}");
        browser.jar.close_browser();
        assert_eq!(browser.get("/").contains("You are Ada."), remembered);
    }
}

#[test]
fn a_logout_on_all_devices_ends_the_users_sessions() {
    let server = start(login::app(stored()));
    let [mut laptop, mut phone, mut grace] = [(); 3].map(|()| Browser::new(&server));
    laptop.post("/login", "name=Ada");
    phone.post("/login", "name=Ada");
    grace.post("/login", "name=Grace");
    assert_eq!(laptop.post("/logout-everywhere", ""), "/login");
    // Just after its end only a login begins a new session, so the guard's message is not stored.
    assert_contains(&phone.get("/"), "Log in</button>");
    assert_contains(&laptop.get("/"), "Please log in first.");
    assert_contains(&grace.get("/"), "You are Grace.");
    // The guard is before it as well, and stores no path that is for POST alone.
    phone.post("/login", "name=Ada");
    assert_eq!(phone.post("/logout", ""), "/login");
    assert_eq!(phone.post("/logout-everywhere", ""), "/login");
    assert_eq!(phone.post("/login", "name=Ada"), "/");
}

#[test]
fn a_name_is_text_and_no_html() {
    let server = start(login::app(stored()));
    let mut browser = Browser::new(&server);
    browser.post("/login", "name=<script>");
    let page = browser.get("/");
    assert!(
        page.contains("You are &lt;script>.") && !page.contains("<script>"),
        "{page}"
    );
}
