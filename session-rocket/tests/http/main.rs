//! The adapter through Rocket: its own local client where that is the same, sockets where it is not.

#![allow(clippy::unwrap_used, clippy::panic)]

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
use session_rocket::{BestEffort, Config, Error, Session, SessionFairing, SessionRejection};
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

/// What Rocket says of a launch that a sentinel stopped, and what the log says.
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

#[get("/perhaps")]
fn perhaps(session: Option<Session>) -> String {
    session.is_some().to_string()
}

#[get("/news")]
fn news(session: BestEffort<Admin>) -> String {
    session.0.is_unavailable().to_string()
}

#[rocket::async_test]
async fn a_forgotten_fairing_stops_the_launch_and_names_the_line() {
    for route in [routes![visit], routes![perhaps]] {
        let log = refused(rocket::build().mount("/", route)).await;
        let line = "ERROR session: this handler asks for a session, but its application \
                    provides none: add `.attach(SessionFairing::new(sessions))`\n";
        assert!(log.ends_with(line) && log.lines().count() == 1, "{log}");
    }
    for route in [routes![admin_only], routes![both], routes![news]] {
        let log = refused(app(route)).await;
        assert!(
            log.contains("`.attach(SessionFairing::new(sessions).marked::<Admin>())`")
                && log.lines().count() == 1,
            "{log}"
        );
    }
    assert!(
        rocket::build()
            .attach(admin())
            .mount("/", routes![admin_only])
            .ignite()
            .await
            .is_ok()
    );
}

#[rocket::async_test]
async fn two_fairings_for_one_session_do_not_launch() {
    let log = refused(app(routes![visit]).attach(SessionFairing::new(sessions()))).await;
    assert!(log.contains("two fairings for one session"), "{log}");
}

/// What sentinels do not see.
#[rocket::async_test]
async fn a_forgotten_fairing_of_a_guard_is_500_and_logged() {
    struct User;

    #[rocket::async_trait]
    impl<'r> FromRequest<'r> for User {
        type Error = SessionRejection;

        async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
            request.guard::<Session>().await.map(|_| Self)
        }
    }

    #[get("/user")]
    fn user(_user: User) {}

    let log = logged();
    let client = client(rocket::build().mount("/", routes![user])).await;
    assert_eq!(
        client.get("/user").dispatch().await.status(),
        Status::InternalServerError
    );
    assert!(log().contains("add `.attach(SessionFairing::new(sessions))`"));
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

#[rocket::async_test]
async fn several_cookie_headers() {
    let client = client(app(routes![both]).attach(admin())).await;
    let pairs = pairs(&client.get("/both").dispatch().await);
    let mut request = client
        .get("/both")
        .header(Header::new("Cookie", "theme=dark"));
    for pair in pairs {
        request.add_header(Header::new("Cookie", pair));
    }
    assert_eq!(
        request.dispatch().await.into_string().await.unwrap(),
        "2 20"
    );
}

#[derive(Responder)]
#[allow(
    clippy::large_enum_variant,
    reason = "it is derived from, and lives for a line"
)]
enum Answer {
    #[response(status = 404)]
    NotFound(()),
    #[response(status = 500)]
    Broken(()),
    Elsewhere(Redirect),
}

#[get("/answer/<what>")]
fn answer(session: Session, what: &str) -> Result<Answer, Error> {
    session.insert("seen", true)?;
    Ok(match what {
        "404" => Answer::NotFound(()),
        "500" => Answer::Broken(()),
        _ => Answer::Elsewhere(Redirect::to("/elsewhere")),
    })
}

