//! Any text in requests and answers, and its transport: one connection for several clients, HTTP/2.

use serde_json::json;

use super::{Panics, Scenario, Scene, Sent, everywhere, visited};
use crate::client::{Connection, Request, Response, encoded};
use crate::http2;
use crate::model::escaped;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "any text, there and back",
        left_out: everywhere,
        play: texts,
    },
    Scenario {
        name: "percent-encoded path segments",
        left_out: everywhere,
        play: segments,
    },
    Scenario {
        name: "plus and percent in forms",
        left_out: everywhere,
        play: forms,
    },
    Scenario {
        name: "several people on one connection",
        left_out: |target| target.nature.is_flask.then_some("its server keeps none"),
        play: one_connection,
    },
    Scenario {
        name: "HTTP/2, with the cookies in several fields",
        left_out: |target| (!target.nature.http2).then_some("it is not spoken"),
        play: over_http2,
    },
    Scenario {
        name: "HTTP/2: a panic ends its own stream",
        left_out: |target| (!target.nature.http2).then_some("it is not spoken"),
        play: panics_over_http2,
    },
];

const TEXTS: [&str; 9] = [
    "Zoë 🎉 日本",
    "e\u{301}\u{2028}\u{ffff}\u{10ffff}",
    "<b>&amp;\"'",
    "a\\b\"c",
    "tab\tline\nreturn\r\n",
    "\u{7f}\u{0}\u{1b}",
    "%41 + ; , =",
    "{\" t\": 1}",
    " ",
];

fn texts(scene: &Scene<'_>) {
    for text in TEXTS {
        let mut client = scene.client();
        client.login(text);
        assert_eq!(
            client.get("/profile", Sent::Nothing).body,
            format!("Welcome {}!", escaped(text))
        );
        client.post(
            "/flash",
            &[("message", text), ("category", text)],
            scene.change(),
        );
        let body = client
            .post(
                &format!("/add_to_cart/{}", encoded(text)),
                &[],
                scene.change(),
            )
            .body;
        assert_eq!(body, format!("Added product {text} to cart"));
        let flashes = json!([["success", format!("Logged in as {text}")], [text, text]]);
        assert_eq!(client.get("/flashes", scene.change()).json(), flashes);
        assert_eq!(
            client.session(),
            json!({"cart": [text], "user_id": 123, "username": text})
        );
    }
}

