//! Configuration under Flask's names: by serde and from an environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

use common::{KEY, OTHER_KEY, cookie_with, key, visit};
use http::header::SET_COOKIE;
use session_core::{
    Config, ConfigError, KeyRing, SecretKey, Session, Sessions, Warning, Weakness, testing,
};

fn header(sessions: &Sessions) -> String {
    let closed = visit(sessions, &[], |session| {
        session.set_permanent(true)?;
        session.insert("a", 1)
    });
    let closed = closed.unwrap();
    let text = closed.headers[SET_COOKIE].to_str().unwrap().to_owned();
    let (name, rest) = text.split_once('=').unwrap();
    format!("{name}{}", &rest[rest.find(';').unwrap()..])
}

fn json(text: &str) -> Config {
    serde_json::from_str(text).unwrap()
}

fn vars(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_vars(
        "",
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
    )
}

#[test]
fn all_settings() {
    let config = json(&format!(
        r#"{{"SECRET_KEY": "{KEY}", "SECRET_KEY_FALLBACKS": ["{KEY}!"], "SESSION_COOKIE_NAME": "__Secure-s",
            "SESSION_COOKIE_DOMAIN": ".Example.com:8080", "SESSION_COOKIE_PATH": "/a b;c", "SESSION_COOKIE_HTTPONLY": false,
            "SESSION_COOKIE_SAMESITE": "STRICT", "SESSION_COOKIE_PARTITIONED": true, "PERMANENT_SESSION_LIFETIME": 60.9,
            "SESSION_REFRESH_EACH_REQUEST": false, "MAX_COOKIE_SIZE": 4000, "SESSION_PERMANENT": true,
            "SESSION_ABSOLUTE_LIFETIME": 3600, "SESSION_NOT_CREATED_BEFORE": 5, "SESSION_CONTEXT": "site",
            "SESSION_CACHE_HEADERS": false, "SESSION_CLEAR_SITE_DATA": true, "APPLICATION_ROOT": "/ignored", "DEBUG": {{"any": "thing"}}}}"#
    ));
    let sessions = config.build().unwrap();
    let found = header(&sessions);
    let cookie = cookie_with(&sessions, "a", 1);
    let logout = visit(&sessions, &[&cookie], Session::clear).unwrap();
    assert!(logout.headers.contains_key("clear-site-data"));
    assert_eq!(
        found,
        "__Secure-s; SameSite=Strict; Partitioned; Secure; Path=/a%20b%3Bc; Domain=Example.com; Max-Age=60"
    );
}

#[test]
fn defaults_are_those_of_the_format() {
    let key = format!(r#"{{"SECRET_KEY": "{KEY}"}}"#);
    let ours = header(&json(&key).build().unwrap());
    assert_eq!(
        ours,
        "__Host-session; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2678400"
    );
    let flask = header(&json(&key).build_flask().unwrap());
    assert!(
        flask.starts_with("session; HttpOnly; Path=/; Expires="),
        "{flask}"
    );
    // null is as good as nothing.
    let nulls = format!(
        r#"{{"SECRET_KEY": "{KEY}", "SECRET_KEY_FALLBACKS": null, "SESSION_COOKIE_DOMAIN": false,
            "SESSION_COOKIE_PATH": null, "SESSION_COOKIE_SAMESITE": null, "PERMANENT_SESSION_LIFETIME": null}}"#
    );
    assert_eq!(header(&json(&nulls).build().unwrap()), ours);
}