#[get("/status/<code>")]
fn status(session: Session, code: u16) -> Result<Status, Error> {
    session.insert("seen", true)?;
    Ok(Status::new(code))
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

#[rocket::async_test]
async fn whatever_the_status_the_session_is_saved() {
    let client = client(app(routes![answer, status, read])).await;
    for (path, status) in [
        ("/answer/404", 404),
        ("/answer/500", 500),
        ("/answer/go", 303),
        // A catcher answers; Rocket's own cookie jar would have been emptied.
        ("/status/404", 404),
        ("/status/500", 500),
    ] {
        let response = client.get(path).dispatch().await;
        assert_eq!(response.status().code, status, "{path}");
        let cookie = pairs(&response).pop().unwrap();
        assert_eq!(
            response.headers().contains("location"),
            path == "/answer/go"
        );
        let response = client
            .get("/read")
            .header(Header::new("Cookie", cookie))
            .dispatch()
            .await;
        assert_eq!(response.into_string().await.unwrap(), r#"{"seen":true}"#);
    }
    let response = client.head("/answer/404").dispatch().await;
    assert_eq!(
        (pairs(&response).len(), response.into_string().await),
        (1, None)
    );
}

#[rocket::async_test]
async fn a_catcher_has_the_request_s_session() {
    let client = client(app(routes![status]).register("/", catchers![count_errors])).await;
    let response = client.get("/nowhere").dispatch().await;
    let cookie = pairs(&response).pop().unwrap();
    assert_eq!(response.into_string().await.unwrap(), "404: 1");
    let response = client
        .get("/status/500")
        .header(Header::new("Cookie", cookie))
        .dispatch()
        .await;
    assert_eq!(pairs(&response).len(), 1);
    assert_eq!(response.into_string().await.unwrap(), "500: 2");
    // What Rocket cannot parse meets no fairing.
    let response = client.req(Method::Get, "no slash").dispatch().await;
    assert!(cookies(&response).is_empty());
    assert_eq!(response.into_string().await.unwrap(), "400: none");
}

#[rocket::async_test]
async fn a_session_that_does_not_fit_replaces_the_response() {
    #[get("/fill")]
    fn fill(session: Session, jar: &rocket::http::CookieJar<'_>) -> Result<&'static str, Error> {
        let noise: Vec<u64> = (0..1000_u64)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        session.insert("noise", noise)?;
        jar.add(Cookie::new("theirs", "1"));
        Ok("never seen")
    }
    let log = logged();
    let client = client(app(routes![fill])).await;
    let response = client.get("/fill").dispatch().await;
    assert_eq!(response.status(), Status::InternalServerError);
    let headers: Vec<_> = response
        .headers()
        .iter()
        .map(|header| header.to_string())
        .collect();
    assert_eq!(headers, ["cache-control: no-store"]);
    assert_eq!(
        response.into_string().await,
        None,
        "nothing about it for clients"
    );
    assert!(
        log().contains("ERROR session: the response was replaced error=the session does not fit")
    );
}

#[rocket::async_test]
async fn an_error_in_a_handler_is_a_generic_500() {
    #[get("/wrong")]
    fn wrong(session: Session) -> Result<String, Error> {
        session.insert("hunter2", "text")?;
        Ok(session
            .get::<i64>("hunter2")?
            .unwrap_or_default()
            .to_string())
    }
    let log = logged();
    let client = client(app(routes![wrong]).register("/", catchers![count_errors])).await;
    let response = client.get("/wrong").dispatch().await;
    assert_eq!(response.status(), Status::InternalServerError);
    // What was changed before is saved, as on every response that is sent.
    assert_eq!(pairs(&response).len(), 1);
    assert_eq!(response.into_string().await, None);
    assert!(log().contains("session key \"hunter2\" holds another type"));
}

/// Over a socket: the headers are there before the second part is made.
#[rocket::async_test]
async fn a_body_that_streams_writes_too_late() {
    #[get("/late")]
    fn late(session: Session) -> Result<TextStream![String], Error> {
        session.insert("early", 1)?;
        Ok(TextStream! {
            yield "first ".to_owned();
            yield format!("{:?}", session.insert("late", 2));
        })
    }
    let server = Server::start(app(routes![late, read])).await;
    let answer = server.get("/late", "").await;
    assert!(
        answer.body.contains("first ") && answer.body.contains("Err(TooLate)"),
        "{}",
        answer.body
    );
    assert_eq!(
        server.get("/read", &answer.cookie.unwrap()).await.body,
        r#"{"early":1}"#
    );
}

/// A body that asks its request while it streams.
struct Asks<'r>(&'r Request<'r>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Asks<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self(request))
    }
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

/// Over a socket: the session is opened while the body streams, in the place of the handler. A handle from before is readable.
#[rocket::async_test]
async fn a_session_that_is_opened_by_the_body_is_too_late() {
    #[get("/opens")]
    fn opens(request: Asks<'_>) -> TextStream![String + '_] {
        TextStream! {
            assert_too_late(request.0.guard::<Session>().await);
            assert_too_late(request.0.guard::<BestEffort>().await);
            assert!(request.0.guard::<Option<Session>>().await.unwrap().is_none());
            yield "nothing".to_owned();
        }
    }
    #[get("/keeps")]
    fn keeps(session: Session) -> TextStream![String] {
        TextStream! { yield session.to_json() }
    }
    let builder = || session_core::Sessions::builder(session_rocket::SecretKey::new(KEY).unwrap());
    let store = Arc::new(session_rocket::MemoryStore::new());
    let stored = SessionFairing::stored(builder().build_stored().unwrap(), store);
    for fairing in [SessionFairing::new(sessions()), stored] {
        let routes = routes![visit, opens, keeps];
        let server = Server::start(rocket::build().attach(fairing).mount("/", routes)).await;
        let cookie = server.get("/visit", "").await.cookie.unwrap();
        let answer = server.get("/opens", &cookie).await;
        assert!(
            answer.body.contains("nothing") && !answer.body.contains("visits"),
            "{answer:?}"
        );
        assert!(
            !answer.head.contains("vary: ") && !answer.head.contains("cache-control: "),
            "{answer:?}"
        );
        let answer = server.get("/keeps", &cookie).await;
        assert!(
            answer.body.contains(r#"{"visits":1}"#) && answer.head.contains("vary: cookie"),
            "{answer:?}"
        );
    }
}

#[rocket::async_test]
async fn guards_and_routes_see_one_session() {
    struct Checked;

    #[rocket::async_trait]
    impl<'r> FromRequest<'r> for Checked {
        type Error = ();

        async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
            let Outcome::Success(session) = request.guard::<Session>().await else {
                return Outcome::Error((Status::Unauthorized, ()));
            };
            session.increment("checked", 1).unwrap();
            Outcome::Success(Self)
        }
    }

    #[get("/checked")]
    fn checked(_checked: Checked, session: Session) -> String {
        session.to_json()
    }

    let client = Client::tracked(app(routes![checked])).await.unwrap();
    for expected in [r#"{"checked":1}"#, r#"{"checked":2}"#] {
        assert_eq!(
            client
                .get("/checked")
                .dispatch()
                .await
                .into_string()
                .await
                .unwrap(),
            expected
        );
    }
}

#[rocket::async_test]
async fn a_session_survives_forwards() {
    struct Never;

    #[rocket::async_trait]
    impl<'r> FromRequest<'r> for Never {
        type Error = ();

        async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
            Outcome::Forward(Status::NotFound)
        }
    }

    struct Marks;

    #[rocket::async_trait]
    impl<'r> FromRequest<'r> for Marks {
        type Error = ();

        async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
            request
                .guard::<Session>()
                .await
                .unwrap()
                .push("passed", "first")
                .unwrap();
            Outcome::Success(Self)
        }
    }

    #[get("/forward", rank = 1)]
    fn first(_marks: Marks, _session: Session, _never: Never) {}

    #[get("/forward", rank = 2)]
    fn second(session: Session) -> Result<String, Error> {
        session.push("passed", "second")?;
        Ok(session.to_json())
    }

    let client = client(app(routes![first, second])).await;
    let response = client.get("/forward").dispatch().await;
    assert_eq!(pairs(&response).len(), 1);
    assert_eq!(
        response.into_string().await.unwrap(),
        r#"{"passed":["first","second"]}"#
    );
}