fn segments(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let mut expected = Vec::new();
    for (segment, item) in [
        ("mug", "mug"),
        ("%6D%75%67", "mug"),
        ("b%C3%A4r", "bär"),
        ("%2541", "%41"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("a%3Fb%23c", "a?b#c"),
        ("%2E%2E", ".."),
        ("a;b,c=d:e@f", "a;b,c=d:e@f"),
        ("mug?size=2", "mug"),
    ] {
        let body = client
            .post(&format!("/add_to_cart/{segment}"), &[], scene.change())
            .body;
        assert_eq!(body, format!("Added product {item} to cart"), "{segment}");
        expected.push(item);
    }
    // A name that is no path segment, or not UTF-8, is not a product, and no 500.
    for segment in ["", "a/b", "%FF"] {
        let response = client.send(&Request::post(&format!("/add_to_cart/{segment}"), &[]));
        // Some frameworks refuse bytes that are not UTF-8, others replace them by U+FFFD.
        let read = segment == "%FF" && response.status == 200;
        assert!(
            read || (400..500).contains(&response.status),
            "{segment:?}: {response:?}"
        );
        if read {
            expected.push("\u{fffd}");
        }
    }
    assert_eq!(client.get("/cart", Sent::Nothing).json(), json!(expected));
}

fn forms(scene: &Scene<'_>) {
    let form = Request::post("/login", &[]);
    for (body, name) in [
        ("username=a+b", "a b"),
        ("username=a%2Bb", "a+b"),
        ("username=%41%25", "A%"),
        ("username=", ""),
        ("other=1&username=ada&more=2", "ada"),
        ("username=a=b", "a=b"),
        ("username=%E2%82%AC", "€"),
    ] {
        let mut client = scene.client();
        client.expect(
            &Request {
                body: body.to_owned(),
                ..form.clone()
            },
            303,
            Sent::Session,
        );
        assert_eq!(client.session()["username"], name, "{body}");
    }
}

fn one_connection(scene: &Scene<'_>) {
    let (mut ada, mut bob) = (scene.client(), scene.client());
    ada.visit(1);
    let mut connection = Connection::open(scene.target.address).unwrap();
    for visits in 1..=3 {
        for (client, before) in [(&mut ada, 1), (&mut bob, 0)] {
            for (path, body) in [
                ("/visit", visited(before + visits)),
                ("/untouched", "nothing".to_owned()),
            ] {
                let request = client.jar.on(&Request::get(path));
                let response = connection.send(&request);
                scene.note(&request, &response);
                let response = response.unwrap();
                assert_eq!((response.status, &response.body), (200, &body));
                client.keep(&response);
            }
        }
        // A client without a cookie in between is anonymous.
        let response = connection.send(&Request::get("/session")).unwrap();
        assert_eq!((&*response.body, response.set_cookie()), ("{}", None));
        // Chunks are read to their exact end.
        let response = connection
            .send(&ada.jar.on(&Request::get("/late")))
            .unwrap();
        assert!(
            response
                .body
                .contains("changed after the head of its response"),
            "{response:?}"
        );
        let response = connection
            .send(&ada.jar.on(&Request::head("/session")))
            .unwrap();
        assert_eq!((response.status, &*response.body), (200, ""));
    }
    assert_ne!(ada.jar, bob.jar);
}

fn over_one(scene: &Scene<'_>, requests: &[Request]) -> Vec<std::io::Result<Response>> {
    let responses = http2::send(scene.target.address, requests).unwrap();
    for (request, response) in requests.iter().zip(&responses) {
        scene.note(request, response);
    }
    responses
}

fn over_http2(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let pair = client.pair();
    let split = |path: &str| {
        Request::get(path)
            .cookie("a=b")
            .cookie(&*pair)
            .cookie("c=d")
    };
    let requests = [
        split("/visit"),
        split("/session"),
        split("/untouched"),
        Request::get("/session"),
        Request::post("/login", &[("username", "Zoë")]).cookie(&*pair),
        Request::head("/visit"),
        Request::get("/late"),
        Request::get("/missing"),
        Request::post("/logout", &[]).cookie("a=b").cookie(&*pair),
    ];
    let responses = over_one(scene, &requests)
        .into_iter()
        .map(Result::unwrap)
        .collect::<Vec<_>>();
    let seen: Vec<_> = responses
        .iter()
        .map(|response| (response.status, scene.sent(response), response.body.clone()))
        .collect();
    let (visited, change) = (visited(2), scene.change());
    assert_eq!(seen[0], (200, change, visited));
    let visits = if change == Sent::Nothing { 2 } else { 1 };
    assert_eq!(
        (seen[1].1, responses[1].json()),
        (Sent::Nothing, json!({"visits": visits}))
    );
    assert_eq!(seen[2], (200, Sent::Nothing, "nothing".to_owned()));
    assert_eq!(seen[3].1, Sent::Nothing);
    assert_eq!(responses[3].json(), json!({}));
    assert_eq!(
        (seen[4].0, seen[4].1, responses[4].header("location")),
        (303, Sent::Session, Some("/profile"))
    );
    assert_eq!(seen[5], (200, Sent::Session, String::new()));
    assert_eq!((seen[6].0, seen[6].1), (200, Sent::Nothing));
    assert!(
        scene.is_flask() || seen[6].2.contains("changed after the head of its response"),
        "{:?}",
        seen[6]
    );
    assert_eq!((seen[7].0, seen[7].1), (404, Sent::Nothing));
    // On the server the login has changed the session's id, so a logout with the old id fails with
    // an error.
    let logged_out = if change == Sent::Nothing {
        (409, Sent::Nothing)
    } else {
        (200, Sent::Removal)
    };
    assert_eq!((seen[8].0, seen[8].1), logged_out);
    // The session continues over HTTP/1.1.
    client.keep(&responses[4]);
    assert_eq!(client.get("/profile", Sent::Nothing).body, "Welcome Zoë!");
}

fn panics_over_http2(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let requests = ["/session", "/panic", "/session", "/panic", "/visit"];
    let requests = requests.map(|path| client.jar.on(&Request::get(path)));
    let responses = over_one(scene, &requests);
    for (request, response) in requests.iter().zip(responses) {
        if request.path != "/panic" {
            let response = response.unwrap();
            assert_eq!(response.status, 200, "{request:?}: {response:?}");
            assert!(
                request.path == "/visit" || response.body == r#"{"visits":1}"#,
                "{response:?}"
            );
        } else if scene.target.nature.panics == Panics::Cut {
            assert!(response.is_err(), "a panic was answered: {response:?}");
        } else {
            let response = response.unwrap();
            assert_eq!(
                (response.status, scene.sent(&response)),
                (500, Sent::Nothing),
                "{response:?}"
            );
        }
    }
    client.visit(if scene.change() == Sent::Nothing {
        3
    } else {
        2
    });
}
