//! Accidents with cookies: their names, attributes, signatures and lifetimes.

use super::*;

/// axum_session: with the option for `__Host-` one name was written and another read. In a browser:
/// `the_cookie_is_out_of_reach_of_scripts_and_of_other_hosts` in `browser.rs`.
#[tokio::test]
async fn one_name_is_written_and_another_read() {
    let router = || {
        Router::new()
            .fallback(async |session: Session| session.increment("visits", 1).unwrap().to_string())
    };
    for (prefix, name) in [
        (Prefix::Host, "__Host-id"),
        (Prefix::Secure, "__Secure-id"),
        (Prefix::None, "id"),
    ] {
        for app in both(router, |builder| builder.prefix(prefix).cookie_name("id")) {
            let mut cookie = String::new();
            for visits in ["1", "2", "3"] {
                let response = ask(&app, "/", &cookie).await;
                assert_eq!(response.body(), visits, "{name}");
                cookie = after(&response, &cookie);
                assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
            }
        }
    }
}

/// salvo's memory store: after a renewal the old cookie saw the new login. (L2)
#[tokio::test]
async fn the_old_cookie_sees_the_new_login() {
    let server = Server::start().await;
    for ends in ["/login/ada", "/cycle_id/1"] {
        let old = server.begin("/insert/before").await;
        let new = server.get(ends, &old).await.cookie.unwrap();
        server.get("/insert/after", &new).await;
        assert_eq!(server.get("/read/1", &old).await.body, "{}", "{ends}");
        // Nor does what the old one writes reach the new one.
        assert_eq!(
            server.get("/insert/planted", &old).await.cookie,
            None,
            "{ends}"
        );
        let read = server.get("/read/1", &new).await.body;
        assert!(
            read.contains("before") && read.contains("after") && !read.contains("planted"),
            "{read}"
        );
    }
}

