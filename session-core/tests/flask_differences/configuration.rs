//! Settings.

use session_core::{ConfigError, Sessions};

use crate::common::visit;
use crate::helpers::settings;

#[test]
fn more_than_eight_fallbacks_do_not_start() {
    let with = |number: usize| {
        let builder = (0..number).fold(Sessions::flask_builder("dev"), |b, n| {
            b.fallback(format!("old {n}"))
        });
        builder.build()
    };
    assert!(with(8).is_ok());
    assert!(matches!(with(9), Err(ConfigError::TooManyKeys(9))));
}

#[test]
fn fallbacks_in_one_text_are_an_error() {
    let message = settings("SECRET_KEY_FALLBACKS", "an old key")
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("SECRET_KEY_FALLBACKS: expected a JSON array of texts"),
        "{message}"
    );
}

#[test]
fn settings_of_an_environment_are_typed() {
    for (name, text) in [
        ("SESSION_COOKIE_SECURE", "False"),
        ("SESSION_COOKIE_HTTPONLY", "2"),
        ("SESSION_REFRESH_EACH_REQUEST", "no"),
        ("PERMANENT_SESSION_LIFETIME", "one day"),
        ("MAX_COOKIE_SIZE", "4k"),
        ("SESSION_COOKIE_SAMSITE", "Lax"),
    ] {
        let message = settings(name, text).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{name}: ")), "{message}");
    }
    // Text between quotes and null are read as Flask reads them.
    let header = |sessions: &Sessions| {
        let closed = visit(sessions, &[], |session| session.insert("a", 1)).unwrap();
        closed.set_cookie().unwrap().to_owned()
    };
    assert!(header(&settings("SESSION_COOKIE_NAME", r#""shop""#).unwrap()).starts_with("shop="));
    assert!(
        header(&settings("SESSION_COOKIE_SAMESITE", r#""strict""#).unwrap())
            .contains("SameSite=Strict")
    );
    for name in [
        "SESSION_COOKIE_SAMESITE",
        "SESSION_COOKIE_PATH",
        "SESSION_COOKIE_NAME",
        "SESSION_SALT",
    ] {
        let plain = header(&settings("MAX_COOKIE_SIZE", "4093").unwrap());
        let (plain, null) = (plain, header(&settings(name, "null").unwrap()));
        assert_eq!(
            plain.split(['=', ';']).collect::<Vec<_>>()[2..],
            null.split(['=', ';']).collect::<Vec<_>>()[2..]
        );
    }
}

#[test]
fn unknown_settings_do_not_start() {
    for (name, remedy) in [
        (
            "SESSION_COOKIE_SAMSITE",
            "the nearest one is SESSION_COOKIE_SAMESITE",
        ),
        (
            "PERMANENT_SESSION_LIFTIME",
            "the nearest one is PERMANENT_SESSION_LIFETIME",
        ),
        ("SESSION_TYPE", "use Config::build_stored"),
    ] {
        let message = settings(name, "redis").unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("{name}: ")) && message.contains(remedy),
            "{message}"
        );
    }
    // Other settings of the application are none of ours.
    assert!(settings("TEMPLATES_AUTO_RELOAD", "true").is_ok());
}

#[test]
fn lifetimes_and_same_site_are_checked_at_start() {
    for (name, text) in [
        ("PERMANENT_SESSION_LIFETIME", "-1"),
        ("PERMANENT_SESSION_LIFETIME", "\"1\""),
        ("SESSION_COOKIE_SAMESITE", ""),
        ("SESSION_COOKIE_SAMESITE", "Sometimes"),
    ] {
        let message = settings(name, text).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{name}: ")), "{message}");
    }
}

#[test]
fn a_domain_is_not_encoded() {
    let message = settings("SESSION_COOKIE_DOMAIN", "bücher.example")
        .unwrap_err()
        .to_string();
    assert!(message.contains("write it in ASCII (IDNA)"), "{message}");
    assert!(settings("SESSION_COOKIE_DOMAIN", "xn--bcher-kva.example").is_ok());
}

#[test]
fn cookies_that_browsers_refuse_do_not_start() {
    for (name, text, setting) in [
        ("SESSION_COOKIE_NAME", "__Host-s", "SESSION_COOKIE_SECURE"),
        ("SESSION_COOKIE_NAME", "__secure-s", "SESSION_COOKIE_SECURE"),
        ("SESSION_COOKIE_NAME", "__Http-s", "SESSION_COOKIE_SECURE"),
        ("SESSION_COOKIE_SAMESITE", "None", "SESSION_COOKIE_SECURE"),
        ("SESSION_COOKIE_NAME", "a;b", "SESSION_COOKIE_NAME"),
        ("SESSION_COOKIE_NAME", "a=b", "SESSION_COOKIE_NAME"),
        ("SESSION_COOKIE_NAME", "", "SESSION_COOKIE_NAME"),
        ("SESSION_COOKIE_DOMAIN", "exa mple", "SESSION_COOKIE_DOMAIN"),
        (
            "SESSION_COOKIE_DOMAIN",
            "a..example",
            "SESSION_COOKIE_DOMAIN",
        ),
    ] {
        let message = settings(name, text).unwrap_err().to_string();
        assert!(message.starts_with(setting), "{message}");
    }
    for (name, text) in [
        ("SESSION_COOKIE_NAME", "a b"),
        ("SESSION_COOKIE_NAME", "sé"),
        ("SESSION_COOKIE_DOMAIN", "a_b.example"),
        ("SESSION_COOKIE_PATH", "app"),
    ] {
        let sessions = settings(name, text).unwrap();
        let warnings: Vec<_> = sessions
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            warnings.iter().any(|warning| warning.starts_with(name)),
            "{warnings:?}"
        );
    }
}
