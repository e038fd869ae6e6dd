//! Errors of handlers, of sessions and of stores are responses.

use super::*;

#[tokio::test]
async fn an_error_of_the_handler_is_a_response_and_the_session_is_saved() {
    #[derive(Debug, thiserror::Error)]
    enum AppError {
        #[error(transparent)]
        Session(#[from] SessionError),
        #[error("there is no such page")]
        NotFound,
    }

    impl IntoResponse<Full<Bytes>> for AppError {
        fn into_response(self) -> Response<Full<Bytes>> {
            match self {
                Self::Session(error) => error.into_response(),
                Self::NotFound => {
                    let mut response = Response::new(Full::from(self.to_string()));
                    *response.status_mut() = StatusCode::NOT_FOUND;
                    response
                }
            }
        }
    }

    async fn lost<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, AppError> {
        let session = request.session().await?;
        session.increment("lost", 1)?;
        match request.uri().path() {
            "/type" => drop(session.get::<bool>("lost")?),
            _ => return Err(AppError::NotFound),
        }
        Ok(Response::default())
    }

    let server = Server::start(layer().wrap(service_fn(lost))).await;
    let answer = server.get("/", "").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (404, "there is no such page")
    );
    let cookie = answer.cookie.unwrap();
    let again = server.get("/type", &cookie).await;
    assert_eq!(again.status, 500);
    let cause = "session key \"lost\" holds another type: found an integer, expected a boolean";
    assert!(again.body.starts_with(cause), "{}", again.body);
    let response = send(&layer().wrap(service_fn(show)), again.cookie.as_deref()).await;
    assert_eq!(text(response).await, r#"{"lost":2}"#);
    assert!(server.failures().is_empty());
}

#[tokio::test]
async fn an_error_of_the_session_is_a_500_that_tells_the_developer() {
    let service = layer().wrap(service_fn(async |request: Request<Empty<Bytes>>| {
        let session = request.session().await?;
        session.insert("hunter2", "text")?;
        answer(
            session
                .get::<i64>("hunter2")?
                .unwrap_or_default()
                .to_string(),
        )
    }));
    let response = send(&service, None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let error = response.extensions().get::<session_core::Error>().unwrap();
    assert!(matches!(error, session_core::Error::WrongType { .. }));
    // Changes before the error are saved, as on every response.
    assert_eq!(cookies(&response).len(), 1);
    let body = text(response).await;
    assert!(
        body.starts_with("session key \"hunter2\" holds another type"),
        "{body}"
    );
}

#[tokio::test]
async fn whatever_the_status_the_session_is_saved() {
    for status in [
        StatusCode::NOT_FOUND,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SEE_OTHER,
    ] {
        let service = layer().wrap(service_fn(
            move |request: Request<Empty<Bytes>>| async move {
                request.session().await?.insert("seen", true)?;
                let mut response = Response::<Full<Bytes>>::default();
                *response.status_mut() = status;
                Ok::<_, Error>(response)
            },
        ));
        let response = send(&service, None).await;
        assert_eq!((response.status(), cookies(&response).len()), (status, 1));
    }
}

#[tokio::test]
async fn a_session_that_does_not_fit_replaces_the_response() {
    let service = layer().wrap(service_fn(async |request: Request<Empty<Bytes>>| {
        let noise: Vec<u64> = (0..1000_u64)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        request.session().await?.insert("noise", noise)?;
        answer("never seen")
    }));
    let response = send(&service, None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert!(cookies(&response).is_empty());
    let error = response.extensions().get::<session_core::Error>().unwrap();
    assert!(
        matches!(error, session_core::Error::TooLarge { limit: 4096, .. }),
        "{error}"
    );
    let body = text(response).await;
    assert!(
        body.starts_with("the session does not fit into cookie"),
        "{body}"
    );
}

#[tokio::test]
async fn a_store_that_hangs_is_a_503() {
    async fn news(request: Request<Empty<Bytes>>) -> Answer {
        let session = request.session_best_effort().await?;
        answer(format!(
            "{} {:?}",
            session.is_unavailable(),
            session.insert("a", 1)
        ))
    }
    let limit = Duration::from_millis(100);
    let sessions = builder().deadlines(limit, limit).build_stored().unwrap();
    let works = SessionLayer::stored(sessions.clone(), Arc::new(MemoryStore::new()))
        .wrap(service_fn(visit));
    let cookie = cookies(&send(&works, None).await).pop().unwrap();

    let hangs = SessionLayer::stored(sessions, Arc::new(Hanging));
    // While it is loaded, and, without a cookie, while it is saved.
    for cookie in [Some(&*cookie), None] {
        let response = send(&hangs.wrap(service_fn(visit)), cookie).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
        assert!(cookies(&response).is_empty());
        assert_eq!(
            response.extensions().get(),
            Some(&session_core::Error::Unavailable)
        );
    }
    let response = send(&hangs.wrap(service_fn(news)), Some(&cookie)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response).await, "true Err(Unavailable)");
}
