//! The rules of closing: which cookie is sent, and when.

use serde_json::json;

use super::{Mode, Scenario, Scene, Sent, everywhere};
use crate::client::Request;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "unchanged: no Set-Cookie",
        left_out: everywhere,
        play: unchanged,
    },
    Scenario {
        name: "changed: one Set-Cookie",
        left_out: everywhere,
        play: changed,
    },
    Scenario {
        name: "emptied: the cookie is removed",
        left_out: everywhere,
        play: emptied,
    },
    Scenario {
        name: "a logout without a cookie",
        left_out: everywhere,
        play: logout_of_nobody,
    },
    Scenario {
        name: "permanent, refreshed, and back",
        left_out: everywhere,
        play: permanent,
    },
    Scenario {
        name: "what is no route",
        left_out: everywhere,
        play: no_route,
    },
    Scenario {
        name: "a handler's 500 keeps the change",
        left_out: everywhere,
        play: fails,
    },
    Scenario {
        name: "flashes are seen once",
        left_out: everywhere,
        play: flashes,
    },
];

const READS: [&str; 3] = ["/session", "/cart", "/flashes"];

fn unchanged(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let cookie = client.jar.clone();
    for _ in 0..2 {
        for path in READS {
            let response = client.get(path, Sent::Nothing);
            assert_eq!(
                response
                    .header("vary")
                    .map(str::to_ascii_lowercase)
                    .as_deref(),
                Some("cookie"),
                "{response:?}"
            );
            let cache = if scene.is_flask() {
                None
            } else {
                Some("no-store")
            };
            assert_eq!(
                response.header("cache-control"),
                cache,
                "the handler's own: {response:?}"
            );
        }
        let untouched = client.get("/untouched", Sent::Nothing);
        for name in ["vary", "cache-control"] {
            assert_eq!(untouched.header(name), None, "{untouched:?}");
        }
    }
    assert_eq!(client.jar, cookie);
}

fn changed(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    // Three changes and a flash in one handler are one header; `Client::send` refuses two.
    client.login("ada");
    client.visit(2);
    for (path, form) in [
        ("/add_to_cart/mug", &[][..]),
        ("/flash", &[("message", "m"), ("category", "c")]),
    ] {
        let before = client.jar.clone();
        client.post(path, form, scene.change());
        assert_eq!(before == client.jar, scene.mode() == Mode::Stored, "{path}");
    }
}

fn emptied(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    client.post("/logout", &[], Sent::Removal);
    assert_eq!(client.jar.value, None);
    assert_eq!(client.session(), json!({}));
    // Taking the last flash also empties a session. A record on the server stays until it expires.
    client.post(
        "/flash",
        &[("message", "m"), ("category", "c")],
        Sent::Session,
    );
    let sent = if scene.mode() == Mode::Stored {
        Sent::Nothing
    } else {
        Sent::Removal
    };
    assert_eq!(client.get("/flashes", sent).json(), json!([["c", "m"]]));
    assert_eq!(client.jar.value.is_some(), scene.mode() == Mode::Stored);
    assert_eq!(client.session(), json!({}));
    // A permanent cookie is removed with the same attributes.
    client.jar.value = None;
    client.visit(1);
    client.post("/permanent", &[("on", "1")], Sent::Permanent);
    client.post("/logout", &[], Sent::Removal);
    client.visit(1);
}

fn logout_of_nobody(scene: &Scene<'_>) {
    let mut client = scene.client();
    let sent = if scene.mode() == Mode::Flask {
        Sent::Removal
    } else {
        Sent::Nothing
    };
    for _ in 0..2 {
        let response = client.post("/logout", &[], sent);
        assert_eq!(response.body, "Logged out successfully!");
        assert!(response.varies_by_cookie(), "{response:?}");
    }
}

fn permanent(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    client.post("/permanent", &[("on", "1")], Sent::Permanent);
    // Flask refreshes on each request. Ours refreshes after a tenth of the lifetime, and only if
    // the handler asks for the session.
    let (refreshed, changed) = match scene.mode() {
        Mode::Flask => (Sent::Permanent, Sent::Permanent),
        Mode::Ours => (Sent::Nothing, Sent::Permanent),
        Mode::Stored => (Sent::Nothing, Sent::Nothing),
    };
    for path in ["/untouched", "/session", "/login", "/untouched"] {
        let response = client.get(path, refreshed);
        assert!(
            path != "/untouched" || response.varies_by_cookie() == (refreshed != Sent::Nothing),
            "{response:?}"
        );
    }
    client.expect(&Request::get("/missing"), 404, refreshed);
    client.expect(&Request::post("/permanent", &[("on", "2")]), 400, refreshed);
    client.get("/visit", changed);
    client.post("/permanent", &[("on", "0")], Sent::Session);
    client.get("/untouched", Sent::Nothing);
    let mut expected = json!({"visits": 2});
    if scene.mode() == Mode::Flask {
        expected["_permanent"] = false.into();
    }
    assert_eq!(client.session(), expected);
}

fn no_route(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    for (request, status) in [
        (Request::get("/missing"), &[404][..]),
        (Request::head("/missing"), &[404]),
        (Request::post("/missing", &[("a", "b")]), &[404]),
        // Frameworks differ in their answer to a wrong method.
        (Request::get("/logout"), &[404, 405]),
        (Request::get("/add_to_cart/mug"), &[404, 405]),
    ] {
        let response = client.send(&request);
        assert!(
            status.contains(&response.status),
            "{request:?}: {response:?}"
        );
        for name in ["set-cookie", "vary", "cache-control"] {
            assert_eq!(
                response.header(name),
                None,
                "nobody asked: {request:?}: {response:?}"
            );
        }
    }
    client.visit(2);
}

fn fails(scene: &Scene<'_>) {
    let mut client = scene.client();
    for failures in 1..=3 {
        let sent = if failures == 1 {
            Sent::Session
        } else {
            scene.change()
        };
        let response = client.expect(&Request::get("/fail"), 500, sent);
        assert_eq!(
            response.body,
            format!("This page has failed {failures} times")
        );
    }
    assert_eq!(client.session(), json!({"failures": 3}));
}

fn flashes(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let all = [
        ("info", "one"),
        ("", ""),
        ("info", "three"),
        ("<b>", "four"),
    ];
    for (category, message) in all {
        client.post(
            "/flash",
            &[("message", message), ("category", category)],
            scene.change(),
        );
    }
    assert_eq!(client.get("/flashes", scene.change()).json(), json!(all));
    assert_eq!(client.get("/flashes", Sent::Nothing).json(), json!([]));
    client.post(
        "/flash",
        &[("message", "again"), ("category", "info")],
        scene.change(),
    );
    client.visit(2);
    assert_eq!(
        client.get("/flashes", scene.change()).json(),
        json!([["info", "again"]])
    );
    assert_eq!(client.session(), json!({"visits": 2}));
}
