//! Values that are refused: the error names the setting and does not quote the value.

use session_core::Config;

use crate::helpers::{json, vars};

/// Configuration from serde is checked as strictly.
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
            "2",
            "expected true or false, in lower case, or 1 or 0",
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
    let printed = format!("{:?}", vars(&[("SECRET_KEY", "hunter2")]).unwrap());
    assert!(!printed.contains("hunter2"), "{printed}");
}
