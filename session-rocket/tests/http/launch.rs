//! Launches that are refused, and their log.

use super::*;

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
        let line = "ERROR session: a session is asked for, but the application provides none: \
                    add `.attach(SessionFairing::new(sessions))`\n";
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
    assert!(log.contains("two fairings provide one session"), "{log}");
}

#[rocket::async_test]
async fn two_fairings_with_one_cookie_do_not_launch() {
    let same_sessions = sessions();
    for other in [session_core::Sessions::clone(&same_sessions), sessions()] {
        let rocket = rocket::build()
            .attach(SessionFairing::new(same_sessions.clone()))
            .attach(SessionFairing::new(other).marked::<Admin>());
        let log = refused(rocket.mount("/", routes![both])).await;
        assert!(
            log.contains(
                "ERROR session: the session without a marker and the session marked `Admin` write one cookie, \
                 \"__Host-session; Path=/\""
            ),
            "{log}"
        );
        assert!(log.contains("Give one of them another name"), "{log}");
    }
    assert!(app(routes![both]).attach(admin()).ignite().await.is_ok());
}

/// A fairing that was attached before ours, and asks before ours has run.
#[rocket::async_test]
async fn a_fairing_that_asks_too_early_is_told_so() {
    let early = AdHoc::on_request("early", |request, _| {
        Box::pin(async move {
            let asked = request.guard::<Session>().await;
            let Outcome::Error((status, error)) = asked else {
                panic!("there is a session")
            };
            assert_eq!(status, Status::InternalServerError);
            assert!(matches!(error, SessionRejection::MissingFairing(_)));
        })
    });
    let log = logged();
    let rocket = rocket::build()
        .attach(early)
        .attach(SessionFairing::new(sessions()))
        .mount("/", routes![visit]);
    let client = client(rocket).await;
    assert_eq!(client.get("/visit").dispatch().await.status(), Status::Ok);
    let logged = log();
    assert!(
        logged.contains(
            "ERROR session: a session is asked for outside of its layer, or before the layer has run: attach \
             `SessionFairing::new(sessions)` before the fairing that asks"
        ),
        "{logged}"
    );
}

/// The warning is given once in a process, so this is one test.
#[rocket::async_test]
async fn a_secure_cookie_over_plain_http_is_a_warning() {
    let log = logged();
    let client = client(app(routes![visit])).await;
    let request = client
        .get("/visit")
        .header(Header::new("Host", "192.168.1.5:8000"))
        .header(Header::new("Origin", "http://192.168.1.5:8000"));
    let behind_tls = request
        .clone()
        .header(Header::new("X-Forwarded-Proto", "https"));
    assert_eq!(pairs(&behind_tls.dispatch().await).len(), 1);
    assert!(!log().contains("plain HTTP"));
    assert_eq!(pairs(&request.dispatch().await).len(), 1);
    let logged = log();
    assert!(
        logged.contains(
            "WARN session: the cookie \"__Host-session\" is Secure, and went to a browser over plain HTTP, at \
             \"192.168.1.5:8000\""
        ),
        "{logged}"
    );
}

/// A guard that sentinels do not see.
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
