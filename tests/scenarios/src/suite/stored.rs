//! Behaviour that only sessions on the server have.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{Client, Mode, Scenario, Scene, Sent, Target, visited};
use crate::client::Request;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "the id stays for a write",
        left_out: not_stored,
        play: constant,
    },
    Scenario {
        name: "a login gives another id",
        left_out: not_stored,
        play: login,
    },
    Scenario {
        name: "a logout ends it for a copy, too",
        left_out: not_stored,
        play: logout,
    },
    Scenario {
        name: "more than a cookie holds",
        left_out: not_stored,
        play: large,
    },
    Scenario {
        name: "an empty record stays, and a cookie is what it was",
        left_out: not_stored,
        play: emptied,
    },
    Scenario {
        name: "the sessions page ends sessions",
        left_out: not_stored,
        play: sessions_page,
    },
    Scenario {
        name: "who was ended elsewhere begins anew",
        left_out: not_stored,
        play: ended_elsewhere,
    },
    Scenario {
        name: "a cookie session cannot be listed",
        left_out: |target| match target.mode {
            Mode::Stored => Some("it can"),
            _ => target.nature.is_flask.then_some("has no such page"),
        },
        play: unlisted,
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
    client.post(
        "/flash",
        &[("message", "m"), ("category", "c")],
        Sent::Nothing,
    );
    client.get("/flashes", Sent::Nothing);
    client.expect(&Request::get("/fail"), 500, Sent::Nothing);
    assert_eq!(client.jar, id);
    assert_eq!(
        client.session(),
        json!({"cart": ["mug"], "failures": 1, "visits": 2})
    );
}

fn login(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let mut kept = client.clone();
    client.login("ada");
    assert_ne!(client.jar, kept.jar);
    assert_eq!(client.session()["visits"], 1, "what was there comes along");
    // An attacker who planted or copied the old id has no session, no cookie and no access.
    assert_eq!(kept.session(), json!({}));
    kept.get("/visit", Sent::Nothing);
    // A logout that ends nothing must not look successful.
    kept.expect(&Request::post("/logout", &[]), 409, Sent::Nothing);
    assert_eq!(kept.session(), json!({}));
    assert_eq!(client.get("/profile", Sent::Nothing).body, "Welcome ada!");
    // A second login makes a second id.
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
    // A login with an ended session begins a new one.
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
        let sent = if number == 0 {
            Sent::Session
        } else {
            Sent::Nothing
        };
        client.post(&format!("/add_to_cart/{item}{number}"), &[], sent);
    }
    assert_eq!(client.session()["cart"].as_array().unwrap().len(), 5);
}

fn emptied(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.post(
        "/flash",
        &[("message", "m"), ("category", "c")],
        Sent::Session,
    );
    let id = client.jar.clone();
    client.get("/flashes", Sent::Nothing);
    assert_eq!(client.session(), json!({}));
    client.visit(1);
    assert_eq!(client.jar, id);
}

