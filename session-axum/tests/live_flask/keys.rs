//! Key fallbacks and digest methods, in both directions.

use super::*;

#[test]
fn digests() {
    for flask in Flask::all() {
        for (name, digest, octets) in [
            ("sha1", Digest::Sha1, 20),
            ("sha256", Digest::Sha256, 32),
            ("sha512", Digest::Sha512, 64),
        ] {
            let flask = flask.serve_with(SECRET, &[("DIGEST", name)]);
            let sessions = Sessions::flask_builder(SECRET)
                .digest(digest)
                .build()
                .unwrap();
            let mut jar = Jar::new("session");
            jar.get(flask.address, "/visit");
            assert_eq!(jar.content().signature, octets);
            assert_eq!(
                in_axum(&sessions, &mut jar, |session| session
                    .increment("visits", 1)
                    .unwrap()),
                (2, true)
            );
            assert_eq!(jar.content().signature, octets);
            assert_eq!(
                jar.get(flask.address, "/visit").body,
                "You have visited this page 3 times"
            );

            let other = if digest == Digest::Sha1 {
                Digest::Sha256
            } else {
                Digest::Sha1
            };
            let other = Sessions::flask_builder(SECRET)
                .digest(other)
                .build()
                .unwrap();
            let (rejected, _) = in_axum(&other, &mut jar.clone(), |session| session.rejected());
            assert!(
                rejected.is_some(),
                "{name} is not what the other one is configured for"
            );
        }
    }
}

#[test]
fn key_fallbacks_in_both_directions() {
    // SECRET_KEY_FALLBACKS came with Flask 3.1.
    let Some(flask) = Flask::find(Flask::NEWEST) else {
        return;
    };
    let [oldest, old, new] = ["the oldest key", "an old key", "the new key"];
    let only = |key: &str| (flask.serve(key), Sessions::flask(key).unwrap());
    let (flask_old, rust_old) = only(old);
    let (flask_oldest, rust_oldest) = only(oldest);
    let (flask_new, rust_new) = only(new);
    let fallbacks = json!([oldest, old]).to_string();
    let flask_all = flask.serve_with(new, &[("SECRET_KEY_FALLBACKS", &fallbacks)]);
    let rust_all = Sessions::flask_builder(new)
        .fallback(oldest)
        .fallback(old)
        .build()
        .unwrap();
    let visits = |session: &Session| session.get::<i64>("visits").unwrap();
    let visit = |session: &Session| session.increment("visits", 1).unwrap();

    // Flask with a key that was replaced -> Rust with the new one.
    for flask in [&flask_oldest, &flask_old] {
        let mut jar = Jar::new("session");
        jar.get(flask.address, "/visit");
        assert_eq!(
            in_axum(&rust_new, &mut jar.clone(), visits).0,
            None,
            "without fallbacks it is refused"
        );
        let before = jar.clone();
        assert_eq!(
            in_axum(&rust_all, &mut jar, visits),
            (Some(1), false),
            "reading signs nothing anew"
        );
        assert_eq!(jar, before);
        assert_eq!(in_axum(&rust_all, &mut jar, visit), (2, true));
        assert_eq!(
            jar.get(flask_new.address, "/visit").body,
            "You have visited this page 3 times"
        );
        assert_eq!(
            jar.get(flask.address, "/visit").body,
            "You have visited this page 1 times",
            "the old key is out"
        );
    }

    // Rust with a key that was replaced -> Flask with the new one.
    for rust in [&rust_oldest, &rust_old] {
        let mut jar = Jar::new("session");
        in_axum(rust, &mut jar, visit);
        assert_eq!(
            jar.clone().get(flask_new.address, "/session").json(),
            json!({})
        );
        assert_eq!(jar.get(flask_all.address, "/session").set_cookie(), None);
        assert_eq!(
            jar.get(flask_all.address, "/visit").body,
            "You have visited this page 2 times"
        );
        assert_eq!(in_axum(&rust_new, &mut jar.clone(), visits).0, Some(2));
        assert_eq!(
            in_axum(rust, &mut jar, visits).0,
            None,
            "the old key is out"
        );
    }

    // The refresh of a permanent session signs with the new key, though nobody changed it.
    let mut jar = Jar::new("session");
    jar.post(flask_old.address, "/permanent", &[("on", "1")]);
    let mut at_rust = jar.clone();
    assert_eq!(in_axum(&rust_all, &mut at_rust, visits), (None, true));
    jar.send(flask_all.address, &Request::get("/untouched"));
    for jar in [&mut jar, &mut at_rust] {
        assert_eq!(
            jar.get(flask_new.address, "/session").json(),
            json!({"_permanent": true})
        );
        assert!(in_axum(&rust_new, jar, |session| session.is_permanent()).0);
    }
}
