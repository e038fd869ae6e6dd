//! What the table of differences says of Flask mode, where no recorded vector says it: a test for each row, named in the row. That
//! every test here stands there, and every name there is a test or a vector, is checked in `flask_vectors.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{ManualClock, cookie_with, request, visit};
use hmac::{Hmac, KeyInit, Mac};
use http::header::{COOKIE, VARY};
use http::{HeaderMap, HeaderValue};
use session_core::tagged::DateTime;
use session_core::{Config, ConfigError, Error, Rejected, Session, Sessions};
use sha1::Sha1;

const NOW: u64 = 1_700_000_000;

fn flask() -> Sessions {
    Sessions::flask_builder("dev")
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap()
}

/// As a Flask whose key is `dev` signs any text, at any time.
fn signed_at(payload: &str, at: u64) -> String {
    let code = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes()
    };
    let stamp = at.to_be_bytes();
    let stamp = &stamp[stamp.iter().take_while(|byte| **byte == 0).count()..];
    let text = format!("{payload}.{}", URL_SAFE_NO_PAD.encode(stamp));
    let signature = code(&code(b"dev", "cookie-session"), &text);
    format!("session={text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn signed(json: &str) -> String {
    signed_at(&URL_SAFE_NO_PAD.encode(json), NOW)
}

fn opened(cookie: &str) -> Session {
    flask().open(&request(&[cookie]))
}

fn settings(name: &str, text: &str) -> Result<Sessions, ConfigError> {
    let vars = [("SECRET_KEY", "dev"), (name, text)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
    Config::from_vars("", vars)?.build_flask()
}

#[test]
fn a_payload_that_cannot_be_read_is_an_empty_session() {
    let not_utf_8 = URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}");
    let long = format!("{{\"a\":{}}}", "9".repeat(4301));
    for payload in [
        URL_SAFE_NO_PAD.encode("{\"a\":"),
        not_utf_8,
        URL_SAFE_NO_PAD.encode(long),
        ".AAAA".to_owned(),
    ] {
        let session = opened(&signed_at(&payload, NOW));
        assert!(
            session.is_empty() && session.rejected() == Some(Rejected::Unreadable),
            "{payload}"
        );
    }
}

#[test]
fn a_tag_twice_is_a_dict_and_as_the_whole_no_session() {
    let session = opened(&signed(r#"{"a":{" t":[1]," t":[2]}}"#));
    assert_eq!(session.to_json(), r#"{"a":{" t":[1]," t":[2]}}"#);
    let session = opened(&signed(r#"{" t":[1]," t":[2]}"#));
    assert_eq!(session.rejected(), Some(Rejected::Unreadable));
}

#[test]
fn times_after_the_year_9999_are_refused_and_capped() {
    for at in [253_402_300_800, u64::MAX] {
        let session = opened(&signed_at(&URL_SAFE_NO_PAD.encode("{\"a\":1}"), at));
        assert_eq!(session.rejected(), Some(Rejected::Future));
    }
    // What Python could not show as a date is the last one that has four digits.
    let sessions = Sessions::flask_builder("dev")
        .idle_lifetime(Duration::MAX)
        .build()
        .unwrap();
    let closed = visit(&sessions, &[], |session| session.set_permanent(true)).unwrap();
    assert!(
        closed
            .set_cookie()
            .unwrap()
            .contains("; Expires=Fri, 31 Dec 9999 23:59:59 GMT")
    );
    assert!(
        DateTime::from_unix(253_402_300_799).is_some()
            && DateTime::from_unix(253_402_300_800).is_none()
    );
}

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
        ("SESSION_COOKIE_HTTPONLY", "0"),
        ("SESSION_REFRESH_EACH_REQUEST", "no"),
        ("PERMANENT_SESSION_LIFETIME", "one day"),
        ("MAX_COOKIE_SIZE", "4k"),
        ("SESSION_COOKIE_SAMSITE", "Lax"),
    ] {
        let message = settings(name, text).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{name}: ")), "{message}");
    }
    // Texts between quotes, and null, are as Flask reads them.
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
fn lifetimes_and_same_site_are_looked_at_when_it_starts() {
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
        let told: Vec<_> = sessions
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            told.iter().any(|warning| warning.starts_with(name)),
            "{told:?}"
        );
    }
}

#[test]
fn a_value_of_more_than_120_levels_is_read_and_not_written() {
    let nested = |levels: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(levels - 1),
            "]".repeat(levels - 1)
        )
    };
    let session = flask().open(&HeaderMap::new());
    assert!(session.insert_tagged_json(&nested(120)).is_ok());
    assert_eq!(
        session.insert_tagged_json(&nested(121)),
        Err(Error::NotAnObject { depth: 120 })
    );
    assert!(session.insert_json(&nested(121)).is_err());
    // What came goes back.
    let session = opened(&signed(&nested(500)));
    session.insert("b", 1).unwrap();
    assert_eq!(session.payload(), nested(500).replace("}", ",\"b\":1}"));
    assert!(opened(&signed(&nested(1001))).rejected().is_some());
}

