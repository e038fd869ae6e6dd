//! One client, every tour and real Flask, one `SECRET_KEY`: thousands of random steps without a
//! difference.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "it is all tests"
)]

use scenarios::hop::Hop;
use scenarios::jar::Jar;
use scenarios::server::{Flask, Server, Tour};
use serde_json::json;

const SECRET: &str = "the SECRET_KEY of a Flask application: Schlüssel";

/// Walks over Flask first, then these tours. The servers end with the second value.
fn hop(version: &'static str, tours: &[Tour]) -> Option<(Hop, Vec<Server>)> {
    let flask = Flask::find(version)?;
    let mut servers = vec![flask.serve(SECRET)];
    servers.extend(tours.iter().map(|tour| tour.serve(SECRET, &["--flask"])));
    let names = [format!("Flask {version}")]
        .into_iter()
        .chain(tours.iter().map(|tour| tour.name.to_owned()));
    let named = names
        .zip(servers.iter().map(|server| server.address))
        .collect();
    // Flask 2 sends Vary in fewer cases.
    Some((
        Hop {
            servers: named,
            same_vary: version == Flask::NEWEST,
        },
        servers,
    ))
}

fn run(hop: &Hop, seed: u64) {
    let compared = hop.run(seed, 2_000);
    println!("seed {seed}: {compared:?}");
    assert!(
        compared.same_bytes > 100 && compared.same_json > 100,
        "what was compared is no sample"
    );
}

#[test]
fn between_all_tours_and_flask() {
    let Some((hop, _servers)) = hop(Flask::NEWEST, &Tour::ALL) else {
        return;
    };
    for seed in [1, 20_040_229, 0xf1a5_c0de] {
        run(&hop, seed);
    }
}

/// Our own format also has one meaning at every server.
#[test]
fn between_all_tours_with_our_own_cookie() {
    let servers: Vec<Server> = Tour::ALL
        .iter()
        .map(|tour| tour.serve(SECRET, &[]))
        .collect();
    let mut jar = Jar::new("__Host-session");
    let mut visits = 0;
    for first in &servers {
        for second in &servers {
            for server in [first, second] {
                visits += 1;
                let body = jar.get(server.address, "/visit").body;
                assert_eq!(body, format!("You have visited this page {visits} times"));
            }
            jar.post(
                first.address,
                "/flash",
                &[("message", "Zoë 🎉"), ("category", "c")],
            );
            jar.post(second.address, "/add_to_cart/mug", &[]);
            assert_eq!(
                jar.get(second.address, "/flashes").json(),
                json!([["c", "Zoë 🎉"]])
            );
            assert_eq!(jar.get(first.address, "/flashes").json(), json!([]));
            jar.post(first.address, "/login", &[("username", "ada")]);
            assert_eq!(jar.get(second.address, "/profile").body, "Welcome ada!");
            let permanent = jar
                .post(second.address, "/permanent", &[("on", "1")])
                .set_cookie()
                .unwrap();
            assert!(
                permanent.attributes.contains(&"Max-Age=2678400".to_owned()),
                "{permanent:?}"
            );
            jar.get(first.address, "/flashes");
            assert_eq!(
                jar.get(first.address, "/session").json(),
                jar.get(second.address, "/session").json()
            );
        }
        jar.post(first.address, "/logout", &[]);
        assert_eq!(jar.value, None);
        visits = 0;
    }
}

#[test]
fn with_an_older_flask() {
    let Some((hop, _servers)) = hop(Flask::OLD, &[Tour::AXUM]) else {
        return;
    };
    run(&hop, 23);
}
