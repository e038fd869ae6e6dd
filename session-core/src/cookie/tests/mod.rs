//! Finding and rendering cookies, with the `cookie` crate as the oracle.

use crate::cookie::attributes::{Attributes, Prefix, SameSite};
use crate::cookie::header::Dialect;
use crate::cookie::template::{CookieTemplate, Expiry};
use http::HeaderValue;
use proptest::prelude::*;
use std::borrow::Cow;

mod refused;

fn attributes() -> Attributes {
    Attributes {
        prefix: Prefix::Host,
        name: "session".into(),
        domain: None,
        path: "/".into(),
        secure: true,
        http_only: true,
        same_site: Some(SameSite::Lax),
        partitioned: false,
    }
}

fn plain() -> Attributes {
    Attributes {
        prefix: Prefix::None,
        ..attributes()
    }
}

fn found(name: &str, header: &[u8]) -> Vec<String> {
    let (prefix, name) = Prefix::split(name);
    let template = CookieTemplate::new(&Attributes {
        prefix,
        name: name.into(),
        ..attributes()
    })
    .unwrap();
    let header = HeaderValue::from_bytes(header).unwrap();
    let values = template.find(&header, Dialect::Browser);
    values
        .map(|value| String::from_utf8_lossy(&value).into_owned())
        .collect()
}

#[test]
fn c6_byte_exact_and_nothing_decoded() {
    for (header, values) in [
        ("__Host-id=x", vec!["x"]),
        ("a=b; __Host-id=x; c", vec!["x"]),
        (" \t__Host-id \t=\t x \t;", vec!["x"]),
        ("__Host-id=a; __Host-id=b", vec!["a", "b"]),
        ("__Host-id=", vec![""]),
        ("__Host-id=a=b", vec!["a=b"]),
        ("__Host-id=\"x\"", vec!["\"x\""]),
        ("=__Host-id=x", vec![]),
        ("__Host-id", vec![]),
        ("%5F_Host-id=x", vec![]),
        ("__host-id=x", vec![]),
        ("\"__Host-id\"=x", vec![]),
        ("\u{2000}__Host-id=x", vec![]),
        ("\u{a0}__Host-id=x", vec![]),
        ("x__Host-id=x", vec![]),
        ("a=__Host-id=x", vec![]),
        ("", vec![]),
        (";;;", vec![]),
        ("a=1,__Host-id=x", vec![]),
    ] {
        assert_eq!(found("__Host-id", header.as_bytes()), values, "{header:?}");
    }
    assert_eq!(found("id", b"\xff=\xfe; id=x\xff"), ["x\u{fffd}"]);
}

/// Returns Set-Cookie, and checks that its length is the one that was computed.
fn set_cookie(template: &CookieTemplate, value: &str, expiry: Expiry) -> HeaderValue {
    let mut text = template.target(expiry, None).begin(value.len());
    text.extend_from_slice(value.as_bytes());
    let header = template.finish(text, expiry).unwrap();
    assert_eq!(header.len(), template.header_len(value.len(), expiry));
    header
}

#[test]
fn c1_the_default() {
    let template = CookieTemplate::new(&attributes()).unwrap();
    let header = set_cookie(&template, "v", Expiry::Browser);
    assert_eq!(
        header,
        "__Host-session=v; HttpOnly; SameSite=Lax; Secure; Path=/"
    );
    assert!(header.is_sensitive());
    let header = set_cookie(&template, "v", Expiry::MaxAge(60));
    assert_eq!(
        header,
        "__Host-session=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
    );
    let header = set_cookie(&template, "v", Expiry::expires(u64::MAX));
    assert!(
        header
            .to_str()
            .unwrap()
            .ends_with("; Expires=Fri, 31 Dec 9999 23:59:59 GMT")
    );
}

#[test]
fn c5_removal_has_the_same_attributes() {
    let all = Attributes {
        prefix: Prefix::Secure,
        domain: Some("example.com".into()),
        path: "/p".into(),
        partitioned: true,
        same_site: Some(SameSite::None),
        ..attributes()
    };
    for attributes in [attributes(), all] {
        let template = CookieTemplate::new(&attributes).unwrap();
        let set = set_cookie(&template, "", Expiry::Browser);
        let removal = template.removal.clone();
        let expected = format!(
            "{}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            set.to_str().unwrap()
        );
        assert_eq!(removal, expected);
        assert!(removal.is_sensitive());
    }
}

