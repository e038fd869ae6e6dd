//! Requests that end late, early, or in a panic, over sockets.

use super::*;

#[tokio::test]
async fn a_body_that_streams_writes_too_late() {
    let outcome = Arc::new(Mutex::new(None));
    let kept = outcome.clone();
    let service = layer().wrap(service_fn(
        move |request: Request<hyper::body::Incoming>| {
            let outcome = kept.clone();
            async move {
                let session = request.session().await?;
                session.insert("early", 1)?;
                let body = Full::new(Bytes::from("streamed")).map_frame(move |frame| {
                    *outcome.lock().unwrap() = Some(session.insert("late", 2));
                    frame
                });
                Ok::<_, Error>(Response::new(body.boxed_unsync()))
            }
        },
    ));
    let answer = Server::start(service).await.get("/", "").await;
    assert_eq!(answer.body, "streamed");
    assert_eq!(
        *outcome.lock().unwrap(),
        Some(Err(session_core::Error::TooLate))
    );
    let response = send(&layer().wrap(service_fn(show)), answer.cookie.as_deref()).await;
    assert_eq!(text(response).await, r#"{"early":1}"#);
}

/// The session is opened while the body streams, in the place of the handler. A handle from before is readable.
#[tokio::test]
async fn a_session_that_is_opened_by_the_body_is_too_late() {
    type Streamed = Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Error>;

    fn streamed(text: impl Future<Output = String> + Send + 'static) -> Streamed {
        let frames =
            futures_util::stream::once(async { Ok(hyper::body::Frame::data(text.await.into())) });
        Ok(Response::new(
            http_body_util::StreamBody::new(frames).boxed_unsync(),
        ))
    }
    async fn route(request: Request<hyper::body::Incoming>) -> Streamed {
        match request.uri().path() {
            "/opens" => {
                // Futures that hold the opener: asked for before the response, polled after.
                let (session, degradable) = (request.session(), request.session_best_effort());
                streamed(async move {
                    for error in [session.await.unwrap_err(), degradable.await.unwrap_err()] {
                        assert!(matches!(error, session_core::Error::TooLate));
                    }
                    "nothing".to_owned()
                })
            }
            "/keeps" => {
                let session = request.session().await?;
                streamed(async move { session.to_json() })
            }
            _ => {
                let session = request.session().await?;
                let visits = session.increment("visits", 1)?;
                streamed(std::future::ready(visits.to_string()))
            }
        }
    }
    let stored = SessionLayer::stored(
        builder().build_stored().unwrap(),
        Arc::new(MemoryStore::new()),
    );
    for layer in [layer(), stored] {
        let server = Server::start(layer.wrap(service_fn(route))).await;
        let cookie = server.get("/", "").await.cookie.unwrap();
        let answer = server.send("/opens", &cookie).await;
        assert!(
            answer.contains("nothing") && !answer.contains("visits"),
            "{answer}"
        );
        assert!(
            !answer.contains("vary: ") && !answer.contains("cache-control: "),
            "{answer}"
        );
        let answer = server.send("/keeps", &cookie).await;
        assert!(
            answer.contains(r#"{"visits":1}"#) && answer.contains("vary: Cookie"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_freezes_its_session() {
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let service = layer().wrap(service_fn(
        move |request: Request<hyper::body::Incoming>| {
            let keep = keep.clone();
            async move {
                *keep.lock().unwrap() = Some(request.session().await?);
                std::future::pending::<Answer>().await
            }
        },
    ));
    let server = Server::start(service).await;
    let client = server.ask("/", "").await;
    let session: Session = until(|| kept.lock().unwrap().clone()).await;
    session.insert("a", 1).unwrap();
    drop(client); // hangs up
    until(|| (session.insert("b", 2) == Err(session_core::Error::TooLate)).then_some(())).await;
}

/// A handler that panics cuts the connection, and the next request works.
#[tokio::test]
async fn a_panic_leaves_no_half_written_session() {
    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
        let session = request.session().await?;
        let visits = session.increment("visits", 1)?;
        assert_ne!(request.uri().path(), "/panic", "the handler's");
        answer(visits.to_string())
    });
    let sessions = builder().build_stored().unwrap();
    let stored = SessionLayer::stored(sessions, Arc::new(MemoryStore::new()));
    for layer in [layer(), stored] {
        let server = Server::start(layer.wrap(service)).await;
        let cookie = server.get("/", "").await.cookie.unwrap();
        assert_eq!(server.send("/panic", &cookie).await, "");
        assert_eq!(server.get("/", &cookie).await.body, "2");
    }
}