#[rocket::async_test]
async fn a_request_that_is_given_up_freezes_its_session() {
    type Kept = Arc<Mutex<Option<Session>>>;

    #[get("/keep")]
    async fn keep(session: Session, kept: &State<Kept>) {
        *kept.lock().unwrap() = Some(session);
        std::future::pending::<()>().await;
    }

    let kept = Kept::default();
    let client = client(app(routes![keep]).manage(kept.clone())).await;
    {
        let mut future = Box::pin(client.get("/keep").dispatch());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while kept.lock().unwrap().is_none() {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
    }
    let session = kept.lock().unwrap().take().unwrap();
    assert_eq!(session.insert("a", 1), Err(session_core::Error::TooLate));
}

fn panicking() -> Vec<Route> {
    #[get("/panic")]
    fn at_once(session: Session) -> String {
        session.insert("half", 1).unwrap();
        panic!("the handler's")
    }

    #[get("/panic/later")]
    async fn later(session: Session) -> String {
        session.insert("half", 1).unwrap();
        rocket::tokio::task::yield_now().await;
        panic!("the handler's, after it waited")
    }

    #[get("/panic/clone")]
    fn of_a_clone(session: Session) -> String {
        let clone = session.clone();
        drop(session);
        clone.insert("half", 1).unwrap();
        panic!("the handler's, which has a clone")
    }

    #[get("/panic/both")]
    fn of_both(site: Session, admin: Session<Admin>) -> String {
        site.insert("half", 1).unwrap();
        admin.insert("half", 1).unwrap();
        panic!("the handler's, which has two")
    }

    routes![at_once, later, of_a_clone, of_both]
}

/// Over a socket, and by the local client: no half-written session, and the next request works.
#[rocket::async_test]
async fn a_panic_leaves_no_half_written_session() {
    let app = || {
        app(panicking())
            .attach(admin())
            .mount("/", routes![visit, read])
    };
    let server = Server::start(app()).await;
    let cookie = server.get("/visit", "").await.cookie.unwrap();
    for path in ["/panic", "/panic/later", "/panic/clone", "/panic/both"] {
        for cookie in ["", &*cookie] {
            let answer = server.get(path, cookie).await;
            assert_eq!(
                (answer.status, answer.cookie),
                (500, None),
                "{path} {cookie}"
            );
        }
    }
    assert_eq!(server.get("/visit", &cookie).await.body, "2");

    // A catcher that reads what there was: its page is the session's, and says so to caches.
    let server = Server::start(app().register("/", catchers![show_errors])).await;
    let cookie = server.get("/visit", "").await.cookie.unwrap();
    let answer = server.get("/panic", &cookie).await;
    assert_eq!((answer.status, answer.cookie), (500, None));
    assert!(
        answer.body.contains(r#"{"half":1,"visits":1}"#),
        "{}",
        answer.body
    );
    assert!(answer.head.contains("vary: cookie") && answer.head.contains("cache-control: private"));

    // A change of the catcher's is refused aloud.
    let client = Client::tracked(app().register("/", catchers![count_errors]))
        .await
        .unwrap();
    assert_eq!(client.get("/visit").dispatch().await.status(), Status::Ok);
    let response = client.get("/panic").dispatch().await;
    assert_eq!(
        (response.status(), cookies(&response).len()),
        (Status::InternalServerError, 0)
    );
    assert_eq!(response.into_string().await, None);
    assert_eq!(
        client
            .get("/read")
            .dispatch()
            .await
            .into_string()
            .await
            .unwrap(),
        r#"{"visits":1}"#
    );
}

/// A panic in a task that the handler began, or one that the handler has survived, is not the request's.
#[rocket::async_test]
async fn a_panic_elsewhere_is_not_the_handlers() {
    #[get("/elsewhere")]
    async fn elsewhere(session: Session) -> Result<String, Error> {
        let clone = session.clone();
        let task = rocket::tokio::spawn(async move {
            let _clone = clone;
            panic!("the task's")
        });
        assert!(task.await.is_err());
        assert!(std::panic::catch_unwind(|| panic!("survived")).is_err());
        session.insert("whole", true)?;
        Ok(session.to_json())
    }
    let server = Server::start(app(routes![elsewhere, read])).await;
    let answer = server.get("/elsewhere", "").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"whole":true}"#)
    );
    assert_eq!(
        server.get("/read", &answer.cookie.unwrap()).await.body,
        r#"{"whole":true}"#
    );
}

