//! A process in which no subscriber of `tracing` was ever set: the events of sessions go to Rocket's log.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Mutex;

use rocket::error::ErrorKind;
use rocket::{get, routes};
use session_rocket::{Config, Session, SessionFairing};

struct Lines(Mutex<Vec<String>>);

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "session"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0
                .lock()
                .unwrap()
                .push(format!("{} {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

static LINES: Lines = Lines(Mutex::new(Vec::new()));

#[get("/")]
fn index(_session: Session) {}

#[rocket::async_test]
async fn without_a_subscriber_rockets_log_says_it() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let error = rocket::build()
        .mount("/", routes![index])
        .ignite()
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)));
    let figment = rocket::Config::figment().merge(("session.secret_key", "dev"));
    let fairing = || SessionFairing::figment("session", Config::build_flask);
    assert!(
        rocket::custom(figment)
            .attach(fairing())
            .ignite()
            .await
            .is_ok()
    );
    let error = rocket::build()
        .attach(fairing())
        .ignite()
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)));
    let lines = LINES.0.lock().unwrap();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("ERROR ")
            && lines[0].contains("add `.attach(SessionFairing::new(sessions))`")
    );
    assert!(lines[1].starts_with("WARN SECRET_KEY is weak"), "{lines:?}");
    assert!(
        lines[2].starts_with("ERROR expected a table `session`"),
        "{lines:?}"
    );
}
