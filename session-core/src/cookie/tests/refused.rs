//! Cookies that browsers refuse, and cookies that they store and other software may misread.

use super::{attributes, plain, set_cookie};
use crate::cookie::attributes::{Attributes, Prefix, SameSite};
use crate::cookie::header::Dialect;
use crate::cookie::template::{CookieTemplate, Expiry};
use crate::error::config::ConfigError;
use http::HeaderValue;

#[test]
fn c2_what_browsers_refuse_is_not_built() {
    let name = |name: &str| Attributes {
        name: name.into(),
        ..plain()
    };
    let domain = |domain: &str| Attributes {
        domain: Some(domain.into()),
        ..plain()
    };
    let path = |path: &str| Attributes {
        path: path.into(),
        ..plain()
    };
    for (attributes, setting) in [
        (
            Attributes {
                domain: Some("example.com".into()),
                ..attributes()
            },
            "SESSION_COOKIE_DOMAIN",
        ),
        (
            Attributes {
                path: "/app".into(),
                ..attributes()
            },
            "SESSION_COOKIE_PATH",
        ),
        (
            Attributes {
                secure: false,
                ..attributes()
            },
            "SESSION_COOKIE_SECURE",
        ),
        (
            Attributes {
                prefix: Prefix::Secure,
                secure: false,
                ..plain()
            },
            "SESSION_COOKIE_SECURE",
        ),
        (
            Attributes {
                same_site: Some(SameSite::None),
                secure: false,
                ..plain()
            },
            "SESSION_COOKIE_SECURE",
        ),
        (
            Attributes {
                partitioned: true,
                secure: false,
                ..plain()
            },
            "SESSION_COOKIE_SECURE",
        ),
        (name(""), "SESSION_COOKIE_NAME"),
        (name(" a"), "SESSION_COOKIE_NAME"),
        (name("a "), "SESSION_COOKIE_NAME"),
        (
            Attributes {
                name: "a ".into(),
                ..attributes()
            },
            "SESSION_COOKIE_NAME",
        ),
        (name("a\tb"), "SESSION_COOKIE_NAME"),
        (name("a\u{7f}b"), "SESSION_COOKIE_NAME"),
        (name("a;b"), "SESSION_COOKIE_NAME"),
        (name("a=b"), "SESSION_COOKIE_NAME"),
        (name("a\r\nb"), "SESSION_COOKIE_NAME"),
        (
            Attributes {
                path: "/app".into(),
                ..name("__host-a")
            },
            "SESSION_COOKIE_PATH",
        ),
        (
            Attributes {
                domain: Some("example.com".into()),
                ..name("__HOST-a")
            },
            "SESSION_COOKIE_DOMAIN",
        ),
        (
            Attributes {
                secure: false,
                ..name("__SECURE-a")
            },
            "SESSION_COOKIE_SECURE",
        ),
        (
            Attributes {
                secure: false,
                ..name("__Http-a")
            },
            "SESSION_COOKIE_SECURE",
        ),
        (
            Attributes {
                http_only: false,
                ..name("__http-a")
            },
            "SESSION_COOKIE_HTTPONLY",
        ),
        (
            Attributes {
                http_only: false,
                name: "Http-a".into(),
                ..attributes()
            },
            "SESSION_COOKIE_HTTPONLY",
        ),
        (
            Attributes {
                prefix: Prefix::HostHttp,
                path: "/app".into(),
                ..attributes()
            },
            "SESSION_COOKIE_PATH",
        ),
        (
            Attributes {
                prefix: Prefix::Http,
                http_only: false,
                ..attributes()
            },
            "SESSION_COOKIE_HTTPONLY",
        ),
        (name(&"a".repeat(1025)), "SESSION_COOKIE_NAME"),
        (domain("example.com; Path=/"), "SESSION_COOKIE_DOMAIN"),
        (domain("exa mple"), "SESSION_COOKIE_DOMAIN"),
        (domain(".example.com"), "SESSION_COOKIE_DOMAIN"),
        (domain("example.com:80"), "SESSION_COOKIE_DOMAIN"),
        (domain("bücher.example"), "SESSION_COOKIE_DOMAIN"),
        (domain("a..example"), "SESSION_COOKIE_DOMAIN"),
        (domain("example.com."), "SESSION_COOKIE_DOMAIN"),
        (path("/a;b"), "SESSION_COOKIE_PATH"),
        (path("/a b"), "SESSION_COOKIE_PATH"),
        (path("/a\nb"), "SESSION_COOKIE_PATH"),
        (path("/é"), "SESSION_COOKIE_PATH"),
        (
            path(&format!("/{}", "a".repeat(1024))),
            "SESSION_COOKIE_PATH",
        ),
    ] {
        match CookieTemplate::new(&attributes) {
            Err(ConfigError::Cookie { setting: found, .. }) => {
                assert_eq!(found, setting, "{attributes:?}")
            }
            other => panic!("{attributes:?}: {other:?}"),
        }
    }
}

