//! Property tests: any sequence of operations, closed and reopened, equals a plain model; any flipped bit is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unit_arg)]

mod common;

use std::collections::{BTreeMap, HashMap};

use common::{KEY, OTHER_KEY, cookie_with, formats, key, request, visit};
use proptest::prelude::*;
use serde_json::{Value, json};
use session_core::{
    Answer, Error, Inserted, Loaded, Outcome, Question, Record, RecordKey, Rejected, Session, Sessions, Step,
    Updated,
};

#[derive(Debug, Clone)]
enum Operation {
    Insert(String, Value),
    Remove(String),
    Take(String),
    GetOrInsert(String, Value),
    Increment(String, i64),
    Push(String, Value),
    Update(String, i64),
    Clear,
    Flash(String, String),
    TakeFlashes,
    TakeFlashesOf(String),
    SetPermanent(bool),
    SetOwner,
    Renew,
    Read(String),
}

/// What a session is, as plainly as it can be said.
#[derive(Debug, Default, Clone)]
struct Model {
    entries: BTreeMap<String, Value>,
    flashes: Vec<(String, String)>,
    permanent: bool,
    modified: bool,
}

impl Model {
    fn take_flashes(&mut self, category: Option<&str>) -> Vec<(String, String)> {
        let wanted = |flash: &(String, String)| category.is_none_or(|category| flash.0 == category);
        let taken: Vec<_> = self.flashes.iter().filter(|flash| wanted(flash)).cloned().collect();
        self.flashes.retain(|flash| !wanted(flash));
        self.modified |= !taken.is_empty();
        taken
    }

