//! Without the feature `os` the builder asks for clock and random source, and needs nothing else.
//! `cargo test -p session-core --no-default-features --test no_os`

#![cfg(not(feature = "os"))]
#![allow(clippy::unwrap_used)]

use session_core::testing::{ManualClock, reopen};
use session_core::{ConfigError, EntropyError, EntropySource, SecretKey, Sessions};

struct Counting;

impl EntropySource for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes
            .iter_mut()
            .zip(0..)
            .for_each(|(byte, number)| *byte = number);
        Ok(())
    }
}

#[test]
fn clock_and_random_source_are_asked_for() {
    let key = || SecretKey::new("u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c").unwrap();
    let error = Sessions::builder(key())
        .random(Counting)
        .build()
        .unwrap_err();
    assert_eq!(error, ConfigError::Missing("clock"));
    let error = Sessions::flask_builder("dev")
        .clock(ManualClock::at(0))
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no random: without the feature \"os\" the builder needs .random(..)"
    );

    let sessions = Sessions::builder(key())
        .clock(ManualClock::at(1_700_000_000))
        .random(Counting)
        .build()
        .unwrap();
    let session = sessions.open(&http::HeaderMap::new());
    session.flash("hello", "info").unwrap();
    let mut response = http::HeaderMap::new();
    sessions.close(&session, &mut response).unwrap();
    assert_eq!(
        reopen(&sessions, &response).take_flashes().unwrap()[0].message(),
        "hello"
    );
}
