//! One request to an axum application of its own, for behaviour that the tour has no route for.

use std::sync::mpsc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::routing::get;
use scenarios::jar::{Jar, SetCookie};
use session_axum::{Session, SessionLayer, Sessions};
use tower::ServiceExt as _;

/// Runs `act` in a handler, with the cookie of `jar`, which keeps what comes back. Also whether a cookie was set.
pub(crate) fn in_axum<R: Send + 'static>(
    sessions: &Sessions,
    jar: &mut Jar,
    act: impl Fn(&Session) -> R + Clone + Send + Sync + 'static,
) -> (R, bool) {
    let (sender, receiver) = mpsc::channel();
    let handler = move |session: Session| {
        sender.send(act(&session)).unwrap();
        async { "ok" }
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(SessionLayer::new(sessions.clone()));
    let mut request = Request::get("/");
    if let Some(value) = &jar.value {
        request = request.header(header::COOKIE, format!("session={value}"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let response = runtime
        .block_on(app.oneshot(request.body(Body::empty()).unwrap()))
        .unwrap();
    assert_eq!(response.status(), 200);
    let set_cookie = response.headers().get(header::SET_COOKIE);
    let set_cookie = set_cookie.map(|value| SetCookie::parse(value.to_str().unwrap()));
    jar.keep(set_cookie.as_ref());
    (receiver.recv().unwrap(), set_cookie.is_some())
}
