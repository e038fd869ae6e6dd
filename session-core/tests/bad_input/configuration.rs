//! Keys and cookie settings that are errors, and those that are warnings.

use std::collections::HashSet;
use std::time::Duration;

use session_core::{Config, ConfigError, Prefix, SameSite, SecretKey, Sessions, Weakness};

use crate::common::{KEY, OTHER_KEY, key, visit};

#[test]
fn keys() {
    assert!(matches!(SecretKey::new(""), Err(ConfigError::NoKey)));
    assert!(matches!(
        SecretKey::new("short"),
        Err(ConfigError::WeakKey(Weakness::Short(5)))
    ));
    assert!(matches!(
        SecretKey::new("change-me"),
        Err(ConfigError::WeakKey(Weakness::Placeholder))
    ));
    assert!(matches!(Sessions::flask(""), Err(ConfigError::NoKey)));
    assert!(matches!(Config::default().build(), Err(ConfigError::NoKey)));
    assert!(matches!(
        Config::default().build_flask(),
        Err(ConfigError::NoKey)
    ));
    // A weak key works in Flask's format only, with a warning.
    let weak = Sessions::flask_builder("dev")
        .fallback("old")
        .build()
        .unwrap();
    assert_eq!(weak.warnings().len(), 2);
    assert!(
        weak.warnings()[0]
            .to_string()
            .contains("SECRET_KEY is weak: it has 3 bytes")
    );
    assert!(matches!(
        Sessions::builder(key(KEY)).fallback("old").build(),
        Err(ConfigError::WeakFallback(Weakness::Short(3)))
    ));
    assert!(matches!(
        Sessions::flask_builder("dev").fallback("").build(),
        Err(ConfigError::WeakFallback(Weakness::Short(0)))
    ));
    let nine = (0..9).fold(Sessions::builder(key(KEY)), |builder, _| {
        builder.verify_only(key(OTHER_KEY))
    });
    assert!(matches!(nine.build(), Err(ConfigError::TooManyKeys(9))));
    let messages: HashSet<String> = ["", "short", "change-me"]
        .map(|secret| SecretKey::new(secret).unwrap_err().to_string())
        .into();
    assert_eq!(messages.len(), 3, "three different messages: {messages:?}");
}

#[test]
fn configurations_that_browsers_refuse() {
    let builder = || Sessions::builder(key(KEY));
    for (what, refused) in [
        (
            "__Host- with a domain",
            builder().domain("example.com").build(),
        ),
        ("__Host- with a path", builder().path("/app").build()),
        ("__Host- without Secure", builder().secure(false).build()),
        (
            "__Host- in another case without Secure",
            builder()
                .prefix(Prefix::None)
                .secure(false)
                .cookie_name("__HOST-x")
                .build(),
        ),
        (
            "__Host-Http- without HttpOnly",
            builder().cookie_name("Http-x").http_only(false).build(),
        ),
        (
            "__Http- without HttpOnly",
            builder().prefix(Prefix::Http).http_only(false).build(),
        ),
        (
            "SameSite=None without Secure",
            Sessions::flask_builder("dev")
                .same_site(SameSite::None)
                .build(),
        ),
        (
            "Partitioned without Secure",
            Sessions::flask_builder("dev").partitioned(true).build(),
        ),
        (
            "a domain with a port",
            builder()
                .prefix(Prefix::Secure)
                .domain("example.com:80")
                .build(),
        ),
        (
            "a name with a semicolon",
            builder().cookie_name("my;session").build(),
        ),
    ] {
        let message = refused.expect_err(what).to_string();
        assert!(message.starts_with("SESSION_COOKIE_"), "{what}: {message}");
    }
    // Settings that browsers accept are warnings, or errors where the application wants it.
    for (what, odd) in [
        ("a nested prefix", builder().cookie_name("__Host-x")),
        (
            "a miscased prefix",
            builder().prefix(Prefix::None).cookie_name("__HOST-x"),
        ),
        ("a name with a space", builder().cookie_name("my session")),
        (
            "a name that is not ASCII",
            builder().cookie_name("sitzung-ä"),
        ),
        (
            "a domain with an underscore",
            builder().prefix(Prefix::Secure).domain("a_b.example.com"),
        ),
        (
            "a path without a slash",
            builder().prefix(Prefix::Secure).path("app"),
        ),
    ] {
        let sessions = odd.build().expect(what);
        let [warning] = sessions.warnings() else {
            panic!("{what}: {:?}", sessions.warnings())
        };
        assert!(
            warning.to_string().starts_with("SESSION_COOKIE_"),
            "{what}: {warning}"
        );
        let response = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
        let pair = response.headers[http::header::SET_COOKIE]
            .as_bytes()
            .split(|byte| *byte == b';')
            .next()
            .unwrap();
        let request = http::HeaderMap::from_iter([(
            http::header::COOKIE,
            http::HeaderValue::from_bytes(pair).unwrap(),
        )]);
        assert_eq!(
            sessions.open(&request).get::<i64>("a").unwrap(),
            Some(1),
            "{what}"
        );
    }
    let strict = builder()
        .cookie_name("my session")
        .warnings_are_errors(true)
        .build();
    assert!(matches!(strict, Err(ConfigError::Warning(_))));
    // Settings that a format cannot store.
    let flask = || Sessions::flask_builder("dev");
    for (setting, refused) in [
        (
            "absolute_lifetime",
            flask().absolute_lifetime(Duration::from_secs(1)).build(),
        ),
        (
            "not_created_before",
            flask().not_created_before(std::time::UNIX_EPOCH).build(),
        ),
        ("permanent", flask().permanent(true).build()),
        ("context", flask().context("x").build()),
        (
            "digest",
            builder().digest(session_core::Digest::Sha512).build(),
        ),
        ("salt", builder().salt("x").build()),
    ] {
        match refused {
            Err(ConfigError::Format { setting: found, .. }) => assert_eq!(found, setting),
            other => panic!("{setting}: {other:?}"),
        }
    }
    assert!(
        builder().insecure_plain_http().build().unwrap().warnings()[0]
            .to_string()
            .contains("without Secure")
    );
    assert_eq!(
        builder()
            .insecure_plain_http()
            .build()
            .unwrap()
            .cookie_name(),
        "session"
    );
}
