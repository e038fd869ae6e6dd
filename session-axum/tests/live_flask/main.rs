//! Against a real Flask: each side reads the cookies of the other, and both send the same cookies. The client that moves
//! between all tours and Flask is in tests/scenarios/tests/hop.rs.
//!
//! Needs Python with Flask, which `scripts/test` installs. `Flask::find` says where it is searched.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "it is all tests"
)]

mod axum_app;
mod keys;
mod types;

use std::net::SocketAddr;

use axum_app::in_axum;
use scenarios::client::Request;
use scenarios::hop::expires_in_a_month;
use scenarios::jar::Jar;
use scenarios::server::{Flask, Tour};
use serde_json::json;
use session_axum::{Session, Sessions};
use session_core::Digest;

const SECRET: &str = "the SECRET_KEY of a Flask application: Schlüssel";

#[test]
fn a_flask_cookie_goes_to_rust_and_back() {
    for flask in Flask::all() {
        let (flask, tour) = (flask.serve(SECRET), Tour::AXUM.serve(SECRET, &["--flask"]));
        for (first, second) in [(flask.address, tour.address), (tour.address, flask.address)] {
            there_and_back(first, second);
        }
    }
}

/// Everything the tour does begins at one server, goes on at the other, and is looked at by the first.
fn there_and_back(first: SocketAddr, second: SocketAddr) {
    let mut jar = Jar::new("session");
    for (server, visits) in [(first, 1), (second, 2), (second, 3), (first, 4)] {
        assert_eq!(
            jar.get(server, "/visit").body,
            format!("You have visited this page {visits} times")
        );
    }

    // A login at the first is one at the second, with its flash; the other way round after a logout.
    for (first, second) in [(first, second), (second, first)] {
        assert_eq!(
            jar.post(first, "/login", &[("username", "Zoë <🎉>")])
                .header("location"),
            Some("/profile")
        );
        assert_eq!(jar.get(second, "/profile").body, "Welcome Zoë &lt;🎉&gt;!");
        assert_eq!(
            jar.get(second, "/flashes").json(),
            json!([["success", "Logged in as Zoë <🎉>"]])
        );
        assert_eq!(jar.get(first, "/flashes").json(), json!([]));
        assert_eq!(
            jar.post(second, "/logout", &[]).body,
            "Logged out successfully!"
        );
        assert_eq!(jar.value, None, "an empty session's cookie is removed");
        assert_eq!(
            jar.get(first, "/profile").header("location"),
            Some("/login")
        );
    }

    jar.post(first, "/add_to_cart/mug", &[]);
    jar.post(second, "/add_to_cart/%22b%C3%A4r%22", &[]);
    jar.post(first, "/add_to_cart/%7F%F0%9F%8E%89", &[]);
    for server in [first, second] {
        assert_eq!(
            jar.get(server, "/cart").json(),
            json!(["mug", "\"bär\"", "\u{7f}🎉"])
        );
    }

    for (first, second) in [(first, second), (second, first)] {
        assert!(expires_in_a_month(&jar.post(
            first,
            "/permanent",
            &[("on", "1")]
        )));
        assert!(
            expires_in_a_month(&jar.get(second, "/untouched")),
            "refreshed on each request"
        );
        assert!(!expires_in_a_month(&jar.post(
            second,
            "/permanent",
            &[("on", "0")]
        )));
        assert_eq!(
            jar.get(first, "/untouched").set_cookie(),
            None,
            "not permanent any more"
        );
    }

    jar.post(
        first,
        "/flash",
        &[("message", "eins"), ("category", "info")],
    );
    jar.post(second, "/flash", &[("message", ""), ("category", "")]);
    jar.post(
        first,
        "/flash",
        &[("message", "drei\n\u{7f}"), ("category", "Fehler 🎉")],
    );
    let (at_first, at_second) = (
        jar.get(first, "/session").json(),
        jar.get(second, "/session").json(),
    );
    assert_eq!(at_first, at_second);
    assert_eq!(
        at_first["_flashes"],
        json!([["info", "eins"], ["", ""], ["Fehler 🎉", "drei\n\u{7f}"]])
    );
    assert_eq!(jar.get(second, "/flashes").json(), at_first["_flashes"]);
    assert_eq!(
        jar.get(first, "/session").json(),
        json!({"_permanent": false, "cart": at_first["cart"]})
    );
}