    /// Does to the model what is done to the session, and compares the answers.
    fn apply(&mut self, session: &Session, operation: &Operation) {
        let shown = |flashes: Result<Vec<session_core::Flash>, Error>| -> Vec<(String, String)> {
            flashes.unwrap().iter().map(|flash| (flash.category().to_owned(), flash.message())).collect()
        };
        match operation {
            Operation::Insert(key, value) => {
                session.insert(key, value).unwrap();
                self.entries.insert(key.clone(), value.clone());
                self.modified = true;
            }
            Operation::Remove(key) => {
                let removed = self.entries.remove(key).is_some();
                assert_eq!(session.remove(key).unwrap(), removed);
                self.modified |= removed;
            }
            Operation::Take(key) => {
                let taken = self.entries.remove(key);
                assert_eq!(session.take::<Value>(key).unwrap(), taken);
                self.modified |= taken.is_some();
            }
            Operation::GetOrInsert(key, value) => {
                self.modified |= !self.entries.contains_key(key);
                let expected = self.entries.entry(key.clone()).or_insert_with(|| value.clone());
                assert_eq!(session.get_or_insert_with(key, || value.clone()).unwrap(), *expected);
            }
            Operation::Increment(key, by) => {
                let old = self.entries.get(key).map_or(Some(0), Value::as_i64);
                match old.map(|old| old.checked_add(*by)) {
                    Some(Some(sum)) => {
                        assert_eq!(session.increment(key, *by).unwrap(), sum);
                        self.entries.insert(key.clone(), sum.into());
                        self.modified = true;
                    }
                    Some(None) => assert!(matches!(session.increment(key, *by), Err(Error::Overflow { .. }))),
                    None => assert!(matches!(session.increment(key, *by), Err(Error::WrongType { .. }))),
                }
            }
            Operation::Push(key, item) => {
                match self.entries.entry(key.clone()).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(items) => {
                        session.push(key, item).unwrap();
                        items.push(item.clone());
                        self.modified = true;
                    }
                    _ => assert!(matches!(session.push(key, item), Err(Error::WrongType { .. }))),
                }
            }
            Operation::Update(key, by) => {
                let result = session.update(key, |value: &mut Vec<i64>| {
                    value.push(*by);
                    value.len()
                });
                let old = self
                    .entries
                    .get(key)
                    .map_or_else(|| Some(Vec::new()), |value| serde_json::from_value(value.clone()).ok());
                match old {
                    Some(mut list) => {
                        let list: &mut Vec<i64> = &mut list;
                        list.push(*by);
                        assert_eq!(result.unwrap(), list.len());
                        self.entries.insert(key.clone(), json!(list));
                        self.modified = true;
                    }
                    None => assert!(matches!(result, Err(Error::WrongType { .. }))),
                }
            }
            Operation::Clear => {
                session.clear().unwrap();
                *self = Self { modified: true, ..Self::default() };
            }
            Operation::Flash(message, category) => {
                session.flash(message, category).unwrap();
                self.flashes.push((category.clone(), message.clone()));
                self.modified = true;
            }
            Operation::TakeFlashes => assert_eq!(shown(session.take_flashes()), self.take_flashes(None)),
            Operation::TakeFlashesOf(category) => {
                assert_eq!(shown(session.take_flashes_of(&[category])), self.take_flashes(Some(category)));
            }
            Operation::SetPermanent(permanent) => {
                session.set_permanent(*permanent).unwrap();
                self.permanent = *permanent;
                self.modified = true;
            }
            Operation::SetOwner => {
                session.set_owner("42").unwrap();
                self.modified = true;
            }
            Operation::Renew => {
                session.renew().unwrap();
                self.modified = true;
            }
            Operation::Read(key) => {
                assert_eq!(session.get::<Value>(key).unwrap(), self.entries.get(key).cloned());
                assert_eq!(session.contains_key(key), self.entries.contains_key(key));
            }
        }
        assert_eq!(session.is_modified(), self.modified);
        assert_eq!(session.is_permanent(), self.permanent);
        assert_eq!(session.keys(), self.entries.keys().cloned().collect::<Vec<_>>());
        assert_eq!((session.len(), session.is_empty()), (self.entries.len(), self.entries.is_empty()));
    }
}

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
        any::<f64>().prop_filter("JSON has no other", |float| float.is_finite()).prop_map(Value::from),
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
    let text = || prop::sample::select(vec!["info", "error", "é\"\u{7f}", ""]).prop_map(str::to_owned);
    prop_oneof![
        4 => (any_key(), any_value()).prop_map(|(key, value)| Operation::Insert(key, value)),
        2 => any_key().prop_map(Operation::Remove),
        2 => any_key().prop_map(Operation::Take),
        1 => (any_key(), any_value()).prop_map(|(key, value)| Operation::GetOrInsert(key, value)),
        2 => (any_key(), any::<i64>()).prop_map(|(key, by)| Operation::Increment(key, by)),
        2 => (any_key(), any_value()).prop_map(|(key, value)| Operation::Push(key, value)),
        1 => (any_key(), any::<i64>()).prop_map(|(key, by)| Operation::Update(key, by)),
        1 => Just(Operation::Clear),
        2 => (text(), text()).prop_map(|(message, category)| Operation::Flash(message, category)),
        1 => Just(Operation::TakeFlashes),
        1 => text().prop_map(Operation::TakeFlashesOf),
        1 => any::<bool>().prop_map(Operation::SetPermanent),
        1 => Just(Operation::SetOwner),
        1 => Just(Operation::Renew),
        2 => any_key().prop_map(Operation::Read),
    ]
}

/// The least that is a store.
#[derive(Default)]
struct Store(HashMap<RecordKey, Option<Record>>);

