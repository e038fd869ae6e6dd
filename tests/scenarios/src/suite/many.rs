//! Concurrent requests, on one session and on sessions of their own.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use super::{Client, Mode, Scenario, Scene, Sent, everywhere, visited};
use crate::client::{Request, Response};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "64 at once on one session",
        left_out: everywhere,
        play: on_one_session,
    },
    Scenario {
        name: "64 at once, each on its own",
        left_out: everywhere,
        play: each_on_its_own,
    },
    Scenario {
        name: "panics beside others harm nobody",
        left_out: everywhere,
        play: beside_panics,
    },
];

const MANY: usize = 64;

/// Sends all requests at one moment, each over a connection of its own, and reports all failures.
fn at_once(scene: &Scene<'_>, requests: &[Request]) -> Vec<std::io::Result<Response>> {
    let barrier = Barrier::new(requests.len());
    thread::scope(|scope| {
        let send = |request| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                Request::try_send(request, scene.target.address)
            })
        };
        let threads: Vec<_> = requests.iter().map(send).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn on_one_session(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    // Each request adds a product, a message or a visit.
    let requests: Vec<_> = (0..MANY)
        .map(|number| match number % 3 {
            0 => Request::get("/visit"),
            1 => Request::post(&format!("/add_to_cart/{number}"), &[]),
            _ => Request::post(
                "/flash",
                &[("message", &number.to_string()), ("category", "c")],
            ),
        })
        .map(|request| client.jar.on(&request))
        .collect();
    let responses: Vec<_> = at_once(scene, &requests)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for (request, response) in requests.iter().zip(&responses) {
        assert_eq!(
            (response.status, scene.sent(response)),
            (200, scene.change()),
            "{request:?}: {response:?}"
        );
    }
    let numbers = |rest| {
        (0..MANY)
            .filter(move |number| number % 3 == rest)
            .map(|number| number.to_string())
    };
    if scene.mode() == Mode::Stored {
        // In any order, no change is lost and none is applied twice.
        let mut flashes = texts(&client.get("/flashes", Sent::Nothing).json(), |flash| {
            flash[1].clone()
        });
        let session = client.session();
        assert_eq!(session["visits"], 1 + numbers(0).count());
        let mut cart = texts(&session["cart"], Value::clone);
        for (list, rest) in [(&mut cart, 1), (&mut flashes, 2)] {
            let mut expected: Vec<_> = numbers(rest).collect();
            expected.sort();
            list.sort();
            assert_eq!(*list, expected);
        }
        return;
    }
    // Each answer has the session with its own change, and the browser stores the last one that
    // arrives.
    for (number, response) in responses.iter().enumerate() {
        let mut one = client.clone();
        one.keep(response);
        let expected = match number % 3 {
            0 => json!({"visits": 2}),
            1 => json!({"cart": [number.to_string()], "visits": 1}),
            _ => {
                let flashes = one.get("/flashes", scene.change()).json();
                assert_eq!(flashes, json!([["c", number.to_string()]]));
                json!({"visits": 1})
            }
        };
        assert_eq!(one.session(), expected);
    }
}

fn texts(list: &Value, of: impl Fn(&Value) -> Value) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| of(item).as_str().unwrap().to_owned())
        .collect()
}

fn each_on_its_own(scene: &Scene<'_>) {
    let mut clients: Vec<Client<'_>> = (0..MANY).map(|_| scene.client()).collect();
    for visits in 1..=3 {
        let requests: Vec<_> = clients
            .iter()
            .map(|client| client.jar.on(&Request::get("/visit")))
            .collect();
        for (client, response) in clients.iter_mut().zip(at_once(scene, &requests)) {
            let response = response.unwrap();
            assert_eq!((response.status, &*response.body), (200, &*visited(visits)));
            client.keep(&response);
        }
    }
    let mut cookies: Vec<_> = clients
        .iter()
        .map(|client| client.jar.value.clone().unwrap())
        .collect();
    cookies.sort();
    cookies.dedup();
    // The content of a signed cookie is equal for all of them; ids differ.
    assert!(
        scene.mode() != Mode::Stored || cookies.len() == MANY,
        "{} ids for {MANY}",
        cookies.len()
    );
}

fn beside_panics(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let all = (0..16).map(|number| Request::get(if number % 2 == 0 { "/panic" } else { "/visit" }));
    let requests: Vec<_> = all.map(|request| client.jar.on(&request)).collect();
    for (request, response) in requests.iter().zip(at_once(scene, &requests)) {
        scene.note(request, &response);
        if request.path == "/visit" {
            assert_eq!(response.unwrap().status, 200);
        } else {
            assert!(response.is_err() || response.unwrap().status == 500);
        }
    }
    let visits = if scene.mode() == Mode::Stored { 9 } else { 1 };
    assert_eq!(client.session(), json!({"visits": visits}));
}
