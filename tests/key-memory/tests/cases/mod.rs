//! Every operation on keys.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header::COOKIE};
use session_core::testing::{self, CookieJar, ManualClock};
use session_core::{
    Config, Digest, KeyRing, SecretKey, Sessions, StoredSessions,
    protocol::{Exchange, Inserted, Loaded, Step, StoreReply, StoreRequest},
};

/// Consists of letters, so that lower-casing keeps its length, and of both cases, so that the
/// lower-cased text differs.
pub(crate) const SECRET: &str = "uZjZvXqnFqfBymSknXnSqSqoxpwTtfKxhpQyVbvRrac";
pub(crate) const FORMER: &str = "LbWxGqVnTzRkMhDpYcFsJuXaEoBiNwQgHvCtZrKyPlk";
pub(crate) const OLDEST: &str = "QwTnBkYzJxGmRfVhDcPsLuXaEoBiNwKgHvCtZrMyWlg";

fn key(text: &str) -> SecretKey {
    SecretKey::new(text).unwrap()
}

/// The library must wipe an owned text.
fn owned(text: &str) -> SecretKey {
    SecretKey::new(text.to_owned()).unwrap()
}

fn ring() -> KeyRing {
    KeyRing::new(owned(SECRET))
        .verify_only(owned(FORMER))
        .verify_only_until(owned(OLDEST), later())
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

/// Begins, reads and writes a session, as in three requests.
fn use_cookies(sessions: &Sessions) {
    let mut jar = CookieJar::new("https://example.com", ManualClock::at(1_700_000_000));
    for expected in 1..=3 {
        let fill = |session: &session_core::Session| {
            assert_eq!(session.increment("visits", 1)?, expected);
            Ok(())
        };
        jar.receive(&testing::respond(sessions, &jar.request(), fill).unwrap());
    }
    let forged = HeaderValue::try_from(format!("{}=forged", sessions.cookie_name())).unwrap();
    let forged = sessions.open(&HeaderMap::from_iter([(COOKIE, forged)]));
    assert!(forged.rejected().is_some());
}

/// Makes and opens a record.
fn use_store(sessions: &StoredSessions) {
    fn step<T>(asked: Step<T>) -> session_core::protocol::Pending<T> {
        match asked {
            Step::Pending(ask) => ask,
            Step::Done(_) => panic!("nothing was asked"),
        }
    }
    let fill = |exchange: &Exchange| {
        exchange
            .open()
            .done()
            .unwrap()
            .unwrap()
            .insert("visits", 1)
            .unwrap();
    };
    let exchange = sessions.exchange_of([]);
    fill(&exchange);
    let ask = step(exchange.close());
    let StoreRequest::Insert { record, .. } = ask.request().clone() else {
        panic!("no insert")
    };
    let mut response = HeaderMap::new();
    ask.reply(StoreReply::Inserted(Inserted::Done))
        .done()
        .unwrap()
        .apply(&mut response)
        .unwrap();
    let mut jar = CookieJar::new("https://example.com", ManualClock::at(1_700_000_000));
    jar.receive(&response);
    let exchange = sessions.exchange(&jar.request());
    let ask = step(exchange.open());
    let session = ask
        .reply(StoreReply::Loaded(Loaded::Live(record)))
        .done()
        .unwrap()
        .unwrap();
    assert_eq!(session.get::<i64>("visits").unwrap(), Some(1));
}

fn vars(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

pub(crate) const FALLBACKS: &str = r#"["LbWxGqVnTzRkMhDpYcFsJuXaEoBiNwQgHvCtZrKyPlk"]"#;
/// `FALLBACKS` with its first letter as an escape.
const ESCAPED: &str = r#"["\u004cbWxGqVnTzRkMhDpYcFsJuXaEoBiNwQgHvCtZrKyPlk"]"#;
pub(crate) const UNTIL: &str =
    r#"[{"key": "QwTnBkYzJxGmRfVhDcPsLuXaEoBiNwKgHvCtZrMyWlg", "until": 4000000000}]"#;
const JSON: &str = r#"{
    "SECRET_KEY": "uZjZvXqnFqfBymSknXnSqSqoxpwTtfKxhpQyVbvRrac",
    "SECRET_KEY_FALLBACKS": ["LbWxGqVnTzRkMhDpYcFsJuXaEoBiNwQgHvCtZrKyPlk"],
    "SESSION_VERIFY_ONLY_KEYS": [{"key": "QwTnBkYzJxGmRfVhDcPsLuXaEoBiNwKgHvCtZrMyWlg", "until": 4000000000}]
}"#;

pub(crate) type Case = (&'static str, Box<dyn Fn()>);

/// Every operation on keys, by name.
pub(crate) fn cases() -> Vec<Case> {
    let beginnings = JSON
        .match_indices([',', '}'])
        .map(|(at, _)| format!("{}, 5", &JSON[..at]));
    let long_list = JSON.replace(r#"Plk"]"#, r#"Plk", 5]"#);
    let refused: Vec<String> = beginnings.chain([long_list]).collect();
    fn case(name: &'static str, work: impl Fn() + 'static) -> Case {
        (name, Box::new(work))
    }
    vec![
        case("a key of a text", || drop(key(SECRET))),
        case("a key of an owned text", || drop(owned(SECRET))),
        case("a key of bytes with room behind them", || {
            let mut bytes = Vec::with_capacity(1000);
            bytes.extend_from_slice(SECRET.as_bytes());
            drop(SecretKey::new(bytes).unwrap());
        }),
        case("a clone", || drop(owned(SECRET).clone())),
        case("a key that is refused", || {
            assert!(SecretKey::new(SECRET[..31].to_owned()).is_err());
        }),
        case("a ring", || drop(ring())),
        case("a ring of Flask's", || {
            drop(
                KeyRing::flask(SECRET.to_owned())
                    .fallback(FORMER.to_owned())
                    .fallback(OLDEST),
            );
        }),
        case("sessions", || use_cookies(&Sessions::new(owned(SECRET)))),
        case("sessions with a ring", || {
            use_cookies(&Sessions::builder(ring()).build().unwrap())
        }),
        case("a former name", || {
            let old = session_core::PreviousCookie::new("old", later());
            use_cookies(&Sessions::builder(ring()).renamed_from(old).build().unwrap());
        }),
        case("encrypted", || {
            use_cookies(&Sessions::builder(ring()).encrypted().build().unwrap())
        }),
        case("from signed to encrypted", || {
            use_cookies(
                &Sessions::builder(ring())
                    .padding(64)
                    .accept_signed_until(later())
                    .build()
                    .unwrap(),
            );
        }),
        case("stored", || {
            use_store(&Sessions::builder(ring()).build_stored().unwrap())
        }),
        case("stored and encrypted", || {
            use_store(
                &Sessions::builder(ring())
                    .encrypted()
                    .build_stored()
                    .unwrap(),
            )
        }),
        case("replaced keys", || {
            let sessions = Sessions::builder(ring())
                .accept_encrypted_until(later())
                .build()
                .unwrap();
            use_cookies(&sessions);
            sessions.set_keys(SecretKey::generate().unwrap()).unwrap();
            sessions.set_keys(ring()).unwrap();
            assert!(
                sessions
                    .set_keys(KeyRing::flask("weak").fallback(SECRET.to_owned()))
                    .is_err()
            );
            std::mem::forget(sessions);
        }),
        case("replaced keys of stored sessions", || {
            let sessions = Sessions::builder(ring())
                .encrypted()
                .build_stored()
                .unwrap();
            use_store(&sessions);
            sessions.set_keys(SecretKey::generate().unwrap()).unwrap();
            std::mem::forget(sessions);
        }),
        case("Flask", || {
            use_cookies(&Sessions::flask(SECRET.to_owned()).unwrap())
        }),
        case("Flask with fallbacks", || {
            for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
                let builder =
                    Sessions::flask_builder(SECRET.to_owned()).fallback(FORMER.to_owned());
                use_cookies(&builder.fallback(OLDEST).digest(digest).build().unwrap());
            }
        }),
        case("a builder that is not used", || {
            drop(Sessions::builder(ring()).verify_only(owned(OLDEST)))
        }),
        case("a builder that is refused", || {
            assert!(
                Sessions::builder(ring())
                    .domain("example.com")
                    .build()
                    .is_err()
            );
            assert!(
                Sessions::flask_builder(SECRET.to_owned())
                    .epoch(1)
                    .build()
                    .is_err()
            );
        }),
        case("configured by variables", || {
            let vars = vars(&[
                ("SECRET_KEY", SECRET),
                ("SECRET_KEY_FALLBACKS", FALLBACKS),
                ("SESSION_VERIFY_ONLY_KEYS", UNTIL),
            ]);
            use_cookies(&Config::from_vars("", vars).unwrap().build().unwrap());
        }),
        case("configured by variables with escapes", || {
            let escaped = [("SECRET_KEY", SECRET), ("SECRET_KEY_FALLBACKS", ESCAPED)];
            drop(Config::from_vars("", vars(&escaped)).unwrap().keys());
        }),
        case("configured twice by variables", || {
            let twice = [("SECRET_KEY", SECRET), ("SECRET_KEY", FORMER)];
            let lists = [
                ("SECRET_KEY_FALLBACKS", FALLBACKS),
                ("SECRET_KEY_FALLBACKS", "[]"),
            ];
            drop(Config::from_vars("", vars(&[&twice[..], &lists].concat())).unwrap());
        }),
        case("variables that are refused", || {
            for wrong in [
                ("SESSION_EPOCH", "x"),
                ("SESSION_COOKIE_SAMSITE", "x"),
                (
                    "SECRET_KEY_FALLBACKS",
                    r#"["LbWxGqVnTzRkMhDpYcFsJuXaEoBiNwQgHvCtZrKyPlk", 5]"#,
                ),
                (
                    "SECRET_KEY_FALLBACKS",
                    "LbWxGqVnTzRkMhDpYcFsJuXaEoBiNwQgHvCtZrKyPlk",
                ),
                (
                    "SESSION_VERIFY_ONLY_KEYS",
                    r#"[{"key": "QwTnBkYzJxGmRfVhDcPsLuXaEoBiNwKgHvCtZrMyWlg", "until": "never"}]"#,
                ),
            ] {
                let keys = [("SECRET_KEY", SECRET), ("SESSION_VERIFY_ONLY_KEYS", UNTIL)];
                let behind = [("SECRET_KEY_FALLBACKS", FALLBACKS)];
                assert!(
                    Config::from_vars("", vars(&[&keys[..], &[wrong], &behind].concat())).is_err()
                );
            }
        }),
        case("configured by the environment", || {
            let config = Config::from_env("KEY_MEMORY").unwrap();
            drop(config.keys());
            use_cookies(&config.build_flask().unwrap());
        }),
        case("configured by JSON", || {
            use_cookies(
                &serde_json::from_str::<Config>(JSON)
                    .unwrap()
                    .build()
                    .unwrap(),
            );
            drop(serde_json::from_slice::<Config>(JSON.as_bytes()).unwrap());
        }),
        case("JSON that is refused", move || {
            assert!(
                refused
                    .iter()
                    .all(|json| serde_json::from_str::<Config>(json).is_err())
            );
        }),
    ]
}
