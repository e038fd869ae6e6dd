//! The adapter through Rocket: over its local client, or over sockets where the two differ.

#![allow(clippy::unwrap_used, clippy::panic)]

mod configuration;
mod guards;
mod headers;
mod late;
mod launch;
mod panics;
mod responses;
mod tools;

use std::sync::{Arc, Mutex};

use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::http::{Cookie, Header, Method, Status};
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome};
use rocket::response::stream::TextStream;
use rocket::response::{Redirect, Responder};
use rocket::{Build, Request, Rocket, Route, State, catch, catchers, get, routes};
use session_rocket::session_core;
use session_rocket::{
    BestEffort, Config, Error, Session, SessionError, SessionFairing, SessionRejection,
};
use tools::{Admin, KEY, Server, app, client, cookies, logged, pairs, sessions};

#[get("/visit")]
fn visit(session: Session) -> Result<String, Error> {
    Ok(session.increment("visits", 1)?.to_string())
}

#[get("/read")]
fn read(session: Session) -> String {
    session.to_json()
}

#[get("/untouched")]
fn untouched() -> &'static str {
    "nothing"
}

#[get("/admin")]
fn admin_only(session: Session<Admin>) -> Result<String, Error> {
    Ok(session.increment("n", 1)?.to_string())
}

#[get("/both")]
fn both(site: Session, admin: Session<Admin>) -> Result<String, Error> {
    Ok(format!(
        "{} {}",
        site.increment("n", 1)?,
        admin.increment("n", 10)?
    ))
}

fn admin() -> SessionFairing<Admin> {
    let key = session_rocket::SecretKey::new(KEY.replace('u', "v")).unwrap();
    SessionFairing::new(
        session_core::Sessions::builder(key)
            .cookie_name("admin")
            .build()
            .unwrap(),
    )
    .marked()
}

#[rocket::async_test]
async fn a_session_goes_round() {
    let client = client(app(routes![visit])).await;
    let mut cookie = String::new();
    for expected in ["1", "2", "3"] {
        let response = client
            .get("/visit")
            .header(Header::new("Cookie", cookie))
            .dispatch()
            .await;
        assert_eq!(
            response.headers().get("vary").collect::<Vec<_>>(),
            ["Cookie"]
        );
        assert_eq!(
            response.headers().get("cache-control").collect::<Vec<_>>(),
            ["no-store"]
        );
        cookie = pairs(&response).pop().unwrap();
        assert!(cookie.starts_with("__Host-session="));
        assert_eq!(response.into_string().await.unwrap(), expected);
    }
}

/// As applications test: Rocket's client keeps the cookies, and never makes a header of them.
#[rocket::async_test]
async fn rockets_own_client_keeps_the_session() {
    let client = Client::tracked(app(routes![visit])).await.unwrap();
    for expected in ["1", "2", "3"] {
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
    let cookie = client.cookies().get("__Host-session").unwrap().clone();
    assert!(cookie.http_only().unwrap() && cookie.secure().unwrap() && cookie.path() == Some("/"));
    // A request's clone is another request.
    let request = client.get("/visit");
    for _ in 0..2 {
        let response = request.clone().dispatch().await;
        assert_eq!(pairs(&response).len(), 1);
        assert_eq!(response.into_string().await.unwrap(), "4");
    }
}

#[rocket::async_test]
async fn who_does_not_ask_pays_nothing() {
    let header = || Header::new("Cookie", "__Host-session=whatever");
    let with = client(app(routes![untouched])).await;
    let without = client(rocket::build().mount("/", routes![untouched])).await;
    let (with, without) = (
        with.get("/untouched").header(header()),
        without.get("/untouched").header(header()),
    );
    assert_eq!(
        with.dispatch().await.headers(),
        without.dispatch().await.headers()
    );
}

#[rocket::async_test]
async fn several_sessions_at_once() {
    let client = client(app(routes![both]).attach(admin())).await;
    let get = async |cookie: &str| {
        client
            .get("/both")
            .header(Header::new("Cookie", cookie.to_owned()))
            .dispatch()
            .await
    };
    let response = get("").await;
    let pairs = pairs(&response);
    assert_eq!(response.headers().get("vary").count(), 1);
    assert!(
        pairs[0].starts_with("__Host-session=") && pairs[1].starts_with("__Host-admin="),
        "{pairs:?}"
    );
    assert_eq!(response.into_string().await.unwrap(), "1 10");
    assert_eq!(
        get(&pairs.join("; ")).await.into_string().await.unwrap(),
        "2 20"
    );
    // One value under the other's name is a stranger's.
    let swapped = format!("__Host-session={}", pairs[1].split_once('=').unwrap().1);
    assert_eq!(get(&swapped).await.into_string().await.unwrap(), "1 10");
}

/// Launches, checks that the launch is refused, and returns its log.
async fn refused(rocket: Rocket<Build>) -> String {
    let log = logged();
    let error = rocket.ignite().await.unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::SentinelAborts(_) | ErrorKind::FailedFairings(_)
        ),
        "{:?}",
        error.kind()
    );
    log()
}

fn assert_too_late<T>(outcome: Outcome<T, SessionRejection>) {
    let Outcome::Error((status, SessionRejection::Session(error))) = outcome else {
        panic!("opened")
    };
    assert_eq!(
        (status, error),
        (
            Status::InternalServerError,
            Error(session_core::Error::TooLate)
        )
    );
}

#[catch(default)]
async fn count_errors(status: Status, request: &Request<'_>) -> Result<String, Error> {
    let errors = match request.guard::<Session>().await {
        Outcome::Success(session) => session.increment("errors", 1)?.to_string(),
        _ => "none".to_owned(),
    };
    Ok(format!("{}: {errors}", status.code))
}

#[catch(default)]
async fn show_errors(request: &Request<'_>) -> String {
    request.guard::<Session>().await.unwrap().to_json()
}
