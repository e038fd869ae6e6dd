//! Stored sessions: they are saved and loaded, and requests whose store fails are answered.

#![allow(clippy::unwrap_used, clippy::panic)]

mod down;
#[allow(dead_code, reason = "shared with the other tests")]
#[path = "../http/tools.rs"]
mod tools;

use std::sync::Arc;
use std::time::Duration;

use down::Switched;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::{Build, Rocket, catch, catchers, get, routes};
use session_rocket::{
    BestEffort, Config, Error, MemoryStore, SecretKey, Session, SessionFairing, SessionRejection,
    Sessions, session_store::SessionBackend,
};
use tools::{KEY, Server, client, cookies, logged, pairs};

#[get("/visit")]
fn visit(session: Session) -> Result<String, Error> {
    Ok(session.increment("visits", 1)?.to_string())
}

#[get("/login")]
fn login(session: Session) -> Result<(), Error> {
    Ok(session.log_in("ada")?)
}

#[get("/logout")]
fn logout(session: Session) -> Result<(), Error> {
    Ok(session.clear()?)
}

#[get("/perhaps")]
fn perhaps(session: Option<Session>) -> String {
    session.map_or("none".to_owned(), |session| session.to_json())
}

#[get("/why")]
fn why(session: Result<Session, SessionRejection>) -> String {
    session.map_or_else(|error| error.to_string(), |session| session.to_json())
}

#[get("/news")]
fn news(session: BestEffort) -> String {
    let BestEffort(session) = session;
    let change = session.insert("read", "news");
    format!("degraded: {}; change: {change:?}", session.is_unavailable())
}

#[get("/panic")]
fn panics(session: Session) -> String {
    session.insert("half", true).unwrap();
    panic!("the handler's")
}