#[test]
fn an_environment() {
    let config = vars(&[
        ("SECRET_KEY", "1234567890"),
        ("SECRET_KEY_FALLBACKS", r#"["old", "older"]"#),
        ("SESSION_COOKIE_SECURE", "true"),
        ("SESSION_COOKIE_SAMESITE", "None"),
        ("PERMANENT_SESSION_LIFETIME", "3600"),
        ("SESSION_COOKIE_DOMAIN", "null"),
        ("SESSION_MANAGER", "of the desktop"),
        ("PATH", "/usr/bin"),
    ]);
    let sessions = config.unwrap().build_flask().unwrap();
    assert_eq!(
        sessions.warnings().len(),
        3,
        "three weak keys, none of them letters: {:?}",
        sessions.warnings()
    );
    assert!(
        header(&sessions).starts_with("session; HttpOnly; SameSite=None; Secure; Path=/; Expires=")
    );
    // With Flask's own prefix, and without.
    let pair = |name: &str| [(name.to_owned(), "dev".to_owned())];
    assert!(
        Config::from_vars("FLASK", pair("FLASK_SECRET_KEY"))
            .unwrap()
            .build_flask()
            .is_ok()
    );
    assert!(
        Config::from_vars("FLASK", pair("SECRET_KEY"))
            .unwrap()
            .build_flask()
            .is_err()
    );
    assert!(
        Config::from_env("SESSION_CORE_TEST_WITHOUT_SETTINGS")
            .unwrap()
            .build()
            .is_err()
    );
}

/// From serde, too, where nothing was looked at before.
#[test]
fn lists_of_keys_are_read_strictly_and_never_quoted() {
    for list in [
        r#""hunter2""#,
        r#"[{"hunter2": 1}]"#,
        r#"[{"key": 1, "until": "hunter2"}]"#,
        r#"[{"key": "a", "until": 1, "hunter2": 1}]"#,
    ] {
        for name in ["SECRET_KEY_FALLBACKS", "SESSION_VERIFY_ONLY_KEYS"] {
            let error = serde_json::from_str::<Config>(&format!(r#"{{"{name}": {list}}}"#))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(&format!("{name}: expected")) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }
    let nulls =
        r#"{"SECRET_KEY": "dev", "SESSION_VERIFY_ONLY_KEYS": null, "SECRET_KEY_FALLBACKS": null}"#;
    assert_eq!(json(nulls).build_flask().unwrap().warnings().len(), 1);
    let two = r#"{"SECRET_KEY": "dev", "SESSION_VERIFY_ONLY_KEYS": [{"key": "a", "until": 1}], "SECRET_KEY_FALLBACKS": ["b"]}"#;
    assert_eq!(json(two).build_flask().unwrap().warnings().len(), 3);
}

#[test]
fn wrong_values_are_named_and_not_quoted() {
    for (name, text, expected) in [
        (
            "SECRET_KEY_FALLBACKS",
            "hunter2",
            "expected a JSON array of texts",
        ),
        (
            "SECRET_KEY_FALLBACKS",
            r#""hunter2""#,
            "expected a JSON array of texts",
        ),
        (
            "SECRET_KEY_FALLBACKS",
            r#"["hunter2", 1]"#,
            "expected a JSON array of texts",
        ),
        (
            "SECRET_KEY_FALLBACKS",
            r#"{"hunter2": 1}"#,
            "expected a JSON array of texts",
        ),
        (
            "SESSION_VERIFY_ONLY_KEYS",
            "hunter2",
            "expected a JSON array of objects",
        ),
        (
            "SESSION_VERIFY_ONLY_KEYS",
            r#"["hunter2"]"#,
            "expected a JSON array of objects",
        ),
        (
            "SESSION_VERIFY_ONLY_KEYS",
            r#"[{"key": "hunter2"}]"#,
            "expected a JSON array of objects",
        ),
        (
            "SESSION_VERIFY_ONLY_KEYS",
            r#"[{"key": "hunter2", "until": "never"}]"#,
            "the time in unix seconds",
        ),
        (
            "SESSION_EPOCH",
            "65536",
            "expected a whole number from 0 to 65535",
        ),
        ("SESSION_RENAMED_FROM", "session", "expected a JSON object"),
        (
            "SESSION_RENAMED_FROM",
            r#"{"name": "session"}"#,
            "expected a JSON object",
        ),
        (
            "SESSION_ENCRYPTED",
            "yes",
            "expected true or false, in lower case",
        ),
        ("SESSION_PADDING", "-1", "expected a whole number"),
        (
            "SESSION_ACCEPT_SIGNED_UNTIL",
            "tomorrow",
            "expected a whole number",
        ),
        (
            "SESSION_COOKIE_SECURE",
            "True",
            "expected true or false, in lower case",
        ),
        (
            "SESSION_COOKIE_HTTPONLY",
            "1",
            "expected true or false, in lower case",
        ),
        (
            "PERMANENT_SESSION_LIFETIME",
            "31 days",
            "expected a number of seconds",
        ),
        (
            "PERMANENT_SESSION_LIFETIME",
            "-1",
            "expected a number of seconds",
        ),
        (
            "SESSION_IDLE_LIFETIME",
            "1h",
            "expected a number of seconds",
        ),
        (
            "SESSION_ANONYMOUS_LIFETIME",
            "true",
            "expected a number of seconds",
        ),
        ("MAX_COOKIE_SIZE", "4093.5", "expected a whole number"),
        ("SESSION_COOKIE_SAMSITE", "Lax", "there is no such setting"),
    ] {
        let message = vars(&[("SECRET_KEY", "dev"), (name, text)])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(&format!("{name}: ")) && message.contains(expected),
            "{message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
    }
    let message = serde_json::from_str::<Config>(r#"{"SECRET_KEY": 1234567}"#)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("expected a text") && !message.contains("1234567"),
        "{message}"
    );
    for text in [
        r#"{"SECRET_KEY_FALLBACKS": "hunter2"}"#,
        r#"{"SECRET_KEY_FALLBACKS": ["hunter2", 5]}"#,
    ] {
        let message = serde_json::from_str::<Config>(text)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("expected a JSON array of texts") && !message.contains("hunter2"),
            "{message}"
        );
    }
    let build = |name, text| {
        vars(&[("SECRET_KEY", "dev"), (name, text)])
            .unwrap()
            .build_flask()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        build("SESSION_COOKIE_SAMESITE", "x"),
        "SESSION_COOKIE_SAMESITE: expected Strict, Lax or None, found \"x\""
    );
    assert_eq!(
        build("SESSION_DIGEST", "md5"),
        "SESSION_DIGEST: expected sha1, sha256 or sha512, found \"md5\""
    );
    for setting in [
        "SESSION_ABSOLUTE_LIFETIME",
        "SESSION_IDLE_LIFETIME",
        "SESSION_ANONYMOUS_LIFETIME",
    ] {
        let message = build(setting, "60");
        assert!(
            message.contains("does not work in Flask's format"),
            "{message}"
        );
    }
    let shown = format!("{:?}", vars(&[("SECRET_KEY", "hunter2")]).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// Flask's name alone is for all sessions, as in Flask; beside that of the others it is for permanent ones.
#[test]
fn lifetimes_of_permanent_sessions_and_of_strangers() {
    let lives = |settings: &[(&str, &str)], permanent, user: bool| {
        let key = [("SECRET_KEY", KEY)];
        let time = testing::ManualClock::at(1_700_000_000);
        let builder = vars(&[&key, settings].concat()).unwrap().builder().unwrap();
        let sessions = builder.clock(time.clone()).build().unwrap();
        let fill = |session: &Session| {
            session.set_permanent(permanent)?;
            if user {
                session.log_in("ada")
            } else {
                session.insert("a", 1)
            }
        };
        let request = testing::request(&sessions, fill).unwrap();
        let alive = |seconds: &u64| {
            time.set(1_700_000_000 + seconds);
            sessions.open(&request).rejected().is_none()
        };
        (0..=100).rev().find(alive).unwrap()
    };
    let all = ("PERMANENT_SESSION_LIFETIME", "30");
    assert_eq!(
        (lives(&[all], false, true), lives(&[all], true, true)),
        (30, 30)
    );
    let others = ("SESSION_IDLE_LIFETIME", "20");
    assert_eq!(
        (lives(&[others], false, true), lives(&[others], true, true)),
        (20, 20)
    );
    let remembered = [all, others];
    assert_eq!(
        (
            lives(&remembered, false, true),
            lives(&remembered, true, true)
        ),
        (20, 30)
    );
    let strangers = [all, others, ("SESSION_ANONYMOUS_LIFETIME", "10")];
    assert_eq!(
        (
            lives(&strangers, true, false),
            lives(&strangers, false, false)
        ),
        (10, 10)
    );
    assert_eq!(lives(&strangers, true, true), 30);
}

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

/// S9: all that is doubtful at start, and in a ring that comes later.
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

    // Keys that come later: the old ones stay.
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

    // By its name; and off, it is as without.
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

/// S9: why, and what to do; never the key.
#[test]
fn s9_a_refused_key_comes_with_its_remedy() {
    for (weak, why) in [
        ("hunter2", "fewer than 32"),
        (
            "hunter2hunter2hunter2hunter2hunter2",
            "short pattern, repeated",
        ),
        ("abcdefghijklmnopqrstuvwxyz012345", "in their order"),
        ("this-is-a-very-secret-key-change-me!!", "placeholder"),
        (
            "hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=",
            "a framework's documentation",
        ),
        (
            "django-insecure-hunter2hunter2hunter2-random",
            "a framework's documentation",
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
                message.contains(why) && message.contains("openssl rand -base64 33"),
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
            "Flask's format takes it"
        );
    }
}

/// A list of the environment is read as JSON, escapes and all.
#[test]
fn keys_with_escapes() {
    let build = |list: &str| vars(&[("SECRET_KEY", "new"), ("SECRET_KEY_FALLBACKS", list)]);
    let sessions = build(r#" ["\u006fld", "a\"b\\c\n\ud83d\ude00"] "#)
        .unwrap()
        .build_flask()
        .unwrap();
    for old in ["old", "a\"b\\c\n\u{1f600}"] {
        let before = Sessions::flask(old).unwrap();
        let request = testing::request(&before, |session| session.insert("a", 1)).unwrap();
        assert!(sessions.open(&request).contains_key("a"), "{old}");
    }
    for wrong in [
        r#"["a",]"#,
        r#"["a"] "b""#,
        r#"["\ud83d"]"#,
        r#"[["a"]]"#,
        "[NaN]",
        "",
    ] {
        assert!(build(wrong).is_err(), "{wrong}");
    }
    assert!(build("null").is_ok() && build("[]").is_ok());
}
