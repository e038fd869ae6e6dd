//! Configurations that do not build, and replies of the wrong kind.

use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;

use crate::builder::Builder;
use crate::error::Error;
use crate::error::config::ConfigError;
use crate::keys::secret_key::SecretKey;
use crate::record::policy::GonePolicy;
use crate::record::store::{Outcome, StoreReply};
use crate::sessions::Sessions;
use crate::stored::step::Step;
use crate::stored::tests::{KEY, START, server, visit};
use crate::testing::ManualClock;
use crate::token::lifetime::Refresh;

#[test]
fn what_does_not_build() {
    let builder = || Sessions::builder(SecretKey::new(KEY).unwrap());
    let refused = |result: Result<(), ConfigError>| result.unwrap_err().to_string();
    let build = |builder: Builder| refused(builder.build().map(drop));
    for builder in [
        builder().on_gone(GonePolicy::Conflict),
        builder().max_sessions_per_user(1),
        builder().cycle_id_every(Duration::from_secs(1)),
        builder().max_record_size(1),
        builder().deadlines(Duration::ZERO, Duration::ZERO),
    ] {
        assert!(build(builder).contains("use build_stored"));
    }
    let flask = refused(Sessions::flask_builder("dev").build_stored().map(drop));
    assert!(
        flask.contains("does not work in Flask's format: its cookie is the session"),
        "{flask}"
    );
    let small = refused(builder().max_cookie_size(200).build_stored().map(drop));
    assert!(
        small.starts_with("MAX_COOKIE_SIZE: the cookie of a stored session takes "),
        "{small}"
    );
    assert!(builder().max_cookie_size(300).build_stored().is_ok());
}

#[test]
fn the_wrong_door_and_the_wrong_answer() {
    let server = server(|builder| builder);
    let cookie = server.begin(visit);
    let (_exchange, session) = server.open(&cookie);
    let cookies = Sessions::builder(SecretKey::new(KEY).unwrap())
        .clock(ManualClock::at(START))
        .build()
        .unwrap();
    assert_eq!(
        cookies.close(&session, &mut HeaderMap::new()),
        Err(Error::NotACookie)
    );
    let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
    let exchange = server.sessions.exchange(&headers);
    let Step::Pending(pending) = exchange.open() else {
        unreachable!("an id is looked up")
    };
    let opened = pending
        .reply(StoreReply::Touched(Outcome::Done))
        .done()
        .unwrap();
    assert_eq!(opened.unwrap_err(), Error::Unavailable);
}

#[test]
fn each_request_refreshes_also_unasked() {
    let server = server(|builder| builder.refresh(Refresh::EachRequest));
    let cookie = server.begin(visit);
    let unopened = |cookie: &str| {
        let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
        let outgoing = server.drive(server.sessions.exchange(&headers).close());
        (server.verbs(), outgoing)
    };
    let (verbs, mut outgoing) = unopened(&cookie);
    let mut response = HeaderMap::new();
    outgoing.apply(&mut response).unwrap();
    assert_eq!((verbs, response.len()), (vec!["load", "touch"], 0));
    assert!(unopened("__Host-session=forged").0.is_empty());
    // The handler did not open the session, so the request is not refused.
    *server.broken.lock().unwrap() = Some("load");
    let (verbs, mut outgoing) = unopened(&cookie);
    assert_eq!(
        (verbs, outgoing.apply(&mut response)),
        (vec!["load"], Ok(()))
    );
    let never = super::server(|builder| builder.refresh(Refresh::Never));
    let cookie = never.begin(visit);
    never.advance(30 * 24 * 3600);
    never.request(&cookie, |_| {});
    assert_eq!(never.verbs(), ["load"]);
}
