//! Responses of every kind carry the session; one that cannot is replaced.

use super::*;

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
    // A request that Rocket cannot parse reaches no fairing.
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
    assert_eq!(
        headers,
        [
            "cache-control: no-store",
            "content-type: text/plain; charset=utf-8",
            "x-content-type-options: nosniff"
        ]
    );
    let body = response.into_string().await.unwrap();
    assert!(
        body.starts_with("the session does not fit into cookie"),
        "{body}"
    );
    assert!(
        log().contains("ERROR session: the response was replaced error=the session does not fit")
    );
}

#[rocket::async_test]
async fn an_error_in_a_handler_is_a_500_that_tells_the_developer() {
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
    // Changes before the error are saved, as on every response.
    assert_eq!(pairs(&response).len(), 1);
    let body = response.into_string().await.unwrap();
    assert!(
        body.starts_with("session key \"hunter2\" holds another type"),
        "{body}"
    );
    assert!(log().contains("session key \"hunter2\" holds another type"));
}

#[rocket::async_test]
async fn an_error_type_of_the_application_is_made_from_one_error() {
    #[derive(Debug, thiserror::Error)]
    enum AppError {
        #[error(transparent)]
        Session(#[from] SessionError),
        #[error("there is no such page")]
        NotFound,
    }

    impl<'r> Responder<'r, 'static> for AppError {
        fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
            match self {
                Self::Session(error) => Error(error).respond_to(request),
                Self::NotFound => Err(Status::NotFound),
            }
        }
    }

    #[get("/lost")]
    fn lost(session: Session) -> Result<String, AppError> {
        session.increment("lost", 1)?;
        if session.get::<u8>("lost")? == Some(1) {
            return Err(AppError::NotFound);
        }
        Ok(session.get::<String>("lost")?.unwrap_or_default())
    }

    let client = Client::tracked(app(routes![lost])).await.unwrap();
    let response = client.get("/lost").dispatch().await;
    assert_eq!(response.status(), Status::NotFound);
    drop(response);
    let response = client.get("/lost").dispatch().await;
    assert_eq!(response.status(), Status::InternalServerError);
    let body = response.into_string().await.unwrap();
    assert!(
        body.starts_with("session key \"lost\" holds another type: found an integer"),
        "{body}"
    );
}
