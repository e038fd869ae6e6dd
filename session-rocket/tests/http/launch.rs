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
    assert!(log.contains("two fairings provide one session"), "{log}");
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
