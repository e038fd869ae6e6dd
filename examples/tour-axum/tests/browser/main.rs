//! The tour in a real browser: Debian's Chromium, without a screen. Chromedriver performs the actions of a person.
//!
//! Every scenario starts its own tour and browser.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod browser;
mod kept;
mod machine;
mod pages;
mod site_data;

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use browser::{Browser, button};
use fantoccini::cookies::Cookie;
use machine::{Programs, Tour};

const LOGIN_PAGE: &str = "//a[normalize-space()='login page']";
const PROFILE: &str = "//a[normalize-space()='See your profile']";
const SESSION: &str = "//a[normalize-space()='Show the session as JSON']";
const VISIT: &str = "//a[normalize-space()='Count a visit']";

/// Runs a scenario with a browser, if there is one on this machine.
fn scenario(scenario: impl AsyncFnOnce(Browser)) {
    let Some(programs) = Programs::find() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let scenario = async { scenario(Browser::start(programs).await).await };
        tokio::time::timeout(Duration::from_secs(80), scenario)
            .await
            .expect("the scenario hangs");
    });
}

/// Logs in with the login page, which ends on the profile.
async fn log_in(browser: &Browser, tour: &Tour, name: &str) {
    browser.open(&tour.url("/login")).await;
    browser.fill("username", name).await;
    browser.follow(&button("Log in")).await;
    assert_eq!(browser.address().await, tour.url("/profile"));
    assert_eq!(browser.text("body").await, format!("Welcome {name}!"));
}

async fn assert_logged_out(browser: &Browser) {
    assert_eq!(browser.text(".who").await, "Not logged in");
}

async fn assert_logged_in(browser: &Browser, name: &str) {
    assert_eq!(browser.text(".who").await, format!("Logged in as {name}"));
}

/// The only cookie that there is.
async fn cookie(browser: &Browser) -> Cookie<'static> {
    match browser.cookies().await.as_slice() {
        [cookie] => cookie.clone(),
        cookies => panic!("expected one cookie, found {cookies:?}"),
    }
}

#[test]
fn logging_in_filling_the_cart_and_logging_out() {
    scenario(async |browser| log_in_and_out(&browser, &Tour::start(&[])).await);
}

#[test]
fn the_same_with_the_cookie_of_flask() {
    scenario(async |browser| {
        log_in_and_out(&browser, &Tour::start(&["--flask"])).await;
        let cookie = cookie(&browser).await;
        assert_eq!(
            (cookie.name(), cookie.http_only(), cookie.secure()),
            ("session", Some(true), Some(false))
        );
    });
}