#[test]
fn werkzeugs_dialect_of_the_cookie_header() {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/data/flask-odd.json")).unwrap();
    let template = CookieTemplate::new(&Attributes {
        name: "s".into(),
        ..plain()
    })
    .unwrap();
    let (mut counted, mut several) = (0, 0);
    for line in all["parsed"].as_array().unwrap() {
        let header = HeaderValue::from_str(line[0].as_str().unwrap()).unwrap();
        let expected: Vec<Vec<u8>> = line[1].as_array().unwrap().iter().map(latin_1).collect();
        let found: Vec<_> = template
            .find(&header, Dialect::Werkzeug)
            .map(Cow::into_owned)
            .collect();
        assert_eq!(found, expected, "{header:?}");
        counted += 1;
        several += usize::from(found.len() > 1);
    }
    assert!(counted == 600 && several > 20, "{counted} {several}");
}

fn latin_1(text: &serde_json::Value) -> Vec<u8> {
    text.as_str()
        .unwrap()
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

#[test]
fn names_split_by_exact_prefix() {
    assert_eq!(Prefix::split("__Host-a"), (Prefix::Host, "a"));
    assert_eq!(
        Prefix::split("__Secure-__Host-a"),
        (Prefix::Secure, "__Host-a")
    );
    assert_eq!(Prefix::split("__host-a"), (Prefix::None, "__host-a"));
    assert_eq!(Prefix::split("__Host-Http-a"), (Prefix::HostHttp, "a"));
    assert_eq!(Prefix::split("__Http-a"), (Prefix::Http, "a"));
}

proptest! {
    /// What we find is what the `cookie` crate finds; but it trims all that is white in Unicode, so it is shown something else
    /// beyond ASCII.
    #[test]
    fn agrees_with_the_cookie_crate(header in "[ab=;. \\t\"%\u{a0}\u{2000}é]{0,24}") {
        let shown = |text: &str| text.replace(|c: char| !c.is_ascii(), "\u{e000}");
        let expected: Vec<String> = cookie::Cookie::split_parse(shown(&header))
            .filter_map(Result::ok)
            .filter(|cookie| cookie.name() == "a")
            .map(|cookie| cookie.value().to_owned())
            .collect();
        let template = CookieTemplate::new(&Attributes { name: "a".into(), ..plain() }).unwrap();
        let header = HeaderValue::from_str(&header).unwrap();
        let found: Vec<_> = template.find(&header, Dialect::Browser).map(|value| shown(&String::from_utf8_lossy(&value))).collect();
        prop_assert_eq!(found, expected);
    }

    /// C8: nothing that is set can end or split the header; and what was set is read back.
    #[test]
    fn c8_every_field_is_validated(name in "\\PC{0,6}", domain in proptest::option::of("\\PC{0,6}"), path in "/?[ -~\\t\\né]{0,6}") {
        let attributes = Attributes { name, domain, path, ..plain() };
        if let Ok(template) = CookieTemplate::new(&attributes) {
            let header = set_cookie(&template, "v.w-_", Expiry::MaxAge(5));
            let text = std::str::from_utf8(header.as_bytes()).unwrap();
            let (pair, rest) = text.split_once("; ").unwrap();
            prop_assert_eq!(pair.split_once('='), Some((&*attributes.name, "v.w-_")));
            let read = cookie::Cookie::parse(format!("n=v; {rest}")).unwrap();
            prop_assert_eq!(read.domain(), attributes.domain.as_deref().filter(|domain| !domain.is_empty()));
            prop_assert_eq!(read.path(), Some(&*attributes.path));
            for dialect in [Dialect::Browser, Dialect::Werkzeug] {
                let sent = HeaderValue::from_bytes(pair.as_bytes()).unwrap();
                prop_assert_eq!(template.find(&sent, dialect).collect::<Vec<_>>(), [b"v.w-_".as_slice()]);
            }
            prop_assert_eq!(text.split(';').count(), 6 + usize::from(attributes.domain.is_some()));
        }
    }
}
