//! The events of stored sessions. In a test binary of their own, because a subscriber is global to the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "the modules are shared with other tests"
)]

#[path = "stored/server.rs"]
mod server;
#[path = "stored/watched.rs"]
mod watched;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use server::{Server, receive};
use watched::Fault;

/// O1, T7: each thing that happens is logged once, with a digest and without id, user, key or value.
#[tokio::test]
async fn o1_events_are_logged_and_nothing_else() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("session=trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let logged = || String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();

    let server = Server::start_with(|builder| {
        builder
            .cycle_id_every(Duration::from_secs(1000))
            .deadlines(Duration::from_millis(100), Duration::from_millis(100))
    })
    .await;
    let (mut all, mut cookies) = (String::new(), Vec::new());
    let mut step = async |path: &str, sent: &str, expected: &[&str]| {
        let answer = server.get(path, sent).await;
        let text = logged();
        for expected in expected {
            assert_eq!(
                text.matches(expected).count(),
                1,
                "{path}: {expected:?} in\n{text}"
            );
        }
        assert_eq!(text.lines().count(), expected.len(), "{path}: {text}");
        all += &text;
        let cookie = answer.cookie.unwrap_or_default();
        cookies.push(cookie.clone());
        cookie
    };
    let first = step(
        "/insert/hunter",
        "",
        &["INFO session: session created digest="],
    )
    .await;
    let malformed = "INFO session: session rejected: the cookie is not of the form of a session";
    step("/read/1", "__Host-session=forged", &[malformed]).await;
    let login = step(
        "/login/hunter",
        &first,
        &["INFO session: session renewed digest="],
    )
    .await;
    let rejected = "INFO session: session rejected: the session was ended, or its id was renewed";
    let gone = "INFO session: session gone: the changes of this request were dropped";
    step("/count/1", &first, &[rejected, gone]).await;
    server.advance(1000);
    let renewed = step("/read/1", &login, &["INFO session: session renewed"]).await;
    step("/read/1", &renewed, &[]).await;
    server.advance(60);
    let reuse = "WARN session: replaced session id used again";
    step("/read/1", &login, &[rejected, reuse]).await;

    server.store.plan("load", 1, Fault::LoseAnswer);
    let failed = "WARN session: the session store failed question=\"load\" error=the connection was cut \
                  source=\"by the test\"";
    step("/read/1", &renewed, &[failed]).await;
    server.store.plan("load", usize::MAX, Fault::Hang);
    let unanswered = "WARN session: the session store gave no answer question=\"load\" time=100ms";
    let again = "DEBUG session: the session store gave no answer question=\"load\" time=50ms";
    let replaced =
        "ERROR session: the response was replaced error=the session store did not answer in time";
    let event = "WARN session: the session store did not answer: the session was not loaded";
    step("/read/1", &renewed, &[again, unanswered, replaced, event]).await;
    server.store.heal();

    step("/insert/number", &renewed, &[]).await;
    let slow = server.send("/count/1-held", &renewed).await;
    server.gate.arrived().await;
    step("/count/1", &renewed, &[]).await;
    server.gate.open();
    receive(slow).await;
    let merged = logged();
    assert!(
        merged.contains(
            "DEBUG session: session written by two concurrent requests; their changes were merged"
        ),
        "{merged}"
    );
    step("/logout/1", &renewed, &["INFO session: session cleared"]).await;

    let parts = cookies
        .iter()
        .filter_map(|cookie| cookie.split_once('='))
        .flat_map(|(_, value)| value.split('.'));
    let secrets: Vec<&str> = parts.filter(|part| part.len() > 8).collect();
    assert!(secrets.len() >= 9);
    for secret in secrets.into_iter().chain(["hunter", server::KEY]) {
        assert!(!all.contains(secret), "{secret:?} is in\n{all}");
    }
}