async fn log_in_and_out(browser: &Browser, tour: &Tour) {
    browser.open(&tour.url("/")).await;
    assert_logged_out(browser).await;
    assert_eq!(browser.texts(".cart li").await, [""; 0]);
    browser.follow(LOGIN_PAGE).await;
    log_in(browser, tour, "Ada Lovelace").await;

    browser.open(&tour.url("/")).await;
    assert_logged_in(browser, "Ada Lovelace").await;
    assert_eq!(
        browser.texts(".banner").await,
        ["success Logged in as Ada Lovelace"]
    );
    browser.reload().await;
    assert_eq!(browser.texts(".banner").await, [""; 0], "it was shown");
    assert_logged_in(browser, "Ada Lovelace").await;

    assert_eq!(
        browser.press_button("Mug").await,
        "Added product mug to cart"
    );
    assert_eq!(
        browser.press_button("Espresso").await,
        "Added product espresso to cart"
    );
    assert_eq!(
        browser.press_button("Mug").await,
        "Added product mug to cart"
    );
    assert_eq!(
        browser.press(VISIT).await,
        "You have visited this page 1 times"
    );
    browser.reload().await;
    assert_eq!(browser.texts(".cart li").await, ["mug × 2", "espresso × 1"]);
    assert_eq!(browser.text(".fact").await, "1 visit");

    assert_eq!(
        browser.press_button("Log out").await,
        "Logged out successfully!"
    );
    browser.reload().await;
    assert_logged_out(browser).await;
    assert_eq!(browser.texts(".cart li").await, [""; 0]);
    assert_eq!(browser.text(".fact").await, "0 visits");

    browser.fill("username", "Grace <Hopper>").await;
    assert_eq!(
        browser.press_button("Log in").await,
        "Welcome Grace <Hopper>!"
    );
    browser.reload().await;
    assert_logged_in(browser, "Grace <Hopper>").await;
    assert_eq!(
        browser.texts(".banner").await,
        ["success Logged in as Grace <Hopper>"]
    );
    assert!(
        !browser.everything().await.contains("Ada"),
        "nothing is left of who was here before"
    );
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_of_other_hosts() {
    scenario(async |browser| {
        let tour = Tour::start(&[]);
        browser.open(&tour.url("/")).await;
        assert!(
            browser.cookies().await.is_empty(),
            "who only looks gets no cookie"
        );
        log_in(&browser, &tour, "Ada").await;
        browser.open(&tour.url("/")).await;
        assert_logged_in(&browser, "Ada").await;

        assert_eq!(browser.script("return document.cookie").await.unwrap(), "");
        let cookie = cookie(&browser).await;
        assert_eq!(
            cookie.name(),
            "__Host-session",
            "although it is plain HTTP: this is loopback"
        );
        assert_eq!(cookie.http_only(), Some(true));
        assert_eq!(cookie.secure(), Some(true));
        assert_eq!(cookie.path(), Some("/"));
        assert_eq!(cookie.domain(), Some("127.0.0.1"));
        assert!(
            cookie
                .same_site()
                .is_some_and(|same_site| same_site.is_lax()),
            "{cookie}"
        );
        assert_eq!(cookie.expires_datetime(), None, "it ends with the browser");
    });
}

/// Where a browser finds these pages; to it `localhost` is another site than the tour's `127.0.0.1`.
async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "http://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    address
}

/// A page of another site, with everything aimed at the tour. Gives its address.
async fn other_site(tour: &Tour) -> String {
    let (mug, index) = (tour.url("/add_to_cart/mug"), tour.url("/"));
    let page = format!(
        "<!doctype html><title>Elsewhere</title>
         <form method=post action='{mug}'><button>Win a mug</button></form>
         <form method=post action='{mug}' target=answer><button>Win it in silence</button></form>
         <iframe name=answer srcdoc='Nothing yet'></iframe>
         <a href='{index}'>To the tour</a>"
    );
    serve(Router::new().route("/", get(|| async { Html(page) }))).await
}

#[test]
fn a_form_of_another_site_comes_without_the_session() {
    scenario(async |browser| {
        let tour = Tour::start(&[]);
        let elsewhere = other_site(&tour).await;
        log_in(&browser, &tour, "Ada").await;
        browser.open(&tour.url("/")).await;
        browser.press_button("Espresso").await;
        browser.reload().await;
        let session = cookie(&browser).await;

        // In a frame: sent without the cookie, and the cookie that is answered is not taken.
        browser.open(&elsewhere).await;
        browser
            .press_foreign(&button("Win it in silence"), "Added product mug to cart")
            .await;
        browser.open(&tour.url("/")).await;
        assert_eq!(cookie(&browser).await, session);

        // A link is how a person comes to the tour: with the cookie.
        browser.open(&elsewhere).await;
        browser.follow("//a").await;
        assert_logged_in(&browser, "Ada").await;
        assert_eq!(browser.texts(".cart li").await, ["espresso × 1"]);

        // In the whole window: sent without the cookie too, so it is nobody's cart that is filled. But the answer's
        // cookie is taken, and Ada's session lost: SameSite=Lax keeps it from being used, not from being replaced.
        browser.open(&elsewhere).await;
        browser.follow(&button("Win a mug")).await;
        assert_eq!(browser.text("body").await, "Added product mug to cart");
        browser.open(&tour.url("/")).await;
        assert_logged_out(&browser).await;
        assert_eq!(browser.texts(".cart li").await, ["mug × 1"]);
    });
}