/// actix-session's cookie store: nobody but the browser enforced the lifetime. (S4)
#[tokio::test]
async fn a_copied_cookie_lives_for_ever() {
    let time = ManualClock::at(NOW);
    let router = || {
        Router::new()
            .route(
                "/begin",
                get(async |session: Session| session.insert("user", "ada").map_err(Error::from)),
            )
            .fallback(async |session: Session| session.to_json())
    };
    let configure = |builder: Builder| {
        builder
            .clock(time.clone())
            .permanent(true)
            .refresh(Refresh::Never)
    };
    for app in both(router, configure) {
        time.set(NOW);
        let response = ask(&app, "/begin", "").await;
        assert!(set_cookie(&response).unwrap().contains("; Max-Age="));
        let copy = after(&response, "");
        time.set(NOW + 31 * DAY - 1);
        assert_eq!(ask(&app, "/", &copy).await.body(), r#"{"user":"ada"}"#);
        time.set(NOW + 31 * DAY + 1);
        assert_eq!(ask(&app, "/", &copy).await.body(), "{}");
    }
}

/// rocket_flex 0.2: the arithmetic of expiry wrapped, to the year 2162. Here from 0 to the largest, on every path.
#[tokio::test]
async fn a_large_lifetime_wraps() {
    let largest = [
        0,
        1,
        400 * DAY,
        1 << 32,
        1 << 40,
        u64::MAX / 2,
        u64::MAX - NOW,
        u64::MAX,
    ];
    let router = || {
        Router::new()
            .fallback(async |session: Session| session.increment("visits", 1).unwrap().to_string())
    };
    for idle in largest {
        for absolute in largest.map(Some).into_iter().chain([None]) {
            let time = ManualClock::at(NOW);
            let apps = both(router, |builder| {
                let builder = builder
                    .clock(time.clone())
                    .permanent(true)
                    .refresh(Refresh::EachRequest);
                let builder = builder.idle_lifetime(Duration::from_secs(idle));
                match absolute {
                    Some(absolute) => builder.absolute_lifetime(Duration::from_secs(absolute)),
                    None => builder,
                }
            });
            let flask = Sessions::flask_builder("dev")
                .clock(time.clone())
                .idle_lifetime(Duration::from_secs(idle));
            let flask = absolute
                .is_none()
                .then(|| SessionLayer::new(flask.build().unwrap()));
            let flask = flask.map(|layer| router().layer(layer));
            for app in apps.iter().chain(&flask) {
                time.set(NOW);
                let response = ask(app, "/", "").await;
                let header = set_cookie(&response).unwrap().to_owned();
                let age = header
                    .split("; Max-Age=")
                    .nth(1)
                    .map(|age| age.parse::<u64>().unwrap());
                assert!(age.is_none_or(|age| age <= 400 * DAY), "{header}");
                let cookie = after(&response, "");
                // Half of the shorter limit later it lives, and a second past it it does not.
                let limit = idle.min(absolute.unwrap_or(u64::MAX));
                let Some(end) = NOW.checked_add(limit).filter(|end| *end < 1 << 39) else {
                    time.set(NOW + 1_000 * 365 * DAY);
                    assert_eq!(
                        ask(app, "/", &cookie).await.body(),
                        "2",
                        "{idle} {absolute:?}"
                    );
                    continue;
                };
                time.set(end + 1);
                assert_eq!(
                    ask(app, "/", &cookie).await.body(),
                    "1",
                    "{idle} {absolute:?}"
                );
                time.set(NOW + limit / 2);
                if limit > 1 {
                    assert_eq!(
                        ask(app, "/", &cookie).await.body(),
                        "2",
                        "{idle} {absolute:?}"
                    );
                }
            }
        }
    }
}

/// poem, rocket_flex, and tower-sessions before its fix: the cookie of the removal had no Path, Secure or SameSite, so the
/// browser kept the session. (C5) In a browser: `logging_in_filling_the_cart_and_logging_out` in `browser.rs`.
#[tokio::test]
async fn a_removal_that_browsers_do_not_understand() {
    let router = || {
        Router::new()
            .route(
                "/in",
                get(async |session: Session| session.insert("user", "ada").map_err(Error::from)),
            )
            .route(
                "/out",
                get(async |session: Session| session.clear().map_err(Error::from)),
            )
    };
    let configured: [fn(Builder) -> Builder; 4] = [
        |builder| builder,
        |builder| {
            builder
                .prefix(Prefix::Secure)
                .domain("example.com")
                .partitioned(true)
        },
        |builder| builder.prefix(Prefix::Secure).path("/"),
        |builder| builder.same_site(None).http_only(false),
    ];
    for configure in configured {
        for app in both(router, configure) {
            let mut jar = CookieJar::new("https://www.example.com", ManualClock::at(NOW));
            let into = ask(&app, "/in", "").await;
            jar.receive(into.headers());
            let cookie = jar.request()[COOKIE].to_str().unwrap().to_owned();
            let out = ask(&app, "/out", &cookie).await;
            jar.receive(out.headers());
            assert!(jar.request().is_empty(), "{:?}", set_cookie(&out));
            let attributes = |header: &str| header[header.find(';').unwrap()..].to_owned();
            let removal = attributes(set_cookie(&out).unwrap());
            assert!(
                removal.starts_with(&attributes(set_cookie(&into).unwrap())),
                "{removal}"
            );
        }
    }
}

/// poem: the default configuration took cookies that nobody had signed.
#[tokio::test]
async fn unsigned_cookies_are_accepted() {
    // There is nothing to build without a key.
    assert_eq!(Config::default().build().unwrap_err(), ConfigError::NoKey);
    assert_eq!(
        Config::default().build_flask().unwrap_err(),
        ConfigError::NoKey
    );
    assert_eq!(SecretKey::new("").unwrap_err(), ConfigError::NoKey);
    assert_eq!(Sessions::flask("").unwrap_err(), ConfigError::NoKey);
    let router =
        || Router::new().fallback(async |session: Session| format!("{:?}", session.rejected()));
    let flask = SessionLayer::new(Sessions::flask("dev").unwrap());
    let apps = both(router, |builder| builder)
        .into_iter()
        .chain([router().layer(flask)]);
    for app in apps {
        for value in [
            r#"{"admin":true}"#,
            "eyJhZG1pbiI6dHJ1ZX0",
            "eyJhZG1pbiI6dHJ1ZX0..",
            "admin=true",
        ] {
            let response = ask(
                &app,
                "/",
                &format!("session={value}; __Host-session={value}"),
            )
            .await;
            assert!(
                response.body().starts_with("Some("),
                "{value}: {}",
                response.body()
            );
            assert_eq!(set_cookie(&response), None);
        }
    }
}
