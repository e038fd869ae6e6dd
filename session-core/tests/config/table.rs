//! A table of a configuration file: names in either case, and errors that name the setting.

use serde_json::{Value, json};
use session_core::Config;

use crate::common::KEY;
use crate::helpers::header;

#[test]
fn a_table_has_names_in_either_case() {
    let table = json!({
        "secret_key": KEY,
        "SESSION_COOKIE_NAME": "shop",
        "Session_Cookie_SameSite": "strict",
        "session_cookie_domain": false,
        "session_cookie_secure": null,
        "secret_key_fallbacks": ["old"],
        "session_verify_only_keys": [{"key": "older", "until": 1}],
        "permanent_session_lifetime": 0.5,
        "debug": {"of": ["another", "program"]},
    });
    let sessions = Config::from_table(&table).unwrap().build_flask().unwrap();
    assert_eq!(
        sessions.warnings().len(),
        2,
        "the weak keys: {:?}",
        sessions.warnings()
    );
    assert!(header(&sessions).starts_with("shop; HttpOnly; SameSite=Strict; Path=/"));
    // Any reader of serde takes both, too.
    let config: Config = serde_json::from_value(table).unwrap();
    assert_eq!(config.build_flask().unwrap().cookie_name(), "shop");
}

#[test]
fn a_name_that_is_set_twice_is_an_error() {
    for (lower, upper) in [
        ("secret_key", "SECRET_KEY"),
        ("secret_Key", "Secret_Key"),
        ("debug", "DEBUG"),
    ] {
        let error = Config::from_table(json!({lower: "hunter2", upper: "hunter2"})).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{}: the name is set twice, in lower and in upper case",
                lower.to_uppercase()
            )
        );
    }
}

#[test]
fn a_wrong_value_of_a_table_is_named_and_not_quoted() {
    let other = || json!("hunter2");
    for (name, value, expected) in [
        ("secret_key", json!(20_260_101), "expected a text"),
        ("secret_key", json!(true), "expected a text"),
        ("secret_key", json!(["hunter2"]), "expected a text"),
        (
            "secret_key_fallbacks",
            other(),
            "expected a JSON array of texts",
        ),
        (
            "session_verify_only_keys",
            json!(["hunter2"]),
            "expected a JSON array of objects",
        ),
        ("session_salt", json!(20_260_101), "expected a text"),
        ("session_cookie_secure", other(), "expected true or false"),
        (
            "session_cookie_domain",
            json!(20_260_101),
            "expected a host name",
        ),
        ("session_padding", other(), "expected a whole number"),
        (
            "session_epoch",
            json!(20_260_101),
            "expected a whole number",
        ),
        (
            "session_idle_lifetime",
            other(),
            "expected a number of seconds",
        ),
        (
            "session_renamed_from",
            json!({"hunter2": 1}),
            "expected a JSON object",
        ),
    ] {
        let error = Config::from_table(json!({name: value}))
            .unwrap_err()
            .to_string();
        let start = format!("{}: {expected}", name.to_uppercase());
        assert!(error.starts_with(&start), "{error}");
        for secret in ["hunter2", "20260101"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    for no_table in [other(), json!(["a"]), Value::Null] {
        let error = Config::from_table(&no_table).unwrap_err().to_string();
        assert!(error.contains("expected a table of settings"), "{error}");
    }
}
