//! Misspelt settings, which no reader of a configuration ignores.

use serde_json::json;
use session_core::Config;

use crate::common::KEY;
use crate::helpers::{header, vars};

/// The message for one variable.
fn message(prefix: &str, variable: &str) -> Option<String> {
    let variables = [(variable.to_owned(), "hunter2".to_owned())];
    let error = Config::from_vars(prefix, variables).err()?;
    let message = error.to_string();
    assert!(!message.contains("hunter2"), "{message}");
    Some(message)
}

#[test]
fn an_unknown_variable_is_an_error_that_names_the_nearest_setting() {
    for (name, nearest) in [
        ("SESSION_SEAL", "SESSION_ENCRYPTED"),
        ("SESSION_COOKIE_NAM", "SESSION_COOKIE_NAME"),
        ("SESSION_COOKIE_SAME_SITE", "SESSION_COOKIE_SAMESITE"),
        ("SESSION_IDLE_LIFTIME", "SESSION_IDLE_LIFETIME"),
        ("SESSION_EPOCHS", "SESSION_EPOCH"),
        ("SESSION_HTTPONLY", "SESSION_COOKIE_HTTPONLY"),
        ("SESSION_", "SESSION_SALT"),
        ("SECRET_KEY_FALLBACK", "SECRET_KEY_FALLBACKS"),
        ("PERMANENT_SESSION_LIFTIME", "PERMANENT_SESSION_LIFETIME"),
        ("MAX_COOKIES_SIZE", "MAX_COOKIE_SIZE"),
    ] {
        assert_eq!(
            message("SHOP", &format!("SHOP_{name}")).unwrap(),
            format!(
                "SHOP_{name}: there is no such setting, and it would be ignored; the nearest one is SHOP_{nearest}: correct \
                 the name, or remove it"
            )
        );
        let without = message("", name).unwrap();
        assert!(
            without.starts_with(&format!("{name}: there is no such setting"))
                && without.contains(&format!("the nearest one is {nearest}: "))
                && without.contains("Config::from_env(\"SHOP\")"),
            "{without}"
        );
    }
}

#[test]
fn variables_of_other_programs_are_left_alone() {
    for name in [
        "SESSION_MANAGER",
        "XDG_SESSION_ID",
        "DESKTOP_SESSION",
        "SESSIONNAME",
        "session_cookie_nam",
        "PATH",
        "SECRET_KEY_BASE",
        "APPLICATION_PORT",
        "SHOP_SESSION_SEAL",
    ] {
        assert_eq!(message("", name), None, "{name}");
    }
    // Under our prefix there is no other program: not even the desktop.
    assert!(message("SHOP", "SHOP_SESSION_MANAGER").is_some());
    for name in ["SESSION_SEAL", "SHOPS_SESSION_SEAL", "MYSHOP_SESSION_SEAL"] {
        assert_eq!(message("SHOP", name), None, "{name}");
    }
}

#[test]
fn settings_of_flask_session_come_with_what_to_do_instead() {
    for name in ["SESSION_TYPE", "SESSION_REDIS", "SESSION_SQLALCHEMY_TABLE"] {
        let variable = message("FLASK", &format!("FLASK_{name}")).unwrap();
        let table = Config::from_table(json!({name: "hunter2"}));
        for message in [variable, table.unwrap_err().to_string()] {
            assert!(
                message.contains(&format!("{name}: this setting is Flask-Session's"))
                    && message.contains("Config::build_stored")
                    && !message.contains("hunter2"),
                "{message}"
            );
        }
    }
}

#[test]
fn an_unknown_name_in_a_table_is_an_error_in_any_reader() {
    for (name, nearest) in [
        ("session_cookie_nam", "session_cookie_name"),
        ("SESSION_COOKIE_NAM", "SESSION_COOKIE_NAME"),
        ("session_seal", "session_encrypted"),
        ("session_secret", "secret_key"),
        ("secret_key_fallback", "secret_key_fallbacks"),
    ] {
        let table = json!({"secret_key": KEY, "port": 8000, name: "hunter2"});
        let expected = format!(
            "{name}: there is no such setting, and it would be ignored; the nearest one is {nearest}: correct the name, or \
             remove it"
        );
        let error = Config::from_table(&table).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let error = serde_json::from_value::<Config>(table).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    // Other keys belong to others.
    let table = json!({"secret_key": KEY, "address": "::1", "log_level": "off", "sessions": 5});
    assert!(Config::from_table(&table).unwrap().build().is_ok());
}

/// A part of the application's own configuration, as well.
#[test]
fn an_unknown_name_in_a_flattened_table_is_an_error() {
    #[derive(serde::Deserialize)]
    struct Application {
        port: u16,
        #[serde(flatten)]
        sessions: Config,
    }
    let read = |name: &str| {
        let table = json!({"port": 8000, "SECRET_KEY": KEY, name: "shop"});
        serde_json::from_value::<Application>(table)
    };
    let read_well = read("session_cookie_name").unwrap();
    assert_eq!(read_well.port, 8000);
    assert!(header(&read_well.sessions.build().unwrap()).starts_with("__Host-shop;"));
    let Err(error) = read("session_cookie_nam") else {
        panic!("the misspelt name was ignored");
    };
    assert!(
        error
            .to_string()
            .contains("the nearest one is session_cookie_name"),
        "{error}"
    );
}

#[test]
fn session_idle_lifetime_is_a_setting() {
    let set = [("SECRET_KEY", KEY), ("SESSION_IDLE_LIFETIME", "60")];
    let sessions = vars(&set).unwrap().build().unwrap();
    assert!(header(&sessions).ends_with("; Max-Age=60"));
}
