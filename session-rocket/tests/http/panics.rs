//! A handler that panics.

use super::*;

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
    let body = response.into_string().await.unwrap();
    assert!(body.contains("after the head of its response"), "{body}");
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
