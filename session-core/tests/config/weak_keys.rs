//! Weak keys and other warnings.

use session_core::{Config, ConfigError, KeyRing, SecretKey, Sessions, Warning, Weakness, testing};

use crate::common::{KEY, OTHER_KEY, key};
use crate::helpers::{json, vars};

#[test]
fn our_own_format_wants_a_strong_key_from_the_environment_too() {
    assert!(matches!(
        vars(&[("SECRET_KEY", "dev")]).unwrap().build(),
        Err(ConfigError::WeakKey(_))
    ));
    assert!(matches!(
        vars(&[("SECRET_KEY", "")]).unwrap().build_flask(),
        Err(ConfigError::NoKey)
    ));
    let fallback = [("SECRET_KEY", KEY), ("SECRET_KEY_FALLBACKS", r#"["dev"]"#)];
    assert!(matches!(
        vars(&fallback).unwrap().build(),
        Err(ConfigError::WeakFallback(_))
    ));
}

/// S9: every warning at start, and those of a key ring that is set later.
#[test]
fn s9_warnings_are_errors_if_the_application_wants_it() {
    let strict = || Sessions::flask_builder(KEY).warnings_are_errors(true);
    let sessions = strict().build().unwrap();
    assert!(sessions.warnings().is_empty());
    let warning = |result: Result<Vec<Warning>, ConfigError>| match result {
        Err(ConfigError::Warning(warning)) => warning,
        other => panic!("{other:?}"),
    };
    let built = |builder: session_core::Builder| {
        builder.build().map(|sessions| sessions.warnings().to_vec())
    };
    let dev = Weakness::Short(3);
    for (builder, expected) in [
        (
            Sessions::flask_builder("dev").warnings_are_errors(true),
            Warning::WeakKey(dev),
        ),
        (strict().fallback("dev"), Warning::WeakFallback(dev)),
        (strict().insecure_plain_http(), Warning::PlainHttp),
        (
            Sessions::builder(key(KEY))
                .warnings_are_errors(true)
                .insecure_plain_http(),
            Warning::PlainHttp,
        ),
    ] {
        assert_eq!(warning(built(builder)), expected);
    }
    let stored = Sessions::builder(key(KEY))
        .warnings_are_errors(true)
        .insecure_plain_http()
        .build_stored();
    assert_eq!(
        stored.unwrap_err(),
        ConfigError::Warning(Warning::PlainHttp)
    );

    // A key ring that is set later and refused: the old keys stay.
    let request = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
    assert_eq!(
        warning(sessions.set_keys(KeyRing::flask("dev").fallback(KEY))),
        Warning::WeakKey(dev)
    );
    assert_eq!(
        warning(sessions.set_keys(KeyRing::flask(OTHER_KEY).fallback("dev"))),
        Warning::WeakFallback(dev)
    );
    assert!(sessions.open(&request).contains_key("a"));
    assert!(
        sessions
            .set_keys(KeyRing::flask(OTHER_KEY).fallback(KEY))
            .unwrap()
            .is_empty()
    );

    // Set by name; `false` is the default.
    let set =
        |text: &str| vars(&[("SECRET_KEY", "dev"), ("SESSION_WARNINGS_ARE_ERRORS", text)]).unwrap();
    let error = set("true").build_flask().unwrap_err();
    assert_eq!(error, ConfigError::Warning(Warning::WeakKey(dev)));
    let message = error.to_string();
    assert!(
        message.contains("it has 3 bytes") && message.contains("openssl rand -base64 33"),
        "{message}"
    );
    assert!(
        message.contains("SESSION_WARNINGS_ARE_ERRORS") && !message.contains("dev"),
        "{message}"
    );
    assert!(set("false").build_flask().is_ok());
    let json = json(r#"{"SECRET_KEY": "dev", "SESSION_WARNINGS_ARE_ERRORS": true}"#);
    assert!(json.build_flask().is_err());
}

/// S9: the error says why the key is refused and what to do, and never quotes the key.
#[test]
fn s9_a_refused_key_comes_with_its_remedy() {
    for (weak, reason) in [
        ("hunter2", "fewer than 32"),
        (
            "hunter2hunter2hunter2hunter2hunter2",
            "short pattern, repeated",
        ),
        ("abcdefghijklmnopqrstuvwxyz012345", "in their order"),
        ("this-is-a-very-secret-key-change-me!!", "placeholder"),
        (
            "hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=",
            "the documentation of a framework",
        ),
        (
            "django-insecure-hunter2hunter2hunter2-random",
            "the documentation of a framework",
        ),
    ] {
        let error = SecretKey::new(weak).unwrap_err();
        let fallback = [
            ("SECRET_KEY", KEY.to_owned()),
            ("SECRET_KEY_FALLBACKS", format!("[{weak:?}]")),
        ];
        let fallback = fallback.map(|(name, text)| (name.to_owned(), text));
        let fallback = Config::from_vars("", fallback)
            .unwrap()
            .build()
            .unwrap_err();
        let warning = Sessions::flask(weak).unwrap().warnings()[0].clone();
        for message in [error.to_string(), fallback.to_string(), warning.to_string()] {
            assert!(
                message.contains(reason) && message.contains("openssl rand -base64 33"),
                "{message}"
            );
            assert!(
                !message.contains(weak) && !message.contains("hunter2"),
                "{message}"
            );
        }
        assert_eq!(
            Sessions::flask(weak).unwrap().warnings().len(),
            1,
            "Flask's format accepts it with a warning"
        );
    }
}