#[derive(Responder)]
struct Cached {
    body: (),
    vary: Header<'static>,
    cache_control: Header<'static>,
    cdn: Header<'static>,
    cookie: Header<'static>,
}

fn cached() -> Cached {
    Cached {
        body: (),
        vary: Header::new("vary", "Accept"),
        cache_control: Header::new("Cache-Control", "max-age=60"),
        cdn: Header::new("CDN-Cache-Control", "max-age=600"),
        cookie: Header::new("Set-Cookie", "theme=dark"),
    }
}

#[rocket::async_test]
async fn headers_of_the_application_are_merged() {
    #[get("/set")]
    fn set(session: Session) -> Result<Cached, Error> {
        session.insert("a", 1)?;
        Ok(cached())
    }

    #[get("/look")]
    fn look(_session: Session) -> Cached {
        cached()
    }

    let client = client(app(routes![set, look])).await;
    let headers = async |path: &'static str| {
        let response = client.get(path).dispatch().await;
        let all = |name: &str| response.headers().get(name).collect::<Vec<_>>().join(" | ");
        (
            all("vary"),
            all("cache-control"),
            all("cdn-cache-control"),
            pairs(&response).len(),
        )
    };
    let texts = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    let (a, b, c, cookies) = headers("/set").await;
    assert_eq!(
        ((a, b, c), cookies),
        (texts("Accept, Cookie", "no-store", ""), 2)
    );
    let (a, b, c, cookies) = headers("/look").await;
    assert_eq!(
        ((a, b, c), cookies),
        (texts("Accept, Cookie", "max-age=60", "max-age=600"), 1)
    );
}

