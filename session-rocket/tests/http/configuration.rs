//! Sessions that are configured by Rocket's figment and environment.

use super::*;

fn configured(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment)
        .attach(SessionFairing::figment("session", Config::build))
        .mount("/", routes![visit])
}

#[rocket::async_test]
async fn rockets_configuration_configures_sessions() {
    let figment = || rocket::Config::figment().merge(("session.secret_key", KEY));
    // The same key, so the same sessions; names in either case.
    let figments = [
        figment(),
        rocket::Config::figment()
            .merge(("session.SECRET_KEY", KEY))
            .merge(("secret_key", "Rocket's own")),
        rocket::Config::figment()
            .merge(("session.SECRET_KEY_FALLBACKS", [KEY]))
            .merge(("session.secret_key", KEY.replace('u', "v"))),
        // As ROCKET_SESSION is read.
        rocket::Config::figment().merge((
            "session",
            format!("{{secret_key={KEY},permanent_session_lifetime=60}}")
                .parse::<rocket::figment::value::Value>()
                .unwrap(),
        )),
    ];
    let cookie = pairs(
        &client(app(routes![visit]))
            .await
            .get("/visit")
            .dispatch()
            .await,
    )
    .pop()
    .unwrap();
    for figment in figments {
        let client = client(configured(figment)).await;
        let response = client
            .get("/visit")
            .header(Header::new("Cookie", cookie.clone()))
            .dispatch()
            .await;
        assert_eq!(response.into_string().await.unwrap(), "2");
    }
    let named = configured(figment().merge(("session.session_cookie_name", "shop")));
    let pair = &pairs(&client(named).await.get("/visit").dispatch().await)[0];
    assert!(pair.starts_with("__Host-shop="), "{pair}");
    // A table of its own for each session, and a profile's.
    let two = figment()
        .merge(("panel.secret_key", KEY))
        .merge(("panel.session_cookie_name", "panel"));
    let log = logged();
    let two = configured(two)
        .attach(SessionFairing::figment("panel", Config::build_flask).marked::<Admin>())
        .mount("/", routes![both]);
    let pairs = pairs(&client(two).await.get("/both").dispatch().await);
    assert!(
        pairs[0].starts_with("__Host-session=") && pairs[1].starts_with("panel="),
        "{pairs:?}"
    );
    assert!(!log().contains("weak"));
}

/// Runs itself with a file and variables, which a process cannot set for itself without races.
#[rocket::async_test]
async fn the_environment_configures_sessions() {
    const THIS: &str = "configuration::the_environment_configures_sessions";
    if std::env::var_os("ROCKET_CONFIG").is_some() {
        let client = client(configured(rocket::Config::figment())).await;
        let pair = &pairs(&client.get("/visit").dispatch().await)[0];
        assert!(pair.starts_with("__Host-shop="), "{pair}");
        return;
    }
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let whole =
        format!("[default.session]\nsecret_key = \"{KEY}\"\nsession_cookie_name = \"shop\"\n");
    let profile = whole.replace("default", "shop");
    let nothing = "[default.session]\nsession_cookie_name = \"shop\"\n";
    let table = format!("{{secret_key=\"{KEY}\"}}");
    let upper = format!("{{SECRET_KEY={KEY}, SESSION_COOKIE_NAME=shop}}");
    for (name, text, variables, works) in [
        ("whole", &*whole, &[][..], true),
        ("profile", &*profile, &[("ROCKET_PROFILE", "shop")], true),
        ("other", &*profile, &[], false),
        ("merged", nothing, &[("ROCKET_SESSION", &*table)], true),
        ("upper", "", &[("ROCKET_SESSION", &*upper)], true),
        (
            "dotted",
            nothing,
            &[("ROCKET_SESSION.SECRET_KEY", KEY)],
            true,
        ),
        ("nothing", nothing, &[], false),
        ("Rocket's", nothing, &[("ROCKET_SECRET_KEY", KEY)], false),
    ] {
        let file = directory.join(format!("Rocket-{name}.toml"));
        std::fs::write(&file, text).unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", THIS])
            .env("ROCKET_CONFIG", file)
            .envs(variables.iter().copied());
        let output = child.output().unwrap();
        assert_eq!(
            output.status.success(),
            works,
            "{name}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[rocket::async_test]
async fn a_bad_configuration_stops_the_launch() {
    let empty = rocket::Config::figment;
    let key = || empty().merge(("session.secret_key", KEY));
    for (figment, expected) in [
        (
            empty(),
            "expected a table `session` in Rocket's configuration",
        ),
        (
            empty().merge(("secret_key", KEY)),
            "add `[default.session]` with `secret_key` to Rocket.toml",
        ),
        (
            empty().merge(("session", KEY)),
            "or set ROCKET_SESSION='{secret_key=\"...\"}'; `openssl rand -base64 33` prints a key",
        ),
        (
            key().merge(("session.session_cookie_nam", "shop")),
            "session: session_cookie_nam: there is no such setting, and it would be ignored; the nearest one is \
             session_cookie_name: correct the name, or remove it",
        ),
        (
            key().merge(("session.SESSION_SEAL", true)),
            "session: SESSION_SEAL: there is no such setting, and it would be ignored; the nearest one is SESSION_ENCRYPTED",
        ),
        (
            key().merge(("session.session_type", "redis")),
            "session: session_type: this setting is Flask-Session's",
        ),
        (
            key().merge(("session.session_cookie_secure", false)),
            "for plain HTTP on another host set SESSION_INSECURE_PLAIN_HTTP to true",
        ),
        (
            empty().merge(("session.session_cookie_name", "a")),
            "session: ",
        ),
        (
            empty().merge(("session.secret_key", "hunter2")),
            "session: ",
        ),
        (
            empty().merge(("session.secret_key", 20_260_101)),
            "session: SECRET_KEY: expected a text",
        ),
        (
            key().merge(("session.SECRET_KEY", KEY)),
            "session: SECRET_KEY: the name is set twice, in lower and in upper case",
        ),
        (
            key().merge(("session.session_cookie_secure", "yes")),
            "session: SESSION_COOKIE_SECURE: expected true or false, in lower case",
        ),
        (
            key().merge(("session.session_epoch", "hunter2")),
            "session: SESSION_EPOCH: expected a whole number from 0 to 65535",
        ),
        (
            key().merge(("session.permanent_session_lifetime", -1)),
            "session: PERMANENT_SESSION_LIFETIME: expected a number of seconds",
        ),
        (
            key().merge(("session.session_cookie_name", "a;b")),
            "session: ",
        ),
    ] {
        let log = refused(configured(figment)).await;
        assert!(
            log.contains("ERROR session: ") && log.contains(expected),
            "{expected}: {log}"
        );
        for secret in [KEY, "hunter2", "20260101"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}
