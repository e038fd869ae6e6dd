//! Property tests: any sequence of operations, closed and reopened, equals a plain model; any
//! flipped bit is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unit_arg
)]

mod common;

use std::collections::BTreeMap;

use common::model::run::run;
use common::model::store::Store;
use common::model::{Model, Operation};
use common::{KEY, OTHER_KEY, cookie_with, formats, key, request, visit};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::Value;
use session_core::{Rejected, Sessions};

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "é", " t", " di", "_x", "\u{ffff}", "😀"]).prop_map(str::to_owned),
        1 => any::<String>().prop_map(|text| text.chars().take(6).collect()),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i8>().prop_map(|whole| Value::from(f64::from(whole))),
        any::<f64>()
            .prop_filter("JSON has no other", |float| float.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(|text| Value::from(text.chars().take(8).collect::<String>())),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any_key(), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let text =
        || prop::sample::select(vec!["info", "error", "é\"\u{7f}", ""]).prop_map(str::to_owned);
    prop_oneof![
        4 => (any_key(), any_value()).prop_map(|(key, value)| Operation::Insert(key, value)),
        2 => any_key().prop_map(Operation::Remove),
        2 => any_key().prop_map(Operation::Take),
        1 => (any_key(), any_value()).prop_map(|(key, value)| Operation::GetOrInsert(key, value)),
        2 => (any_key(), prop_oneof![any::<i64>(), -9..9_i64]).prop_map(|(key, by)| Operation::Increment(key, by)),
        2 => (any_key(), any_value()).prop_map(|(key, value)| Operation::Push(key, value)),
        1 => (any_key(), any::<i64>()).prop_map(|(key, by)| Operation::Update(key, by)),
        1 => Just(Operation::Clear),
        2 => (text(), text()).prop_map(|(message, category)| Operation::Flash(message, category)),
        1 => Just(Operation::TakeFlashes),
        1 => text().prop_map(Operation::TakeFlashesOf),
        1 => any::<bool>().prop_map(Operation::SetPermanent),
        2 => prop::sample::select(vec!["42", "43", "é\"\u{7f}"]).prop_map(|user| Operation::SetUser(user.to_owned())),
        1 => Just(Operation::ClearUser),
        1 => prop::collection::vec(any_key(), 0..3).prop_map(Operation::KeepOnly),
        1 => Just(Operation::Renew),
        2 => any_key().prop_map(Operation::Read),
    ]
}

/// Returns a request whose cookie has one bit flipped; `None` if no header can hold it.
fn with_flipped_bit(cookie: &str, at: usize, bit: u32) -> Option<HeaderMap> {
    let mut bytes = cookie.as_bytes().to_vec();
    bytes[at] ^= 1 << bit;
    let header = HeaderValue::from_bytes(&bytes).ok()?;
    Some(HeaderMap::from_iter([(COOKIE, header)]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Several requests of some operations each, from one browser, in all formats.
    #[test]
    fn any_sequence_equals_the_model(requests in prop::collection::vec(prop::collection::vec(any_operation(), 0..6), 1..8)) {
        for (format, builder) in formats() {
            let builder = if format == "encrypted" { builder.padding(64) } else { builder };
            run(&builder.build().unwrap(), &requests);
        }
    }

    /// With a store nothing is lost, whatever the length, and a cookie is sent only for a new id.
    #[test]
    fn any_sequence_equals_the_model_in_a_store(encrypted: bool, requests in prop::collection::vec(prop::collection::vec(any_operation(), 0..6), 1..8)) {
        let builder = Sessions::builder(key(KEY));
        let sessions = if encrypted { builder.encrypted() } else { builder }.build_stored().unwrap();
        let mut store = Store::default();
        let (mut model, mut jar) = (Model::new(false), None::<String>);
        for operations in &requests {
            model.begin();
            let cookies: Vec<&str> = jar.as_deref().into_iter().collect();
            let exchange = sessions.exchange(&request(&cookies));
            let session = store.drive(exchange.open()).unwrap();
            prop_assert_eq!(session.rejected(), None);
            operations.iter().for_each(|operation| model.apply(&session, operation));
            let mut headers = HeaderMap::new();
            store.drive(exchange.close()).apply(&mut headers).unwrap();
            let changes_id = |operation: &Operation| {
                use Operation::{ClearUser, Renew, SetUser, SetPermanent};
                matches!(operation, SetUser(_) | ClearUser | Renew | SetPermanent(_))
            };
            let needs_new_id = operations.iter().any(changes_id);
            let stored = !model.is_blank();
            let cookie = headers.get(http::header::SET_COOKIE).map(|header| header.to_str().unwrap().split(';').next().unwrap());
            match (&jar, model.cleared, cookie) {
                (Some(_), true, Some(pair)) => prop_assert_eq!(pair.ends_with('='), !stored),
                (None, _, cookie) => prop_assert_eq!(cookie.is_some(), stored),
                (Some(_), true, None) => prop_assert!(false, "after a clear the response removes or replaces the cookie"),
                (Some(_), false, Some(_)) => prop_assert!(needs_new_id),
                (Some(_), false, None) => {}
            }
            if let Some(pair) = cookie {
                jar = Some(pair.to_owned()).filter(|pair| !pair.ends_with('='));
            }
            if jar.is_none() {
                // Nothing is stored for an empty session.
                model.permanent = false;
            }
        }
    }

    /// S1: any flipped bit is refused, for a reason that precedes all parsing (`Unreadable` would
    /// not).
    #[test]
    fn s1_any_flipped_bit_is_refused(value in any_value(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        for (format, builder) in formats() {
            let sessions = builder.build().unwrap();
            let Ok(closed) = visit(&sessions, &[], |session| session.insert("a", &value)) else { return Ok(()) };
            let cookie = closed.cookie().unwrap();
            let start = sessions.cookie_name().len() + 1;
            let at = start + at.index(cookie.len() - start);
            let Some(request) = with_flipped_bit(cookie, at, bit) else { continue };
            let session = sessions.open(&request);
            // The bit may make a semicolon, which ends the value, or a space or tab at its end,
            // which is trimmed.
            prop_assert!(session.is_empty());
            prop_assert!(
                matches!(session.rejected(), Some(Rejected::Malformed | Rejected::BadSignature)),
                "{} {:?}", format, session.rejected()
            );
        }
    }

    /// Values that are not changed come back byte for byte, whatever happens to others.
    #[test]
    fn untouched_values_are_not_rewritten(value in any_value(), others in prop::collection::vec((any_key(), any_value()), 0..5)) {
        for (_, builder) in formats() {
            let sessions = builder.max_cookie_size(0).build().unwrap();
            let text = |cookie: &str| {
                let session = sessions.open(&request(&[cookie]));
                session.to_json()
            };
            let Ok(first) = visit(&sessions, &[], |session| session.insert("untouched", &value)) else { return Ok(()) };
            let before = text(first.cookie().unwrap());
            let Ok(second) = visit(&sessions, &[first.cookie().unwrap()], |session| {
                others.iter().filter(|(key, _)| key != "untouched").try_for_each(|(key, value)| session.insert(key, value))
            }) else { return Ok(()) };
            let Ok(third) = visit(&sessions, &[second.cookie().unwrap_or(first.cookie().unwrap())], |session| {
                for (key, _) in others.iter().filter(|(key, _)| key != "untouched") {
                    session.remove(key)?;
                }
                session.mark_modified()
            }) else { return Ok(()) };
            prop_assert_eq!(text(third.cookie().unwrap()), before);
        }
    }
}

#[test]
fn s1_every_bit_of_a_cookie() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "user", "ada");
        let start = sessions.cookie_name().len() + 1;
        let mut refused = 0;
        for at in start..cookie.len() {
            for bit in 0..8 {
                let Some(request) = with_flipped_bit(&cookie, at, bit) else {
                    continue;
                };
                let session = sessions.open(&request);
                assert!(
                    session.rejected().is_some() && session.is_empty(),
                    "{format} {at} {bit}"
                );
                refused += 1;
            }
        }
        assert!(refused > 300, "{format} {refused}");
    }
}