/// Rocket's headers are lent to the core: a line of the handler's stays beside ours.
#[rocket::async_test]
async fn h5_a_handlers_own_clear_site_data_stays() {
    #[derive(Responder)]
    struct Out {
        body: (),
        storage: Header<'static>,
    }

    #[get("/logout")]
    fn logout(session: Session) -> Result<Out, Error> {
        session.clear()?;
        Ok(Out {
            body: (),
            storage: Header::new("Clear-Site-Data", "\"storage\""),
        })
    }

    let key = session_rocket::SecretKey::new(KEY).unwrap();
    let sessions = session_core::Sessions::builder(key)
        .clear_site_data(true)
        .build()
        .unwrap();
    let rocket = rocket::build()
        .attach(SessionFairing::new(sessions))
        .mount("/", routes![visit, logout]);
    let client = client(rocket).await;
    let cookie = pairs(&client.get("/visit").dispatch().await).remove(0);
    let response = client
        .get("/logout")
        .header(Header::new("Cookie", cookie))
        .dispatch()
        .await;
    let all: Vec<&str> = response.headers().get("clear-site-data").collect();
    assert_eq!(all, ["\"storage\"", "\"cookies\""]);
}

/// Other fairings stand around ours: what they do to the session before counts, and after is too late, to read it, too, unless
/// they had it before.
#[rocket::async_test]
async fn fairings_around_ours() {
    let before = AdHoc::on_response("before", |request, _| {
        Box::pin(async move {
            let session = request.guard::<Session>().await.unwrap();
            session.insert("before", true).unwrap();
            request.local_cache(|| Some(session));
        })
    });
    let after = AdHoc::on_response("after", |request, _| {
        Box::pin(async move {
            assert_too_late(request.guard::<Session>().await);
            let session = request.local_cache(|| None::<Session>).as_ref().unwrap();
            assert!(session.contains_key("before"));
            assert_eq!(
                session.insert("after", true),
                Err(session_core::Error::TooLate)
            );
        })
    });
    let rocket = rocket::build()
        .attach(before)
        .attach(SessionFairing::new(sessions()))
        .attach(after);
    let client = Client::tracked(rocket.mount("/", routes![untouched, read]))
        .await
        .unwrap();
    assert_eq!(pairs(&client.get("/untouched").dispatch().await).len(), 1);
    assert_eq!(
        client
            .get("/read")
            .dispatch()
            .await
            .into_string()
            .await
            .unwrap(),
        r#"{"before":true}"#
    );
}

