//! The forms of values in an environment, which are those of Flask's `from_prefixed_env`, and what a cookie's name becomes.

use session_core::{Config, Prefix};

use crate::common::KEY;
use crate::helpers::{header, json, vars};

fn ours(settings: &[(&str, &str)]) -> Config {
    vars(&[&[("SECRET_KEY", KEY)], settings].concat()).unwrap()
}

fn cookie(settings: &[(&str, &str)]) -> String {
    header(&ours(settings).build_flask().unwrap())
}

#[test]
fn a_value_is_json_or_else_a_text() {
    for (text, name) in [("abc", "abc"), ("\"abc\"", "abc"), ("null", "session")] {
        let found = cookie(&[("SESSION_COOKIE_NAME", text)]);
        assert!(found.starts_with(&format!("{name}; ")), "{text}: {found}");
    }
    for (text, secure) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let found = cookie(&[("SESSION_COOKIE_SECURE", text)]);
        assert_eq!(found.contains("; Secure"), secure, "{text}: {found}");
        let table = format!(r#"{{"SECRET_KEY": "dev", "SESSION_COOKIE_SECURE": {text}}}"#);
        let found = header(&json(&table).build_flask().unwrap());
        assert_eq!(found.contains("; Secure"), secure, "{text}: {found}");
    }
    // Unset: the default of the format.
    let unset = ours(&[("SESSION_COOKIE_SECURE", "null")]);
    assert!(header(&unset.build().unwrap()).contains("; Secure"));
    for text in ["2", "-1", "1.0", "yes", "\"true\"", "True", ""] {
        let error = vars(&[("SESSION_COOKIE_SECURE", text)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "SESSION_COOKIE_SECURE: expected true or false, in lower case, or 1 or 0",
            "{text}"
        );
    }
}

#[test]
fn a_name_gets_the_prefix_of_our_format_as_from_the_builder() {
    for (name, ours_is, flasks_is) in [
        ("shop", "__Host-shop", "shop"),
        ("__Host-shop", "__Host-shop", "__Host-shop"),
        ("__Secure-shop", "__Secure-shop", "__Secure-shop"),
        ("__Host-Http-shop", "__Host-Http-shop", "__Host-Http-shop"),
        // In another case it is a prefix for browsers, too.
        ("__host-shop", "__host-shop", "__host-shop"),
    ] {
        let set = [
            ("SESSION_COOKIE_NAME", name),
            ("SESSION_COOKIE_SECURE", "true"),
        ];
        assert_eq!(ours(&set).build().unwrap().cookie_name(), ours_is);
        assert_eq!(ours(&set).build_stored().unwrap().cookie_name(), ours_is);
        assert_eq!(ours(&set).build_flask().unwrap().cookie_name(), flasks_is);
    }
    let set = [("SESSION_COOKIE_NAME", "shop")];
    let without = ours(&set).builder().unwrap().prefix(Prefix::None);
    assert_eq!(without.build().unwrap().cookie_name(), "shop");
    // As with the builder, the prefix allows no domain; the message names the way out.
    let domain = [set[0], ("SESSION_COOKIE_DOMAIN", "example.com")];
    let message = ours(&domain).build().unwrap_err().to_string();
    assert!(
        message.starts_with("SESSION_COOKIE_DOMAIN: ") && message.contains("__Secure-session"),
        "{message}"
    );
    let secure = [("SESSION_COOKIE_NAME", "__Secure-shop"), domain[1]];
    assert!(ours(&secure).build().is_ok());
}

#[test]
fn without_secure_the_setting_for_plain_http_is_named() {
    let off = ("SESSION_COOKIE_SECURE", "false");
    let message = ours(&[off]).build().unwrap_err().to_string();
    assert_eq!(
        message,
        "SESSION_COOKIE_SECURE: browsers refuse the cookie: the prefix of its name needs Secure, which is off: turn it on; \
         browsers take such a cookie from localhost over plain HTTP too; for plain HTTP on another host set \
         SESSION_INSECURE_PLAIN_HTTP to true (Builder::insecure_plain_http), which removes Secure and the prefix"
    );
    // The remedy works, beside the setting and alone.
    let plain = ("SESSION_INSECURE_PLAIN_HTTP", "true");
    for set in [&[off, plain][..], &[plain]] {
        let found = header(&ours(set).build().unwrap());
        assert!(
            found.starts_with("session; ") && !found.contains("Secure"),
            "{found}"
        );
    }
    for (name, text, remedy) in [
        ("SESSION_COOKIE_SAMESITE", "None", "choose SameSite=Lax"),
        ("SESSION_COOKIE_PARTITIONED", "1", "leave Partitioned out"),
    ] {
        let message = ours(&[plain, (name, text)]).build().unwrap_err();
        assert!(message.to_string().contains(remedy), "{message}");
    }
}