/// `None`, a counter that is a float, messages whose category is no text: Flask applications have them every day.
#[test]
fn what_flask_applications_store() {
    for flask in Flask::all() {
        let (flask, tour) = (flask.serve(SECRET), Tour::AXUM.serve(SECRET, &["--flask"]));
        let mut jar = Jar::new("session");
        jar.get(flask.address, "/everyday");
        let page = jar.clone().get(tour.address, "/").body;
        assert!(
            page.contains("Saved") && page.contains("Five") && page.contains(">41<"),
            "{page}"
        );
        assert_eq!(
            jar.get(tour.address, "/flashes").json(),
            json!([["", "Saved"], ["5", "Five"]])
        );
        for server in [flask.address, tour.address] {
            let profile = jar.get(server, "/profile");
            assert_eq!(
                profile.header("location"),
                Some("/login"),
                "as without the key: {profile:?}"
            );
        }
        let visits = |count: &str| format!("You have visited this page {count} times");
        assert_eq!(jar.get(tour.address, "/visit").body, visits("42"));
        assert_eq!(jar.get(flask.address, "/visit").body, visits("43.0"));
        assert_eq!(
            jar.get(flask.address, "/session").json(),
            json!({"username": null, "visits": 43.0})
        );
    }
}

#[test]
fn every_tagged_type_both_ways() {
    for flask in Flask::all() {
        let flask = flask.serve(SECRET);
        let sessions = Sessions::flask(SECRET).unwrap();

        // Flask writes, Rust reads.
        let mut from_flask = Jar::new("session");
        from_flask.get(flask.address, "/types/write");
        in_axum(&sessions, &mut from_flask, types::read);
        let described = from_flask.get(flask.address, "/types/read").json();
        assert_eq!(
            described["tuple_none"],
            json!(["tuple", []]),
            "the description names types"
        );

        // Rust writes, Flask reads: the same types, from the very same JSON.
        let mut from_rust = Jar::new("session");
        in_axum(&sessions, &mut from_rust, types::write).0.unwrap();
        assert_eq!(from_rust.content().json, from_flask.content().json);
        assert_eq!(
            from_rust.get(flask.address, "/types/read").json(),
            described
        );
        in_axum(&sessions, &mut from_rust, types::read);
    }
}

#[test]
fn what_rust_does_not_touch_goes_back_byte_for_byte() {
    for flask in Flask::all() {
        let flask = flask.serve(SECRET);
        let sessions = Sessions::flask(SECRET).unwrap();
        let mut jar = Jar::new("session");
        jar.get(flask.address, "/types/write?odd=1");
        let (json, described) = (
            jar.content().json,
            jar.get(flask.address, "/types/read").json(),
        );
        assert!(described["odd_float"].as_str().unwrap().contains("nan"));

        in_axum(&sessions, &mut jar, |session| {
            session.insert("plain2", "Rust").unwrap()
        });
        let ours = r#""plain2":"Rust","#;
        assert_eq!(jar.content().json.replace(ours, ""), json);
        assert_ne!(jar.content().json, json);
        let mut with_ours = described.clone();
        with_ours["plain2"] = json!(["str", "Rust"]);
        assert_eq!(jar.get(flask.address, "/types/read").json(), with_ours);

        in_axum(&sessions, &mut jar, |session| {
            session.remove("plain2").unwrap()
        });
        assert_eq!(jar.content().json, json);
        assert_eq!(jar.get(flask.address, "/types/read").json(), described);
    }
}