/// Returns the keys of the sessions on the page, and marks the session of the request.
fn listed(client: &mut Client<'_>) -> (Vec<String>, Vec<bool>) {
    let response = client.get("/sessions", Sent::Nothing);
    assert_eq!(
        response.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(
        response.header("cache-control"),
        Some("no-store"),
        "{response:?}"
    );
    let rows = response.body.split("<tr>").filter_map(|row| {
        let (_, key) = row.split_once("name=\"key\" value=\"")?;
        Some((key.split('"').next()?.to_owned(), row.contains("this one")))
    });
    rows.unzip()
}

fn sessions_page(scene: &Scene<'_>) {
    // The store may be older than the suite, so the user names are new ones.
    let number = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let (ada, bob) = (format!("ada {number}"), format!("bob {number}"));
    let redirects = |client: &mut Client<'_>, request: &Request, to: &str, sent| {
        let response = client.expect(request, 303, sent);
        assert_eq!(response.header("location"), Some(to), "{response:?}");
        assert_eq!(
            response.header("cache-control"),
            Some("no-store"),
            "{response:?}"
        );
    };
    let end = |key: &str| Request::post("/sessions/end", &[("key", key)]);
    let [page, end_all] = [
        Request::get("/sessions"),
        Request::post("/sessions/end_all", &[]),
    ];

    // An anonymous client has no sessions.
    let mut stranger = scene.client();
    for request in [&page, &end("x"), &end_all] {
        redirects(&mut stranger, request, "/login", Sent::Nothing);
    }

    let [mut first, mut second, mut third, mut other] = [(); 4].map(|()| scene.client());
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let login = Request::post("/login", &[("username", &ada)]).header("user-agent", firefox);
    first.expect(&login, 303, Sent::Session);
    let login = Request::post("/login", &[("username", &ada)])
        .header("user-agent", "<script>\"'& of the second");
    second.expect(&login, 303, Sent::Session);
    other.login(&bob);
    assert!(
        first
            .send(&Request::get("/"))
            .body
            .contains("href=\"/sessions\"")
    );

    let (keys, this) = listed(&mut first);
    assert_eq!(this, [true, false], "who logged in first stands first");
    assert_eq!(listed(&mut second), (keys.clone(), vec![false, true]));
    let body = first.get("/sessions", Sent::Nothing).body;
    assert!(
        body.contains("Firefox on Linux") && body.contains("&lt;script&gt;&#34;&#39;&amp; of"),
        "{body}"
    );

    // The key of another user's session ends nothing, nor does an invalid key.
    let (theirs, _) = listed(&mut other);
    redirects(&mut first, &end(&theirs[0]), "/sessions", Sent::Nothing);
    redirects(&mut other, &end(&keys[0]), "/sessions", Sent::Nothing);
    for key in ["", "x", &keys[0][1..]] {
        let response = first.expect(&end(key), 400, Sent::Nothing);
        assert!(response.body.contains("key must be"), "{response:?}");
    }
    assert_eq!(other.session()["username"], *bob);
    assert_eq!(listed(&mut first).0, keys);

    redirects(&mut first, &end(&keys[1]), "/sessions", Sent::Nothing);
    second.expect(&Request::get("/profile"), 303, Sent::Nothing);
    assert_eq!(second.session(), json!({}));
    assert_eq!(listed(&mut first), (vec![keys[0].clone()], vec![true]));

    // Ending the current session is a logout.
    third.login(&ada);
    let kept = first.clone();
    redirects(&mut first, &end(&keys[0]), "/login", Sent::Removal);
    first = kept;
    assert_eq!(first.session(), json!({}));
    assert_eq!(listed(&mut third).1, [true]);

    let mut fourth = scene.client();
    fourth.login(&ada);
    let mut kept = third.clone();
    redirects(&mut third, &end_all, "/login", Sent::Removal);
    for client in [&mut kept, &mut fourth] {
        client.expect(&page, 303, Sent::Nothing);
        assert_eq!(client.session(), json!({}));
    }
    assert_eq!(other.session()["username"], *bob);
}

/// For 10 seconds a newer id may be on its way to the browser. After that a write with the old id
/// begins a session.
fn ended_elsewhere(scene: &Scene<'_>) {
    let number = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let user = format!("ended {number}");
    let (mut here, mut there) = (scene.client(), scene.client());
    here.login(&user);
    there.login(&user);
    here.expect(&Request::post("/sessions/end_all", &[]), 303, Sent::Removal);
    assert_eq!(there.get("/visit", Sent::Nothing).body, visited(1));
    sleep(Duration::from_secs(11));
    assert_eq!(there.get("/visit", Sent::Session).body, visited(1));
    there.visit(2);
    there.visit(3);
    there.login(&user);
    assert_eq!(there.session()["username"], *user);
}

fn unlisted(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.login("ada");
    let end = Request::post("/sessions/end", &[("key", "x")]);
    for request in [
        Request::get("/sessions"),
        end,
        Request::post("/sessions/end_all", &[]),
    ] {
        let response = client.expect(&request, 200, Sent::Nothing);
        assert!(response.body.contains("--store"), "{response:?}");
    }
    assert_eq!(client.session()["username"], "ada");
}

fn copy(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.login("ada");
    let mut kept = client.clone();
    client.post("/logout", &[], Sent::Removal);
    // Documented: this is the reason for sessions on the server.
    assert_eq!(kept.get("/profile", Sent::Nothing).body, "Welcome ada!");
}

fn too_large(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    // Text that hardly compresses.
    let mut state = 1_u64;
    let noise: String = (0..6000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(
                b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
                    [(state >> 58) as usize],
            )
        })
        .collect();
    let response = client.expect(
        &Request::post(&format!("/add_to_cart/{noise}"), &[]),
        500,
        Sent::Nothing,
    );
    // The handler's own text is gone. Debug builds tell the cause instead, as the servers of these tests are.
    let cause = "the session does not fit into";
    assert!(response.body.starts_with(cause), "{response:?}");
    assert!(
        scene.mode() == Mode::Flask || response.header("cache-control") == Some("no-store"),
        "{response:?}"
    );
    assert_eq!(client.session(), json!({"visits": 1}));
    client.visit(2);
}