/// What Chromium does with names, domains and paths like these is asked in session-axum's browser tests.
#[test]
fn c2_what_browsers_keep_is_a_warning_at_most() {
    let name = |name: &str| Attributes {
        name: name.into(),
        ..plain()
    };
    let domain = |domain: &str| Attributes {
        domain: Some(domain.into()),
        ..plain()
    };
    let path = |path: &str| Attributes {
        path: path.into(),
        ..plain()
    };
    for (attributes, expected) in [
        (attributes(), None),
        (name("a!#$%&'*+-.^_`|~z"), None),
        (
            name("a b"),
            Some("SESSION_COOKIE_NAME: \"a b\" is no token"),
        ),
        (name("sé"), Some("SESSION_COOKIE_NAME: \"sé\" is no token")),
        (name("a,b\"c"), Some("SESSION_COOKIE_NAME")),
        (
            Attributes {
                name: " a".into(),
                ..attributes()
            },
            Some("SESSION_COOKIE_NAME"),
        ),
        (name("__Host-a"), None),
        (name("__Http-a"), None),
        (
            Attributes {
                prefix: Prefix::Http,
                ..attributes()
            },
            None,
        ),
        (
            Attributes {
                prefix: Prefix::HostHttp,
                ..attributes()
            },
            None,
        ),
        (name("__Foo-a"), None),
        (
            name("__HOST-a"),
            Some("in another case, which not all software enforces; write \"__Host-\""),
        ),
        (
            Attributes {
                name: "http-a".into(),
                ..attributes()
            },
            Some("write \"__Host-Http-\""),
        ),
        (
            Attributes {
                name: "__Host-a".into(),
                ..attributes()
            },
            Some("has two prefixes"),
        ),
        (name("__Secure-__host-a"), Some("has two prefixes")),
        (domain("example.com"), None),
        (
            domain("a_b.example.com"),
            Some("SESSION_COOKIE_DOMAIN: \"a_b.example.com\" is no host name by RFC 1123"),
        ),
        (domain("-a.example.com"), Some("SESSION_COOKIE_DOMAIN")),
        (domain(""), Some("SESSION_COOKIE_DOMAIN: an empty domain")),
        (path("/a,b"), None),
        (path("/a%20b"), None),
        (
            path("app"),
            Some("SESSION_COOKIE_PATH: \"app\" does not begin with '/'"),
        ),
        (path(""), Some("SESSION_COOKIE_PATH")),
    ] {
        let template = CookieTemplate::new(&attributes).unwrap();
        let found: Vec<_> = attributes
            .warnings()
            .map(|warning| warning.to_string())
            .collect();
        match expected {
            None => assert!(found.is_empty(), "{found:?}"),
            Some(text) => assert!(
                found.len() == 1 && found[0].contains(text),
                "{attributes:?}: {found:?}"
            ),
        }
        // It comes back as it was sent.
        let pair = [template.name.as_bytes(), b"=v"].concat();
        let header = HeaderValue::from_bytes(&pair).unwrap();
        for dialect in [Dialect::Browser, Dialect::Werkzeug] {
            assert_eq!(
                template.find(&header, dialect).collect::<Vec<_>>(),
                [b"v".as_slice()]
            );
        }
        assert!(
            set_cookie(&template, "v", Expiry::Browser)
                .as_bytes()
                .starts_with(&pair)
        );
    }
}
