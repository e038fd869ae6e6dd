//! T7: the log says what happened and holds no cookie and no value; an error names the key of the map.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::routing::get;
use axum::{Router, extract::Path};
use session_axum::{Error, SecretKey, Session, SessionLayer, Sessions};
use tower::ServiceExt;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn act(session: Session, Path(action): Path<String>) -> Result<String, Error> {
    match action.as_str() {
        "login" => {
            session.log_in("hunter-user")?;
            session.insert("hunter-key", "hunter-value")?;
        }
        "clear" => session.clear()?,
        "wrong" => drop(session.get::<i64>("hunter-key")?),
        "large" => session.insert(
            "hunter-key",
            (0..2000_u64).map(|n| n * n * n).collect::<Vec<_>>(),
        )?,
        _ => {}
    }
    Ok(session.len().to_string())
}

#[tokio::test]
async fn t7_events_are_logged_and_nothing_else() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let key = SecretKey::generate().unwrap();
    let key_text = String::from_utf8(key.expose().to_vec()).unwrap();
    let sessions = Sessions::builder(key)
        .insecure_plain_http()
        .build()
        .unwrap();
    let app = Router::new()
        .route("/{action}", get(act))
        .layer(SessionLayer::new(sessions));
    let mut jar = String::from("session=forged; session=forged-again");
    let mut values = vec!["forged".to_owned()];
    for action in ["read", "login", "login", "wrong", "large", "clear"] {
        let request = Request::builder()
            .uri(format!("/{action}"))
            .header(COOKIE, &jar)
            .body(Body::empty())
            .unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            jar = cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned();
            values.extend(
                jar.split_once('=')
                    .unwrap()
                    .1
                    .split('.')
                    .filter(|part| part.len() > 8)
                    .map(str::to_owned),
            );
        }
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "WARN session: insecure_plain_http",
        "session rejected: the cookie is not of the form of a session",
        "2 session cookies in one request",
        "session created",
        "session renewed",
        "session cleared",
        "ERROR session: the response was replaced error=session key \"hunter-key\" holds another type",
        "the session does not fit into cookie \"session\"",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert!(values.len() > 3);
    values.extend([key_text, "hunter-value".into(), "hunter-user".into()]);
    for secret in values {
        assert!(!text.contains(&secret), "{secret:?} is in\n{text}");
    }
}
