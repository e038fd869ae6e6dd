//! The answers of every route to a new client, and the path of a session through the routes.

mod each;

use serde_json::json;

use each::each_route;

use super::{Mode, Scenario, Scene, Sent, everywhere};
use crate::client::Request;
use crate::model::escaped;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "each route, to somebody new",
        left_out: everywhere,
        play: each_route,
    },
    Scenario {
        name: "a session goes round",
        left_out: everywhere,
        play: round,
    },
    Scenario {
        name: "login, profile, logout",
        left_out: everywhere,
        play: login,
    },
    Scenario {
        name: "the page",
        left_out: |target| target.nature.is_flask.then_some("draws no page"),
        play: page,
    },
    Scenario {
        name: "redirects carry the cookie",
        left_out: everywhere,
        play: redirects,
    },
    Scenario {
        name: "HEAD answers as GET, without a body",
        left_out: everywhere,
        play: head,
    },
];

fn round(scene: &Scene<'_>) {
    let mut client = scene.client();
    for visits in 1..=3 {
        client.visit(visits);
    }
    client.post("/add_to_cart/mug", &[], scene.change());
    client.post("/add_to_cart/hat", &[], scene.change());
    assert_eq!(
        client.get("/cart", Sent::Nothing).json(),
        json!(["mug", "hat"])
    );
    assert_eq!(
        client.session(),
        json!({"cart": ["mug", "hat"], "visits": 3})
    );
    // No other client sees any of it.
    assert_eq!(scene.client().session(), json!({}));
}

fn login(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    assert_eq!(client.login("ada").header("location"), Some("/profile"));
    assert_eq!(client.get("/profile", Sent::Nothing).body, "Welcome ada!");
    assert_eq!(client.session()["user_id"], 123);
    client.post("/logout", &[], Sent::Removal);
    assert_eq!(client.jar.value, None);
    let response = client.expect(&Request::get("/profile"), 303, Sent::Nothing);
    assert_eq!(response.header("location"), Some("/login"));
    client.visit(1);
}

fn page(scene: &Scene<'_>) {
    let mut client = scene.client();
    assert!(
        client
            .get("/", Sent::Nothing)
            .body
            .contains("Not logged in")
    );
    client.login("<Zoë>");
    let page = client.get("/", scene.change()).body;
    for part in [
        "Logged in as <strong>&lt;Zoë&gt;</strong>",
        &*escaped("Logged in as <Zoë>"),
    ] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    // The flash was shown, and is gone.
    assert_eq!(client.get("/flashes", Sent::Nothing).json(), json!([]));
    let form = scene.client().get("/login", Sent::Nothing).body;
    assert!(form.contains("name=\"username\""), "{form}");
}

fn redirects(scene: &Scene<'_>) {
    let mut client = scene.client();
    let response = client.login("ada");
    assert!(response.set_cookie().is_some(), "{response:?}");
    // A redirect from the profile of an anonymous client does not change the session.
    let mut stranger = scene.client();
    stranger.visit(1);
    let response = stranger.expect(&Request::get("/profile"), 303, Sent::Nothing);
    assert_eq!(response.header("location"), Some("/login"));
    assert!(response.varies_by_cookie(), "{response:?}");
    if scene.mode() == Mode::Flask {
        // A redirect also refreshes a permanent session.
        stranger.post("/permanent", &[("on", "1")], Sent::Permanent);
        stranger.expect(&Request::get("/profile"), 303, Sent::Permanent);
    }
}

fn head(scene: &Scene<'_>) {
    for path in [
        "/",
        "/visit",
        "/login",
        "/profile",
        "/cart",
        "/flashes",
        "/session",
        "/untouched",
        "/fail",
    ] {
        let (mut by_head, mut by_get) = (scene.client(), scene.client());
        for client in [&mut by_head, &mut by_get] {
            client.visit(1);
            client.post(
                "/flash",
                &[("message", "m"), ("category", "c")],
                scene.change(),
            );
        }
        let (head, get) = (
            by_head.send(&Request::head(path)),
            by_get.send(&Request::get(path)),
        );
        assert_eq!(head.body, "", "{path}");
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(scene.sent(&head), scene.sent(&get), "{path}");
        for name in ["content-type", "location", "vary", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        if let (Some(head), Some(get)) =
            (head.header("content-length"), get.header("content-length"))
        {
            // The page shows the age of the session.
            assert!(path == "/" || head == get, "{path}: {head} {get}");
        }
        assert_eq!(by_head.session(), by_get.session(), "what {path} left");
    }
}
