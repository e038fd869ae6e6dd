//! The effects of a request that fails: a panic, an incomplete form, a late change.

use serde_json::json;

use super::{Mode, Panics, Scenario, Scene, Sent, everywhere};
use crate::client::{Connection, Request};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "a panic leaves nothing half-written",
        left_out: everywhere,
        play: panics,
    },
    Scenario {
        name: "a late change is dropped, and the handler told",
        left_out: everywhere,
        play: late,
    },
    Scenario {
        name: "a session that is asked for too late is not opened, and the handler told",
        left_out: |target| {
            target
                .nature
                .is_flask
                .then_some("a request's session is gone with it, with an exception")
        },
        play: late_open,
    },
    Scenario {
        name: "a form that lacks something harms nothing",
        left_out: everywhere,
        play: bad_forms,
    },
    Scenario {
        name: "a client that hangs up harms nothing",
        left_out: everywhere,
        play: hangs_up,
    },
];

fn panics(scene: &Scene<'_>) {
    let panic = Request::get("/panic");
    let mut client = scene.client();
    client.visit(1);
    for (round, client) in [(2, &mut client), (1, &mut scene.client())] {
        let mut expected = if round == 2 {
            json!({"visits": 1})
        } else {
            json!({})
        };
        let before = client.jar.clone();
        match scene.target.nature.panics {
            Panics::Cut => {
                let request = client.jar.on(&panic);
                let answer = request.try_send(scene.target.address);
                scene.note(&request, &answer);
                assert!(answer.is_err(), "a panic was answered: {answer:?}");
            }
            Panics::Answered => {
                let response = client.send(&panic);
                assert_eq!(response.status, 500, "{response:?}");
                if scene.is_flask() {
                    // An exception in a view is a response with its session: Flask saves the
                    // changes made so far.
                    expected["half"] = true.into();
                } else {
                    assert_eq!(scene.sent(&response), Sent::Nothing, "{response:?}");
                    assert_eq!(client.jar, before);
                }
            }
        }
        assert_eq!(client.session(), expected);
        client.visit(round);
    }
}

fn late(scene: &Scene<'_>) {
    let mut client = scene.client();
    for visits in 0..2 {
        let response = client.get("/late", Sent::Nothing);
        assert!(
            response.body.starts_with("The headers have been sent,\n"),
            "{response:?}"
        );
        assert!(response.varies_by_cookie(), "{response:?}");
        if !scene.is_flask() {
            assert!(
                response
                    .body
                    .contains("changed after the head of its response"),
                "{response:?}"
            );
        }
        let expected = if visits == 0 {
            json!({})
        } else {
            json!({"visits": visits})
        };
        assert_eq!(client.session(), expected);
        client.visit(visits + 1);
    }
    // An earlier change of the session over this connection does not alter the answer.
    assert_eq!(client.session(), json!({"visits": 2}));
}

/// No private content without `Vary`: the headers have left, and do not say that the body depends
/// on a session.
fn late_open(scene: &Scene<'_>) {
    let (mut client, mut permanent) = (scene.client(), scene.client());
    client.visit(1);
    permanent.visit(1);
    permanent.post("/permanent", &[("on", "1")], Sent::Permanent);
    for (client, refreshed) in [
        (&mut client, false),
        (&mut permanent, scene.mode() == Mode::Flask),
    ] {
        // Flask's refresh opens a permanent session even if the view did not ask for it.
        let sent = if refreshed {
            Sent::Permanent
        } else {
            Sent::Nothing
        };
        let response = client.get("/late/open", sent);
        let told = "The headers have been sent,\nand then: the session was opened or changed after";
        assert!(response.body.starts_with(told), "{response:?}");
        assert!(!response.body.contains("visits"), "{response:?}");
        assert_eq!(response.varies_by_cookie(), refreshed, "{response:?}");
    }
}

fn bad_forms(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let plain = Request {
        headers: Vec::new(),
        ..Request::post("/login", &[("username", "ada")])
    };
    for request in [
        Request::post("/login", &[]),
        Request::post("/login", &[("name", "ada")]),
        Request::post("/flash", &[("message", "m")]),
        Request::post("/flash", &[("category", "c")]),
        Request::post("/permanent", &[]),
        Request::post("/permanent", &[("on", "")]),
        Request::post("/permanent", &[("on", "yes")]),
        plain.clone().header("content-type", "text/plain"),
        plain.header("content-type", "application/json"),
    ] {
        let response = client.send(&request);
        assert!(
            (400..500).contains(&response.status),
            "{request:?}: {response:?}"
        );
        assert_eq!(
            scene.sent(&response),
            Sent::Nothing,
            "{request:?}: {response:?}"
        );
        assert_eq!(client.session(), json!({"visits": 1}), "{request:?}");
    }
    client.visit(2);
}

fn hangs_up(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    for path in ["/session", "/late", "/untouched"] {
        // Clients that connect, and some that also send a request, and then disconnect.
        drop(Connection::open(scene.target.address).unwrap());
        let mut connection = Connection::open(scene.target.address).unwrap();
        connection.ask(&client.jar.on(&Request::get(path))).unwrap();
    }
    client.visit(2);
}