fn configured(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment)
        .attach(SessionFairing::figment("session", Config::build))
        .mount("/", routes![visit])
}

#[rocket::async_test]
async fn rockets_configuration_configures_sessions() {
    let figment = || rocket::Config::figment().merge(("session.secret_key", KEY));
    // The same key, so the same sessions; names in either case.
    let figments = [
        figment(),
        rocket::Config::figment()
            .merge(("session.SECRET_KEY", KEY))
            .merge(("secret_key", "Rocket's own")),
        rocket::Config::figment()
            .merge(("session.SECRET_KEY_FALLBACKS", [KEY]))
            .merge(("session.secret_key", KEY.replace('u', "v"))),
        // As ROCKET_SESSION is read.
        rocket::Config::figment().merge((
            "session",
            format!("{{secret_key={KEY},permanent_session_lifetime=60}}")
                .parse::<rocket::figment::value::Value>()
                .unwrap(),
        )),
    ];
    let cookie = pairs(
        &client(app(routes![visit]))
            .await
            .get("/visit")
            .dispatch()
            .await,
    )
    .pop()
    .unwrap();
    for figment in figments {
        let client = client(configured(figment)).await;
        let response = client
            .get("/visit")
            .header(Header::new("Cookie", cookie.clone()))
            .dispatch()
            .await;
        assert_eq!(response.into_string().await.unwrap(), "2");
    }
    let named = configured(figment().merge(("session.session_cookie_name", "shop")));
    assert!(pairs(&client(named).await.get("/visit").dispatch().await)[0].starts_with("shop="));
    // A table of its own for each session, and a profile's.
    let two = figment()
        .merge(("panel.secret_key", KEY))
        .merge(("panel.session_cookie_name", "panel"));
    let log = logged();
    let two = configured(two)
        .attach(SessionFairing::figment("panel", Config::build_flask).marked::<Admin>())
        .mount("/", routes![both]);
    let pairs = pairs(&client(two).await.get("/both").dispatch().await);
    assert!(
        pairs[0].starts_with("__Host-session=") && pairs[1].starts_with("panel="),
        "{pairs:?}"
    );
    assert!(!log().contains("weak"));
}