#[test]
fn keys_with_lone_surrogates_stay_and_cannot_be_named() {
    let session = opened(&signed(r#"{"\ud800":1,"b":2}"#));
    assert_eq!(
        (session.len(), session.keys()),
        (
            2,
            vec!["b".to_owned(), "\u{fffd}\u{fffd}\u{fffd}".to_owned()]
        )
    );
    for key in session.keys().iter().filter(|key| *key != "b") {
        assert!(!session.contains_key(key) && !session.remove(key).unwrap());
    }
    session.insert("b", 3).unwrap();
    assert_eq!(session.payload(), r#"{"b":3,"\ud800":1}"#);
    assert!(session.insert_tagged_json(r#"{"\ud800":1}"#).is_err());
    session.clear().unwrap();
    assert!(session.is_empty());
}

/// `session.modified = False` would take a change back from the response. Here what was changed is sent.
#[test]
fn what_was_modified_stays_modified() {
    let sessions = flask();
    let cookie = cookie_with(&sessions, "a", 1);
    let closed = visit(&sessions, &[&cookie], |session| {
        session.insert("a", 2)?;
        session.insert("a", 1)?; // as it was
        assert!(session.is_modified());
        Ok(())
    });
    assert!(closed.unwrap().cookie().is_some());
}

#[test]
fn whoever_asks_for_the_session_varies_by_it() {
    let sessions = flask();
    let exchange = sessions.exchange(&HeaderMap::new());
    let _session = exchange.open().done().unwrap().unwrap(); // and touches nothing
    let mut headers = HeaderMap::new();
    exchange
        .close()
        .done()
        .unwrap()
        .apply(&mut headers)
        .unwrap();
    assert_eq!(headers[VARY], "Cookie");
}

#[test]
fn several_cookie_headers_are_read_one_after_the_other() {
    let sessions = flask();
    let cookie = cookie_with(&sessions, "a", 1);
    let session = sessions.open(&request(&["theme=dark", &cookie, "lang=en"]));
    assert_eq!(session.get::<i64>("a").unwrap(), Some(1));
}

#[test]
fn a_session_that_does_not_fit_is_an_error() {
    let sessions = flask();
    let mut state = 1_u64;
    let noise: Vec<u64> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state
    })
    .take(400)
    .collect();
    let error = visit(&sessions, &[], |session| session.insert("noise", &noise)).unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { limit: 4096, .. }),
        "{error}"
    );
}

#[test]
fn what_is_larger_than_a_header_is_not_looked_at() {
    let session = opened(&format!("session={}", "a".repeat((16 << 10) + 1)));
    assert_eq!(session.rejected(), Some(Rejected::TooLong));
    // A bomb of some kilobytes.
    let json = format!("{{\"a\":\"{}\"}}", "a".repeat(4 << 20));
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflate, json.as_bytes()).unwrap();
    let payload = format!(".{}", URL_SAFE_NO_PAD.encode(deflate.finish().unwrap()));
    let session = opened(&signed_at(&payload, NOW));
    assert_eq!(session.rejected(), Some(Rejected::Unreadable));
}

#[test]
fn a_late_change_and_a_late_open_are_errors() {
    let sessions = flask();
    let exchange = sessions.exchange(&request(&[&cookie_with(&sessions, "a", 1)]));
    let (opener, session) = (exchange.opener(), exchange.open().done().unwrap().unwrap());
    let _ = exchange.close().done().unwrap();
    assert_eq!(session.insert("a", 2), Err(Error::TooLate));
    assert_eq!(session.get::<i64>("a").unwrap(), Some(1));
    assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::TooLate);
}

#[test]
fn the_cookies_of_a_custom_tag_go_back_as_they_came() {
    let sessions = flask();
    for json in [
        r#"{" di":{"od__":1}}"#,
        r#"{" di":{" od__":[1,{" t":[2]}]}}"#,
        r#"{" di":{"\u00e9\"__":1}}"#,
    ] {
        let session = opened(&signed(json));
        assert_eq!(
            (session.rejected(), session.len(), &*session.payload()),
            (None, 1, json)
        );
        let key = session.keys().remove(0);
        session.insert(&key, 2).unwrap();
        let guarded = &json[..json.find("__").unwrap()];
        assert_eq!(session.payload(), format!("{guarded}__\":2}}}}"));
        // Two keys look like no tag.
        session.insert("zz", 1).unwrap();
        assert!(!session.payload().contains(" di"));
        session.remove("zz").unwrap();
        assert!(session.payload().starts_with(guarded));
        session.remove(&key).unwrap();
        session.insert("zz", 1).unwrap();
        assert_eq!(session.payload(), r#"{"zz":1}"#);
        // Read, then written anew as it is.
        let closed = visit(&sessions, &[&signed(json)], Session::mark_modified).unwrap();
        assert_eq!(opened(closed.cookie().unwrap()).payload(), json);
    }
    // Within a session nothing is known of it, and it stays as it is.
    let nested = r#"{"a":{" di":{"od__":1}}}"#;
    let session = opened(&signed(nested));
    assert!(session.get::<serde_json::Value>("a").is_err());
    assert_eq!((&*session.payload(), &*session.to_json()), (nested, nested));
}

#[test]
fn datetimes_are_of_the_years_1_to_9999() {
    let session = flask().open(&HeaderMap::new());
    let year_1 = DateTime::from_unix(-62_135_596_800).unwrap();
    session.insert("then", year_1).unwrap();
    assert_eq!(session.get::<DateTime>("then").unwrap(), Some(year_1));
    assert!(DateTime::from_unix(-62_135_596_801).is_none());
}

#[test]
fn only_space_and_tab_are_trimmed() {
    let sessions = flask();
    let cookie = cookie_with(&sessions, "a", 1);
    let value = cookie.strip_prefix("session=").unwrap();
    let read = |before: &[u8], between: &[u8]| {
        let header = [
            before,
            b"session",
            between,
            b"=",
            between,
            value.as_bytes(),
            b" \t; x=y",
        ]
        .concat();
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(&header).unwrap())]);
        sessions.open(&headers).len()
    };
    assert_eq!(read(b" \t", b"\t "), 1);
    for white in [
        &b"\xa0"[..],
        b"\x85",
        b"\xc2\xa0",
        b"\xc2\x85",
        b"\xe2\x80\x80",
    ] {
        assert_eq!((read(white, b""), read(b"", white)), (0, 0), "{white:?}");
    }
}