impl Store {
    fn drive<T>(&mut self, mut step: Step<T>) -> T {
        loop {
            match step {
                Step::Done(done) => return done,
                Step::Ask(ask) => {
                    let answer = self.answer(ask.question().clone());
                    step = ask.answer(answer);
                }
            }
        }
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Load { key, .. } => Answer::Loaded(match self.0.get(&key) {
                Some(Some(record)) => Loaded::Live(record.clone()),
                Some(None) => Loaded::Dead,
                None => Loaded::Absent,
            }),
            Question::Insert { key, record, .. } => {
                assert_eq!(self.0.insert(key, Some(record)), None);
                Answer::Inserted(Inserted::Done)
            }
            Question::Update { key, version, record, .. } => {
                let replaced = self.0.insert(key, Some(record));
                assert_eq!(replaced.unwrap().unwrap().version, version);
                Answer::Updated(Updated::Done)
            }
            Question::Delete { key, .. } => {
                self.0.insert(key, None);
                Answer::Deleted(Outcome::Done)
            }
            Question::Touch { .. } => Answer::Touched(Outcome::Done),
            _ => Answer::Noted,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Requests of some operations each, with one jar, in our formats.
    #[test]
    fn any_sequence_equals_the_model(sealed: bool, requests in prop::collection::vec(prop::collection::vec(any_operation(), 0..6), 1..8)) {
        let builder = Sessions::builder(key(KEY));
        let sessions = if sealed { builder.padding(64) } else { builder }.build().unwrap();
        let (mut model, mut jar) = (Model::default(), None::<String>);
        for operations in &requests {
            model.modified = false;
            let cookies: Vec<&str> = jar.as_deref().into_iter().collect();
            let closed = visit(&sessions, &cookies, |session| {
                assert_eq!(session.rejected(), None);
                operations.iter().for_each(|operation| model.apply(session, operation));
                Ok(())
            });
            let closed = match closed {
                Ok(closed) => closed,
                Err(Error::TooLarge { .. }) => return Ok(()),
                Err(error) => panic!("{error}"),
            };
            let empty = model.entries.is_empty() && model.flashes.is_empty();
            prop_assert_eq!(closed.removes(), empty && model.modified && jar.is_some());
            prop_assert_eq!(closed.cookie().is_some(), !empty && model.modified);
            if let Some(cookie) = closed.cookie() {
                prop_assert_eq!(closed.set_cookie().unwrap().contains("; Max-Age="), model.permanent);
                jar = Some(cookie.to_owned());
            } else if closed.removes() {
                jar = None;
            }
            if empty {
                // An empty session leaves no trace: permanence is that of the next one.
                model.permanent = false;
            }
        }
    }

    /// The same in a store: nothing is lost, whatever its length, and a cookie goes out only for a new id.
    #[test]
    fn any_sequence_equals_the_model_in_a_store(sealed: bool, requests in prop::collection::vec(prop::collection::vec(any_operation(), 0..6), 1..8)) {
        let builder = Sessions::builder(key(KEY));
        let sessions = if sealed { builder.sealed() } else { builder }.build_stored().unwrap();
        let mut store = Store::default();
        let (mut model, mut jar) = (Model::default(), None::<String>);
        for operations in &requests {
            model.modified = false;
            let cookies: Vec<&str> = jar.as_deref().into_iter().collect();
            let exchange = sessions.exchange(&request(&cookies));
            let session = store.drive(exchange.open()).unwrap();
            prop_assert_eq!(session.rejected(), None);
            operations.iter().for_each(|operation| model.apply(&session, operation));
            let mut headers = http::HeaderMap::new();
            store.drive(exchange.close()).apply(&mut headers).unwrap();
            let since_clear = operations.iter().rposition(|operation| matches!(operation, Operation::Clear));
            let rest = &operations[since_clear.map_or(0, |at| at + 1)..];
            let login = rest.iter().any(|operation| matches!(operation, Operation::SetOwner));
            let mints = |operation: &Operation| {
                matches!(operation, Operation::SetOwner | Operation::Renew | Operation::SetPermanent(_))
            };
            let minted = operations.iter().any(mints);
            let kept = !(model.entries.is_empty() && model.flashes.is_empty()) || login;
            let cookie = headers.get(http::header::SET_COOKIE).map(|header| header.to_str().unwrap().split(';').next().unwrap());
            match (&jar, since_clear, cookie) {
                (Some(_), Some(_), Some(pair)) => prop_assert_eq!(pair.ends_with('='), !kept),
                (None, _, cookie) => prop_assert_eq!(cookie.is_some(), kept),
                (Some(_), Some(_), None) => prop_assert!(false, "a cleared session sends its end or its successor"),
                (Some(_), None, Some(_)) => prop_assert!(minted),
                (Some(_), None, None) => {}
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

    /// In Flask's format, without what has other rules there (flashes and permanence are keys).
    #[test]
    fn any_sequence_of_values_equals_the_model_in_flask_mode(operations in prop::collection::vec(any_operation(), 0..14)) {
        let sessions = Sessions::flask_builder("dev").max_cookie_size(0).build().unwrap();
        let special = |operation: &Operation| matches!(
            operation,
            Operation::Flash(..) | Operation::TakeFlashes | Operation::TakeFlashesOf(_) | Operation::SetPermanent(_)
        );
        let (mut model, mut jar) = (Model::default(), None::<String>);
        for operation in operations.iter().filter(|operation| !special(operation)) {
            model.modified = false;
            let cookies: Vec<&str> = jar.as_deref().into_iter().collect();
            let Ok(closed) = visit(&sessions, &cookies, |session| {
                model.apply(session, operation);
                Ok(())
            }) else { return Ok(()) };
            prop_assert_eq!(closed.removes(), model.entries.is_empty() && model.modified);
            match closed.cookie() {
                Some(cookie) => jar = Some(cookie.to_owned()),
                None if closed.removes() => jar = None,
                None => {}
            }
        }
    }

    /// S1: any flipped bit is refused, for a reason that stands before all parsing (`Unreadable` would not).
    #[test]
    fn s1_any_flipped_bit_is_refused(value in any_value(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        for (format, builder) in formats() {
            let sessions = builder.build().unwrap();
            let Ok(closed) = visit(&sessions, &[], |session| session.insert("a", &value)) else { return Ok(()) };
            let cookie = closed.cookie().unwrap();
            let start = sessions.cookie_name().len() + 1;
            let mut bytes = cookie.as_bytes().to_vec();
            let at = start + at.index(bytes.len() - start);
            bytes[at] ^= 1 << bit;
            let Ok(header) = http::HeaderValue::from_bytes(&bytes) else { continue };
            let session = sessions.open(&http::HeaderMap::from_iter([(http::header::COOKIE, header)]));
            // A semicolon ends the value, and a space or tab at its end is trimmed.
            prop_assert!(session.is_empty());
            prop_assert!(
                matches!(session.rejected(), Some(Rejected::Malformed | Rejected::BadSignature)),
                "{} {:?}", format, session.rejected()
            );
        }
    }

    /// Untouched values come back byte for byte, whatever else is done.
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
                let mut bytes = cookie.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let Ok(header) = http::HeaderValue::from_bytes(&bytes) else { continue };
                let session = sessions.open(&http::HeaderMap::from_iter([(http::header::COOKIE, header)]));
                assert!(session.rejected().is_some() && session.is_empty(), "{format} {at} {bit}");
                refused += 1;
            }
        }
        assert!(refused > 300, "{format} {refused}");
    }
}

#[test]
fn keys_rotate() {
    let old = Sessions::builder(key(OTHER_KEY)).build().unwrap();
    let new = Sessions::builder(key(KEY)).verify_only(key(OTHER_KEY)).build().unwrap();
    let done = Sessions::builder(key(KEY)).build().unwrap();
    let cookie = cookie_with(&old, "a", 1);
    // Read under the old key: nothing is written, a reader would overwrite a writer.
    let read = visit(&new, &[&cookie], |session| Ok(assert_eq!(session.get::<i64>("a")?, Some(1)))).unwrap();
    assert_eq!(read.set_cookie(), None);
    // Written: under the new one.
    let written = visit(&new, &[&cookie], |session| session.increment("a", 1).map(drop)).unwrap();
    let session = done.open(&request(&[written.cookie().unwrap()]));
    assert_eq!(session.get::<i64>("a").unwrap(), Some(2));
    assert_eq!(done.open(&request(&[&cookie])).rejected(), Some(Rejected::BadSignature));
    // The old key does not sign any more (CVE-2025-47278).
    assert_eq!(old.open(&request(&[written.cookie().unwrap()])).rejected(), Some(Rejected::BadSignature));
}

#[test]
fn clones_in_many_threads_lose_nothing() {
    for (_, builder) in formats() {
        let sessions = builder.build().unwrap();
        let session = sessions.open(&http::HeaderMap::new());
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
        let shown = format!("{session:?} {sessions:?} {:?}", session.get::<i64>("password-key"));
        assert!(!shown.contains("hunter2") && !shown.contains(KEY), "{shown}");
        Ok(())
    });
    let shown = format!("{:?}", closed.unwrap().headers);
    assert!(!shown.contains("eyJ") && shown.contains("Sensitive"), "{shown}");
}