/// Runs itself with a file and variables, which a process cannot set for itself without races.
#[rocket::async_test]
async fn the_environment_configures_sessions() {
    const THIS: &str = "the_environment_configures_sessions";
    if std::env::var_os("ROCKET_CONFIG").is_some() {
        let client = client(configured(rocket::Config::figment())).await;
        assert!(pairs(&client.get("/visit").dispatch().await)[0].starts_with("shop="));
        return;
    }
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let whole =
        format!("[default.session]\nsecret_key = \"{KEY}\"\nsession_cookie_name = \"shop\"\n");
    let profile = whole.replace("default", "shop");
    let nothing = "[default.session]\nsession_cookie_name = \"shop\"\n";
    let table = format!("{{secret_key=\"{KEY}\"}}");
    let upper = format!("{{SECRET_KEY={KEY}, SESSION_COOKIE_NAME=shop}}");
    for (name, text, variables, works) in [
        ("whole", &*whole, &[][..], true),
        ("profile", &*profile, &[("ROCKET_PROFILE", "shop")], true),
        ("other", &*profile, &[], false),
        ("merged", nothing, &[("ROCKET_SESSION", &*table)], true),
        ("upper", "", &[("ROCKET_SESSION", &*upper)], true),
        (
            "dotted",
            nothing,
            &[("ROCKET_SESSION.SECRET_KEY", KEY)],
            true,
        ),
        ("nothing", nothing, &[], false),
        ("Rocket's", nothing, &[("ROCKET_SECRET_KEY", KEY)], false),
    ] {
        let file = directory.join(format!("Rocket-{name}.toml"));
        std::fs::write(&file, text).unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", THIS])
            .env("ROCKET_CONFIG", file)
            .envs(variables.iter().copied());
        let output = child.output().unwrap();
        assert_eq!(
            output.status.success(),
            works,
            "{name}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[rocket::async_test]
async fn a_bad_configuration_stops_the_launch() {
    let empty = rocket::Config::figment;
    let key = || empty().merge(("session.secret_key", KEY));
    for (figment, expected) in [
        (
            empty(),
            "expected a table `session` in Rocket's configuration",
        ),
        (
            empty().merge(("secret_key", KEY)),
            "add `[default.session]` with `secret_key` to Rocket.toml",
        ),
        (
            empty().merge(("session", KEY)),
            "or set ROCKET_SESSION='{secret_key=\"...\"}'",
        ),
        (
            empty().merge(("session.session_cookie_name", "a")),
            "session: ",
        ),
        (
            empty().merge(("session.secret_key", "hunter2")),
            "session: ",
        ),
        (
            empty().merge(("session.secret_key", 20_260_101)),
            "session: SECRET_KEY: expected a text",
        ),
        (
            key().merge(("session.SECRET_KEY", KEY)),
            "a name is there twice, in lower and in upper case",
        ),
        (
            key().merge(("session.session_cookie_secure", "yes")),
            "expected a boolean for key `SESSION_COOKIE_SECURE`",
        ),
        (
            key().merge(("session.permanent_session_lifetime", -1)),
            "PERMANENT_SESSION_LIFETIME",
        ),
        (
            key().merge(("session.session_cookie_name", "a;b")),
            "session: ",
        ),
    ] {
        let log = refused(configured(figment)).await;
        assert!(
            log.contains("ERROR session: ") && log.contains(expected),
            "{expected}: {log}"
        );
        for secret in [KEY, "hunter2", "20260101"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}

#[rocket::async_test]
async fn warnings_are_announced_at_ignition() {
    let log = logged();
    let figment = rocket::Config::figment().merge(("session.secret_key", "dev"));
    let rocket = rocket::custom(figment)
        .attach(SessionFairing::figment("session", Config::build_flask))
        .ignite()
        .await;
    assert!(rocket.is_ok());
    assert!(log().contains("WARN session: SECRET_KEY is weak: it has 3 bytes"));
}

/// What Rocket does with a Cookie header that is not UTF-8: there is none.
#[rocket::async_test]
async fn a_cookie_header_that_is_no_text_is_dropped() {
    let server = Server::start(app(routes![visit])).await;
    let cookie = server.get("/visit", "").await.cookie.unwrap();
    assert_eq!(
        server
            .get("/visit", &format!("{cookie}; name=hé"))
            .await
            .body,
        "2"
    );
    let raw = server
        .get_raw("/visit", format!("{cookie}; name=h").as_bytes(), b"\xe9")
        .await;
    assert_eq!((raw.status, raw.body.as_str()), (200, "1"));
}
