//! The content of `Cookie`: several headers, several cookies of our name, and values that are no
//! session.

use serde_json::{Value, json};

use super::{Mode, Scenario, Scene, Sent, everywhere, visited};
use crate::client::Request;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "several cookies in one header",
        left_out: everywhere,
        play: several,
    },
    Scenario {
        name: "several Cookie headers",
        left_out: |target| {
            target
                .nature
                .is_flask
                .then_some("its server joins them by commas")
        },
        play: several_headers,
    },
    Scenario {
        name: "hostile cookies are an empty session",
        left_out: everywhere,
        play: hostile,
    },
    Scenario {
        name: "beside bytes that are no text",
        left_out: |target| target.nature.is_flask.then_some("decodes them as Latin-1"),
        play: beside_bytes,
    },
    Scenario {
        name: "every changed byte is refused",
        left_out: everywhere,
        play: changed_bytes,
    },
    Scenario {
        name: "a bad cookie and a logout",
        left_out: everywhere,
        play: bad_and_logout,
    },
];

const FORGED: &str = "eyJ2aXNpdHMiOjk5OTl9.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Returns the cookies of two clients, with 1 and with 2 visits.
fn two(scene: &Scene<'_>) -> (String, String) {
    let (mut first, mut second) = (scene.client(), scene.client());
    first.visit(1);
    second.visit(1);
    second.visit(2);
    (first.pair(), second.pair())
}

fn visits_of(scene: &Scene<'_>, headers: &[&str]) -> Option<u64> {
    let request = headers
        .iter()
        .fold(Request::get("/session"), |request, header| {
            request.cookie(*header)
        });
    scene
        .client()
        .get_with(&request)
        .get("visits")
        .and_then(Value::as_u64)
}

impl super::Client<'_> {
    fn get_with(&mut self, request: &Request) -> Value {
        let response = self.expect(request, 200, Sent::Nothing);
        assert!(response.varies_by_cookie(), "{response:?}");
        response.json()
    }
}

fn several(scene: &Scene<'_>) {
    let (one, two) = two(scene);
    let name = scene.mode().cookie_name();
    let forged = format!("{name}={FORGED}");
    // Our format uses the first valid one, Flask's format the first one.
    let behind_forged = |visits| {
        if scene.mode() == Mode::Flask {
            None
        } else {
            Some(visits)
        }
    };
    for (header, visits) in [
        (format!("{one}; {two}"), Some(1)),
        (format!("{two}; {one}"), Some(2)),
        (format!("a=b; {one}; c=d"), Some(1)),
        (format!("a=b;{one};c=d"), Some(1)),
        (format!("{one}; {forged}"), Some(1)),
        (format!("{forged}; {two}"), behind_forged(2)),
        (format!("{name}=; {two}"), behind_forged(2)),
        (
            format!("{forged}; {forged}; {forged}; {two}"),
            behind_forged(2),
        ),
        // At most four cookies of one name are looked at.
        (
            format!("{forged}; {forged}; {forged}; {forged}; {two}"),
            None,
        ),
        (format!("x{one}"), None),
        (format!("x{one}; {two}"), Some(2)),
    ] {
        assert_eq!(visits_of(scene, &[&header]), visits, "Cookie: {header}");
    }
    // A change with two cookies sends one Set-Cookie, and the new session continues the first one.
    let mut client = scene.client();
    let request = Request::get("/visit").cookie(format!("{two}; {one}"));
    assert_eq!(
        client.expect(&request, 200, scene.change()).body,
        visited(3)
    );
}

fn several_headers(scene: &Scene<'_>) {
    let (one, two) = two(scene);
    let forged = format!("{}={FORGED}", scene.mode().cookie_name());
    let behind_forged = if scene.mode() == Mode::Flask {
        None
    } else {
        Some(2)
    };
    for (headers, visits) in [
        (&["a=b", &*one][..], Some(1)),
        (&[&*one, "a=b"], Some(1)),
        (&["", &*one], Some(1)),
        (&[&*two, &*one], Some(2)),
        (&[&*one, &*forged], Some(1)),
        (&[&*forged, &*two], behind_forged),
        (&[&*forged, "a=b", &*forged, &*two], behind_forged),
    ] {
        assert_eq!(visits_of(scene, headers), visits, "{headers:?}");
    }
}

