//! Settings, their defaults and their effects.

use session_core::{Config, Session, Sessions, testing};

use crate::common::{KEY, cookie_with, visit};
use crate::helpers::{header, json, vars};

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
    // null is equal to an absent setting.
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
        "three weak keys, read as text: {:?}",
        sessions.warnings()
    );
    assert!(
        header(&sessions).starts_with("session; HttpOnly; SameSite=None; Secure; Path=/; Expires=")
    );
    // With Flask's own prefix, and without it.
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

/// `PERMANENT_SESSION_LIFETIME` alone holds for all sessions, as in Flask. Beside
/// `SESSION_IDLE_LIFETIME` it holds for permanent ones.
#[test]
fn lifetimes_of_permanent_and_anonymous_sessions() {
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

/// A list in the environment is read as JSON, with its escapes.
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
