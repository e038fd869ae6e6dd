//! Handlers and middleware that no layer reaches: 500, whose cause is in the log and, in a debug build, in the body.

use super::*;

const OUTSIDE: &str = "a session is asked for outside of its layer, or before the layer has run: \
     `.layer(SessionLayer::new(sessions))` covers the routes and the layers that were added before it, so move it below \
     all routes and below the middleware that asks";

async fn assert_tells(app: &Router, log: impl Fn() -> String, expected: &str) {
    let response = send(app, &[]).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        response.headers()[CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    let body = text(response).await;
    assert!(body.starts_with(expected), "{body}");
    let line = format!("ERROR session: the response was replaced error={expected}\n");
    let logged = log();
    assert!(logged.ends_with(&line), "{logged}");
}

#[tokio::test]
async fn a_route_that_was_added_after_the_layer() {
    let log = logged();
    let app = Router::new()
        .layer(SessionLayer::new(sessions()))
        .route("/", get(visit))
        // A layer covers nothing before it wraps a route.
        .merge(
            Router::new()
                .route("/in", get(visit))
                .layer(SessionLayer::new(sessions())),
        );
    assert_tells(&app, log, OUTSIDE).await;
}

#[tokio::test]
async fn middleware_that_runs_before_the_layer() {
    async fn guard(session: Session, request: Request, next: Next) -> Response<Body> {
        match session.user() {
            Some(_) => next.run(request).await,
            None => StatusCode::UNAUTHORIZED.into_response(),
        }
    }

    let log = logged();
    let app = Router::new()
        .route("/", get(visit))
        .layer(SessionLayer::new(sessions()))
        .layer(middleware::from_fn(guard));
    assert_tells(&app, log, OUTSIDE).await;
}

#[tokio::test]
async fn without_any_layer_one_is_missing() {
    struct Nowhere;

    async fn handler(_: Session<Nowhere>) {}

    let log = logged();
    let app = Router::new().route("/", get(handler));
    let missing = "a session is asked for, but the application provides none: add \
                   `.layer(SessionLayer::new(sessions).marked::<Nowhere>())` after the routes";
    assert_tells(&app, log, missing).await;
}

#[tokio::test]
async fn an_error_type_of_the_application_is_made_from_one_error() {
    #[derive(Debug, thiserror::Error)]
    enum AppError {
        #[error(transparent)]
        Session(#[from] SessionError),
        #[error("there is no such page")]
        NotFound,
    }

    impl IntoResponse for AppError {
        fn into_response(self) -> axum::response::Response {
            match self {
                Self::Session(error) => Error(error).into_response(),
                Self::NotFound => (StatusCode::NOT_FOUND, self.to_string()).into_response(),
            }
        }
    }

    async fn lost(session: Session) -> Result<String, AppError> {
        session.increment("lost", 1)?;
        if session.get::<u8>("lost")? == Some(1) {
            return Err(AppError::NotFound);
        }
        Ok(session.get::<String>("lost")?.unwrap_or_default())
    }

    let log = logged();
    let app = Router::new()
        .route("/", get(lost))
        .layer(SessionLayer::new(sessions()));
    let response = send(&app, &[]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let cookie = format!("cookie: {}", cookies(&response)[0]);
    let response = send(&app, &[&cookie]).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let cause = "session key \"lost\" holds another type: found an integer, expected a string";
    assert!(text(response).await.starts_with(cause));
    assert!(log().contains(&format!(
        "ERROR session: the response was replaced error={cause}"
    )));
}

/// The rejection, which a handler may take as a value.
#[tokio::test]
async fn the_rejection_has_the_text() {
    async fn handler(session: Result<Session, SessionRejection>) -> String {
        session.unwrap_err().to_string()
    }

    let layer = SessionLayer::new(sessions());
    let app = Router::new()
        .merge(Router::new().route("/in", get(visit)).layer(layer))
        .route("/", get(handler));
    assert_eq!(text(send(&app, &[]).await).await, OUTSIDE);
}