fn hostile(scene: &Scene<'_>) {
    let name = scene.mode().cookie_name();
    let mut client = scene.client();
    client.visit(1);
    let pair = client.pair();
    let value = client.jar.value.clone().unwrap();
    // An encrypted cookie has no dots.
    let (payload, rest) = value.split_once('.').unwrap_or((&*value, ""));
    let own = |value: &str| format!("{name}={value}").into_bytes();
    let mut headers = vec![
        own(""),
        own("."),
        own(".."),
        own("..."),
        own("a.b.c"),
        own(FORGED),
        own("null"),
        own("{\"visits\":1}"),
        own("../../../etc/passwd"),
        own("%00"),
        own(&format!(".{value}")),
        own(&value[..value.len() - 1]),
        own(&value.to_ascii_uppercase()),
        own(&"A".repeat(5000)),
        own(&format!("{}.{rest}", "A".repeat(20_000))),
        [&own(""), &b"\xff\xfe\x80"[..]].concat(),
        [b"\xff", pair.as_bytes()].concat(),
        // A name that is almost ours.
        format!("\u{2000}{pair}").into_bytes(),
        format!("\u{a0}{pair}").into_bytes(),
        pair.replace("session", "Session").into_bytes(),
        pair.replace("session", "session2").into_bytes(),
        name.as_bytes().to_vec(),
        b"=".to_vec(),
        b";;;===;;;".to_vec(),
        b"".to_vec(),
    ];
    let quoted = own(&format!("\"{value}\""));
    if scene.mode() == Mode::Flask {
        assert_eq!(
            scene
                .client()
                .get_with(&Request::get("/session").cookie(quoted)),
            json!({"visits": 1})
        );
    } else {
        headers.push(quoted);
    }
    if !scene.is_flask() {
        // Flask reads base64 leniently.
        headers.extend([
            own(&format!("{payload}=.{rest}")),
            own(&format!("{value}.")),
            own(&format!("{value}A")),
            [pair.as_bytes(), b"\xff"].concat(),
        ]);
    }
    for header in headers {
        let shown = header.escape_ascii().to_string();
        let mut stranger = scene.client();
        let session = stranger.get_with(&Request::get("/session").cookie(header.clone()));
        assert_eq!(session, json!({}), "Cookie: {shown}");
        let response = stranger.expect(&Request::get("/visit").cookie(header), 200, Sent::Session);
        assert_eq!(response.body, visited(1), "Cookie: {shown}");
        stranger.visit(2);
    }
    client.visit(2);
}

fn beside_bytes(scene: &Scene<'_>) {
    let (one, _) = two(scene);
    for header in [
        [b"a=\xff\xfe; ", one.as_bytes()].concat(),
        [one.as_bytes(), b"; a=\xff\xfe"].concat(),
    ] {
        let session = scene
            .client()
            .get_with(&Request::get("/session").cookie(header));
        let expected = if scene.target.nature.drops_what_is_no_text {
            json!({})
        } else {
            json!({"visits": 1})
        };
        assert_eq!(session, expected);
    }
}

fn changed_bytes(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.visit(1);
    let value = client.jar.value.clone().unwrap();
    for index in (0..value.len()).step_by(3) {
        let mut changed = value.clone().into_bytes();
        // The last digit of a base64 text has unused bits, which Flask ignores. This changes others
        // too.
        changed[index] = if changed[index] == b'A' { b'Q' } else { b'A' };
        if index + 1 == value.len() && scene.is_flask() {
            continue;
        }
        let mut stranger = scene.client();
        stranger.jar.value = Some(String::from_utf8(changed).unwrap());
        assert_eq!(stranger.session(), json!({}), "byte {index} of {value}");
    }
}

fn bad_and_logout(scene: &Scene<'_>) {
    let mut client = scene.client();
    client.jar.value = Some(FORGED.to_owned());
    // Reading removes no cookie, since it may belong to another application. A logout removes it.
    assert_eq!(client.session(), json!({}));
    client.post("/logout", &[], Sent::Removal);
}
