//! Errors about keys: they name the variable, and the command that makes a key.

use session_core::{Config, ConfigError};

use crate::common::KEY;

const COMMAND: &str = "openssl rand -base64 33";

fn config(prefix: &str, settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = settings.iter().map(|(name, text)| {
        let underscore = if prefix.is_empty() { "" } else { "_" };
        (format!("{prefix}{underscore}{name}"), (*text).to_owned())
    });
    Config::from_vars(prefix, variables)
}

#[test]
fn an_error_about_a_key_names_its_variable_and_a_command() {
    let fallback = [("SECRET_KEY", KEY), ("SECRET_KEY_FALLBACKS", "[\"dev\"]")];
    for (settings, variable) in [
        (&[][..], "SECRET_KEY"),
        (&[("SECRET_KEY", "")], "SECRET_KEY"),
        (&[("SECRET_KEY", "null")], "SECRET_KEY"),
        (&[("SECRET_KEY", "hunter2")], "SECRET_KEY"),
        (&fallback, "SECRET_KEY_FALLBACKS"),
    ] {
        for (prefix, start) in [("", ""), ("SHOP", "SHOP_"), ("MY_APP", "MY_APP_")] {
            let cookies = config(prefix, settings).unwrap().build().unwrap_err();
            let stored = config(prefix, settings)
                .unwrap()
                .build_stored()
                .unwrap_err();
            assert_eq!(cookies, stored);
            let message = cookies.to_string();
            let word = format!("{start}{variable}");
            let mut words =
                message.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            assert!(words.any(|found| found == word), "{message}");
            assert!(message.contains(COMMAND), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
    // Flask's format finds it when it is built.
    let error = config("FLASK", &[]).unwrap().build_flask().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no secret key: set FLASK_SECRET_KEY to the output of `openssl rand -base64 33`"
    );
    assert_eq!(*error.without_prefix(), ConfigError::NoKey);
    // A table's key that is no text.
    let error = Config::from_table(serde_json::json!({"secret_key": 20_260_101})).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("SECRET_KEY: ") && message.contains(COMMAND));
}

/// Every other error names its variable, too.
#[test]
fn errors_of_a_prefixed_configuration_name_its_variables() {
    let error = |settings: &[(&str, &str)]| {
        let settings = [&[("SECRET_KEY", KEY)], settings].concat();
        let built = config("SHOP", &settings).unwrap().build();
        built.unwrap_err().to_string()
    };
    for (name, text) in [
        ("SESSION_COOKIE_NAME", "a;b"),
        ("SESSION_COOKIE_DOMAIN", "example.com"),
        ("SESSION_COOKIE_SAMESITE", "hardly"),
    ] {
        let message = error(&[(name, text)]);
        assert!(message.starts_with(&format!("SHOP_{name}: ")), "{message}");
    }
    let message = error(&[("SESSION_COOKIE_SECURE", "false")]);
    assert!(
        message.contains(" SHOP_SESSION_INSECURE_PLAIN_HTTP "),
        "{message}"
    );
    let message = error(&[
        ("SESSION_WARNINGS_ARE_ERRORS", "true"),
        ("SESSION_INSECURE_PLAIN_HTTP", "true"),
    ]);
    assert!(
        message.contains("SHOP_SESSION_WARNINGS_ARE_ERRORS"),
        "{message}"
    );
    // A builder from the configuration, with a setting in code.
    let builder = config("SHOP", &[("SECRET_KEY", KEY)]).unwrap().builder();
    let error = builder.unwrap().secure(false).build().unwrap_err();
    assert!(error.to_string().starts_with("SHOP_SESSION_COOKIE_SECURE"));
    assert!(matches!(
        error.without_prefix(),
        ConfigError::Cookie {
            setting: "SESSION_COOKIE_SECURE",
            ..
        }
    ));
}