#[catch(503)]
fn sorry() -> (Status, (rocket::http::ContentType, &'static str)) {
    (
        Status::ServiceUnavailable,
        (rocket::http::ContentType::HTML, "<p>Come again."),
    )
}

fn app(store: Arc<Switched>) -> Rocket<Build> {
    let wait = Duration::from_millis(50);
    let sessions = Sessions::builder(SecretKey::new(KEY).unwrap())
        .deadlines(wait, wait)
        .build_stored()
        .unwrap();
    rocket::build()
        .attach(SessionFairing::stored(sessions, store))
        .mount(
            "/",
            routes![visit, login, logout, perhaps, why, news, panics],
        )
}

async fn get<'c>(client: &'c Client, path: &'c str, cookie: &str) -> LocalResponse<'c> {
    client
        .get(path)
        .header(Header::new("Cookie", cookie.to_owned()))
        .dispatch()
        .await
}

fn unavailable(response: &LocalResponse<'_>) {
    assert_eq!(response.status(), Status::ServiceUnavailable);
    assert_eq!(
        response.headers().get("retry-after").collect::<Vec<_>>(),
        ["5"]
    );
    assert_eq!(
        response.headers().get("cache-control").collect::<Vec<_>>(),
        ["no-store"]
    );
    assert!(cookies(response).is_empty());
}

#[rocket::async_test]
async fn a_stored_session_goes_round() {
    let client = Client::tracked(app(Arc::default())).await.unwrap();
    for expected in ["1", "2", "3"] {
        let response = client.get("/visit").dispatch().await;
        // The id is sent once.
        assert_eq!(cookies(&response).len(), usize::from(expected == "1"));
        assert_eq!(response.into_string().await.unwrap(), expected);
    }
    let id = client
        .cookies()
        .get("__Host-session")
        .unwrap()
        .value()
        .to_owned();
    assert_eq!(client.get("/login").dispatch().await.status(), Status::Ok);
    assert_ne!(
        client.cookies().get("__Host-session").unwrap().value(),
        id,
        "a login renews it"
    );
    assert_eq!(
        client
            .get("/visit")
            .dispatch()
            .await
            .into_string()
            .await
            .unwrap(),
        "4"
    );
    assert_eq!(
        pairs(&client.get("/logout").dispatch().await),
        ["__Host-session="]
    );
    assert_eq!(
        client
            .get("/visit")
            .dispatch()
            .await
            .into_string()
            .await
            .unwrap(),
        "1"
    );
}

#[rocket::async_test]
async fn over_a_socket() {
    let server = Server::start(app(Arc::default())).await;
    let cookie = server.get("/visit", "").await.cookie.unwrap();
    assert_eq!(server.get("/visit", &cookie).await.body, "2");
    assert_eq!(server.get("/panic", &cookie).await.status, 500);
    assert_eq!(
        server.get("/perhaps", &cookie).await.body,
        r#"{"visits":2}"#
    );
}

#[rocket::async_test]
async fn a_store_that_does_not_load_is_503() {
    let store = Arc::<Switched>::default();
    let client = client(app(store.clone())).await;
    let cookie = pairs(&get(&client, "/visit", "").await).pop().unwrap();
    store.switch(false);
    let log = logged();
    let response = get(&client, "/visit", &cookie).await;
    unavailable(&response);
    assert_eq!(
        log()
            .matches("ERROR session: the response was replaced")
            .count(),
        1
    );
    assert!(
        response
            .into_string()
            .await
            .unwrap()
            .starts_with("the session store did not answer in time"),
        "in place of Rocket's own page, in a debug build"
    );
    // A request without a session asks no store.
    assert_eq!(
        get(&client, "/perhaps", "")
            .await
            .into_string()
            .await
            .unwrap(),
        "{}"
    );
    store.switch(true);
    assert_eq!(
        get(&client, "/visit", &cookie)
            .await
            .into_string()
            .await
            .unwrap(),
        "2"
    );
}

#[rocket::async_test]
async fn the_application_says_it_in_its_own_words() {
    let store = Arc::<Switched>::default();
    let client = client(app(store.clone()).register("/", catchers![sorry])).await;
    let cookie = pairs(&get(&client, "/visit", "").await).pop().unwrap();
    store.switch(false);
    let response = get(&client, "/visit", &cookie).await;
    unavailable(&response);
    assert_eq!(response.headers().get_one("vary"), Some("Cookie"));
    assert_eq!(
        response.headers().get_one("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(response.into_string().await.unwrap(), "<p>Come again.");
}

#[rocket::async_test]
async fn a_store_that_does_not_write_is_503() {
    let store = Arc::<Switched>::default();
    let client = client(app(store.clone()).register("/", catchers![sorry])).await;
    store.switch(false);
    let response = get(&client, "/visit", "").await;
    unavailable(&response);
    let body = response.into_string().await.unwrap();
    assert!(
        body.starts_with("the session store did not answer in time"),
        "{body}"
    );
}

#[rocket::async_test]
async fn a_route_may_do_without() {
    let store = Arc::<Switched>::default();
    let client = client(app(store.clone())).await;
    let cookie = pairs(&get(&client, "/visit", "").await).pop().unwrap();
    store.switch(false);
    for (path, body) in [
        ("/perhaps", "none"),
        ("/why", "the session store did not answer in time"),
        ("/news", "degraded: true; change: Err(Unavailable)"),
    ] {
        let response = get(&client, path, &cookie).await;
        assert_eq!(response.status(), Status::Ok);
        assert_eq!(response.headers().get_one("retry-after"), None);
        assert_eq!(response.headers().get_one("vary"), Some("Cookie"));
        assert_eq!(response.headers().get_one("cache-control"), Some("private"));
        assert_eq!(response.into_string().await.unwrap(), body);
    }
    store.switch(true);
    let response = get(&client, "/news", &cookie).await;
    assert_eq!(
        response.into_string().await.unwrap(),
        "degraded: false; change: Ok(())"
    );
}

#[rocket::async_test]
async fn rockets_configuration_with_a_store() {
    let store = Arc::new(MemoryStore::new());
    let fairing = SessionFairing::figment("session", move |config: Config| {
        Ok(SessionBackend::stored(
            config.builder()?.build_stored()?,
            store.clone(),
        ))
    });
    let figment = rocket::Config::figment().merge(("session.secret_key", KEY));
    let client = Client::tracked(
        rocket::custom(figment)
            .attach(fairing)
            .mount("/", routes![visit]),
    )
    .await
    .unwrap();
    for expected in ["1", "2"] {
        assert_eq!(
            client
                .get("/visit")
                .dispatch()
                .await
                .into_string()
                .await
                .unwrap(),
            expected
        );
    }
}