#[test]
fn keys_rotate() {
    let old = Sessions::builder(key(OTHER_KEY)).build().unwrap();
    let new = Sessions::builder(key(KEY))
        .verify_only(key(OTHER_KEY))
        .build()
        .unwrap();
    let done = Sessions::builder(key(KEY)).build().unwrap();
    let cookie = cookie_with(&old, "a", 1);
    // Read with the old key: nothing is written, because a reader could overwrite a concurrent
    // writer.
    let read = visit(&new, &[&cookie], |session| {
        Ok(assert_eq!(session.get::<i64>("a")?, Some(1)))
    })
    .unwrap();
    assert_eq!(read.set_cookie(), None);
    // Written: with the new key.
    let written = visit(&new, &[&cookie], |session| {
        session.increment("a", 1).map(drop)
    })
    .unwrap();
    let session = done.open(&request(&[written.cookie().unwrap()]));
    assert_eq!(session.get::<i64>("a").unwrap(), Some(2));
    assert_eq!(
        done.open(&request(&[&cookie])).rejected(),
        Some(Rejected::BadSignature)
    );
    // The old key does not sign any more (CVE-2025-47278).
    assert_eq!(
        old.open(&request(&[written.cookie().unwrap()])).rejected(),
        Some(Rejected::BadSignature)
    );
}

#[test]
fn clones_in_many_threads_lose_nothing() {
    for (_, builder) in formats() {
        let sessions = builder.build().unwrap();
        let session = sessions.open(&HeaderMap::new());
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let session = session.clone();
                scope.spawn(move || {
                    for round in 0..50 {
                        session.increment("sum", 1).unwrap();
                        session
                            .update("by_thread", |map: &mut BTreeMap<String, i64>| {
                                *map.entry(thread.to_string()).or_default() += 1
                            })
                            .unwrap();
                        session.push("list", round).unwrap();
                    }
                });
            }
        });
        assert_eq!(session.get::<i64>("sum").unwrap(), Some(400));
        assert_eq!(session.get::<Vec<i64>>("list").unwrap().unwrap().len(), 400);
        let by_thread: BTreeMap<String, i64> = session.get("by_thread").unwrap().unwrap();
        assert!(by_thread.len() == 8 && by_thread.values().all(|count| *count == 50));
    }
}

#[test]
fn logs_hold_nothing_private() {
    let sessions = Sessions::builder(key(KEY)).build().unwrap();
    let closed = visit(&sessions, &[], |session| {
        session.insert("password-key", "hunter2")?;
        let printed = format!(
            "{session:?} {sessions:?} {:?}",
            session.get::<i64>("password-key")
        );
        assert!(
            !printed.contains("hunter2") && !printed.contains(KEY),
            "{printed}"
        );
        Ok(())
    });
    let printed = format!("{:?}", closed.unwrap().headers);
    assert!(
        !printed.contains("eyJ") && printed.contains("Sensitive"),
        "{printed}"
    );
}
