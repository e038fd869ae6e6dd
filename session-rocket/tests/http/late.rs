//! A session that is opened or changed when the response was already returned.

use super::*;

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
