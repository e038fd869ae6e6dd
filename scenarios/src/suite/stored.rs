//! What only a session on the server can do, and what a cookie cannot.

use serde_json::json;

use super::{Mode, Scenario, Scene, Sent, Target};
use crate::client::Request;

pub(super) const ALL: &[Scenario] = &[
    Scenario { name: "the id stays for a write", left_out: not_stored, play: constant },
    Scenario { name: "a login gives another id", left_out: not_stored, play: login },
    Scenario { name: "a logout ends it for a copy, too", left_out: not_stored, play: logout },
    Scenario { name: "more than a cookie holds", left_out: not_stored, play: large },
    Scenario {
        name: "an empty record stays, and a cookie is what it was",
        left_out: not_stored,
        play: emptied,
    },
    Scenario {
        name: "a copy of a cookie outlives the logout",
        left_out: |target| (target.mode == Mode::Stored).then_some("an id does not"),
        play: copy,
    },
    Scenario {
        name: "what does not fit is an error",
        left_out: |target| match target.mode {
            Mode::Stored => Some("it fits"),
            _ => target.nature.is_flask.then_some("sends it, with a warning"),
        },
        play: too_large,
    },
];

fn not_stored(target: &Target) -> Option<&'static str> {
    (target.mode != Mode::Stored).then_some("the sessions are not on the server")
}

fn constant(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let id = client.jar.clone();
    client.visit(2);
    client.post("/add_to_cart/mug", &[], Sent::Nothing);
    client.post("/flash", &[("message", "m"), ("category", "c")], Sent::Nothing);
    client.get("/flashes", Sent::Nothing);
    client.expect(&Request::get("/fail"), 500, Sent::Nothing);
    assert_eq!(client.jar, id);
    assert_eq!(client.session(), json!({"cart": ["mug"], "failures": 1, "visits": 2}));
}

fn login(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let mut kept = client.clone();
    client.login("ada");
    assert_ne!(client.jar, kept.jar);
    assert_eq!(client.session()["visits"], 1, "what was there comes along");
    // Whoever planted or copied the old id has nothing: no session, no cookie, no way in.
    assert_eq!(kept.session(), json!({}));
    kept.get("/visit", Sent::Nothing);
    kept.post("/logout", &[], Sent::Nothing);
    assert_eq!(kept.session(), json!({}));
    assert_eq!(client.get("/profile", Sent::Nothing).body, "Welcome ada!");
    // A second login is a second id.
    let before = client.jar.clone();
    client.login("bob");
    assert_ne!(client.jar, before);
}

fn logout(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.login("ada");
    let mut kept = client.clone();
    assert_eq!(kept.get("/profile", Sent::Nothing).body, "Welcome ada!");
    client.post("/logout", &[], Sent::Removal);
    for _ in 0..2 {
        kept.expect(&Request::get("/profile"), 303, Sent::Nothing);
        assert_eq!(kept.session(), json!({}));
        kept.get("/visit", Sent::Nothing);
        kept.post("/add_to_cart/mug", &[], Sent::Nothing);
    }
    // A login on what was ended begins anew.
    let dead = kept.jar.clone();
    kept.login("bob");
    assert_ne!(kept.jar, dead);
    assert_eq!(kept.session()["username"], "bob");
    assert_eq!(client.session(), json!({}));
}

fn large(scene: &Scene<'_>) {
    let mut client = scene.client();
    let item = "x".repeat(4000);
    for number in 0..5 {
        let sent = if number == 0 { Sent::Session } else { Sent::Nothing };
        client.post(&format!("/add_to_cart/{item}{number}"), &[], sent);
    }
    assert_eq!(client.session()["cart"].as_array().unwrap().len(), 5);
}

fn emptied(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.post("/flash", &[("message", "m"), ("category", "c")], Sent::Session);
    let id = client.jar.clone();
    client.get("/flashes", Sent::Nothing);
    assert_eq!(client.session(), json!({}));
    client.visit(1);
    assert_eq!(client.jar, id);
}

fn copy(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.login("ada");
    let mut kept = client.clone();
    client.post("/logout", &[], Sent::Removal);
    // Documented, and the reason for sessions on the server.
    assert_eq!(kept.get("/profile", Sent::Nothing).body, "Welcome ada!");
}

fn too_large(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    // Nothing that compresses well.
    let mut state = 1_u64;
    let noise: String = (0..6000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(
                b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[(state >> 58) as usize],
            )
        })
        .collect();
    let response = client.expect(&Request::post(&format!("/add_to_cart/{noise}"), &[]), 500, Sent::Nothing);
    assert_eq!(response.body, "", "the response is replaced");
    assert!(
        scene.mode() == Mode::Flask || response.header("cache-control") == Some("no-store"),
        "{response:?}"
    );
    assert_eq!(client.session(), json!({"visits": 1}));
    client.visit(2);
}
