//! A plain model of a session, and the operations on it.

pub mod counter;
pub mod run;
pub mod store;

use counter::{Uncounted, counted};
use serde_json::{Value, json};
use session_core::{Error, Flash, Session};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub enum Operation {
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
    SetUser(String),
    ClearUser,
    KeepOnly(Vec<String>),
    Renew,
    Read(String),
}

/// In our format flashes and permanence are stored beside the map; in Flask's they are keys of it.
#[derive(Debug, Default, Clone)]
pub struct Model {
    pub entries: BTreeMap<String, Value>,
    pub flashes: Vec<(String, String)>,
    pub permanent: bool,
    /// In Flask's format only until the end of the request.
    pub user: Option<String>,
    pub modified: bool,
    /// Cleared by this request: the session that remains is a new one.
    pub cleared: bool,
    flask: bool,
    /// The flashes that `get_flashed_messages` returns for the rest of the request, in Flask's
    /// format.
    taken: Option<Vec<(String, String)>>,
}

impl Model {
    pub fn new(flask: bool) -> Self {
        Self {
            flask,
            ..Self::default()
        }
    }

    /// Begins a new request.
    pub fn begin(&mut self) {
        (self.modified, self.cleared, self.taken) = (false, false, None);
        self.user = self.user.take().filter(|_| !self.flask);
    }

    pub fn is_blank(&self) -> bool {
        self.entries.is_empty() && self.flashes.is_empty() && (self.flask || self.user.is_none())
    }

    pub fn is_permanent(&self) -> bool {
        if self.flask {
            self.entries.get("_permanent") == Some(&json!(true))
        } else {
            self.permanent
        }
    }

    fn take_flashes(&mut self, category: Option<&str>) -> Vec<(String, String)> {
        let wanted = |flash: &(String, String)| category.is_none_or(|category| flash.0 == category);
        if self.flask {
            // Any take removes all flashes; a second take returns those of the first.
            let taken = self.taken.get_or_insert_with(|| {
                let list = self.entries.remove("_flashes");
                self.modified |= list.is_some();
                list.map(|list| serde_json::from_value(list).unwrap())
                    .unwrap_or_default()
            });
            return taken
                .iter()
                .filter(|flash| wanted(flash))
                .cloned()
                .collect();
        }
        let taken: Vec<_> = self
            .flashes
            .iter()
            .filter(|flash| wanted(flash))
            .cloned()
            .collect();
        self.flashes.retain(|flash| !wanted(flash));
        self.modified |= !taken.is_empty();
        taken
    }

    fn flash(&mut self, category: &str, message: &str) {
        if self.flask {
            match self
                .entries
                .entry("_flashes".into())
                .or_insert_with(|| json!([]))
            {
                Value::Array(items) => items.push(json!([category, message])),
                other => panic!("no flashes: {other}"),
            }
        } else {
            self.flashes.push((category.to_owned(), message.to_owned()));
        }
    }

    /// Applies an operation to the model and to the session, and compares the results.
    pub fn apply(&mut self, session: &Session, operation: &Operation) {
        let messages = |flashes: Result<Vec<Flash>, Error>| -> Vec<(String, String)> {
            flashes
                .unwrap()
                .iter()
                .map(|flash| (flash.category().to_owned(), flash.message()))
                .collect()
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
                let expected = self
                    .entries
                    .entry(key.clone())
                    .or_insert_with(|| value.clone());
                assert_eq!(
                    session.get_or_insert_with(key, || value.clone()).unwrap(),
                    *expected
                );
            }
            Operation::Increment(key, by) => match counted(self.entries.get(key), *by) {
                Ok((sum, value)) => {
                    assert_eq!(session.increment(key, *by).unwrap(), sum);
                    self.entries.insert(key.clone(), value);
                    self.modified = true;
                }
                Err(Uncounted::Overflow) => {
                    assert!(matches!(
                        session.increment(key, *by),
                        Err(Error::Overflow { .. })
                    ));
                }
                Err(Uncounted::WrongType) => {
                    assert!(matches!(
                        session.increment(key, *by),
                        Err(Error::WrongType { .. })
                    ));
                }
            },
            Operation::Push(key, item) => {
                match self
                    .entries
                    .entry(key.clone())
                    .or_insert_with(|| Value::Array(Vec::new()))
                {
                    Value::Array(items) => {
                        session.push(key, item).unwrap();
                        items.push(item.clone());
                        self.modified = true;
                    }
                    _ => assert!(matches!(
                        session.push(key, item),
                        Err(Error::WrongType { .. })
                    )),
                }
            }
            Operation::Update(key, by) => {
                let result = session.update(key, |value: &mut Vec<i64>| {
                    value.push(*by);
                    value.len()
                });
                let old = self.entries.get(key).map_or_else(
                    || Some(Vec::new()),
                    |value| serde_json::from_value(value.clone()).ok(),
                );
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
                *self = Self {
                    modified: true,
                    cleared: true,
                    taken: self.taken.take(),
                    ..Self::new(self.flask)
                };
            }
            Operation::Flash(message, category) => {
                session.flash(message, category).unwrap();
                self.flash(category, message);
                self.modified = true;
            }
            Operation::TakeFlashes => {
                assert_eq!(messages(session.take_flashes()), self.take_flashes(None))
            }
            Operation::TakeFlashesOf(category) => {
                assert_eq!(
                    messages(session.take_flashes_of(&[category])),
                    self.take_flashes(Some(category))
                );
            }
            Operation::SetPermanent(permanent) => {
                session.set_permanent(*permanent).unwrap();
                if self.flask {
                    self.entries
                        .insert("_permanent".into(), (*permanent).into());
                } else {
                    self.permanent = *permanent;
                }
                self.modified = true;
            }
            Operation::SetUser(user) => {
                session.log_in(user).unwrap();
                if self.user.as_ref().is_some_and(|former| former != user) {
                    *self = Self {
                        cleared: true,
                        ..Self::new(self.flask)
                    };
                }
                self.user = Some(user.clone());
                self.modified = true;
            }
            Operation::ClearUser => {
                session.clear_user().unwrap();
                self.modified |= self.user.take().is_some();
            }
            Operation::KeepOnly(keys) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                session.keep_only(&keys).unwrap();
                self.entries
                    .retain(|key, _| keys.contains(&&**key) || (self.flask && key == "_permanent"));
                self.flashes.clear();
                (self.taken, self.modified) = (None, true);
            }
            Operation::Renew => {
                session.cycle_id().unwrap();
                self.modified = true;
            }
            Operation::Read(key) => {
                assert_eq!(
                    session.get::<Value>(key).unwrap(),
                    self.entries.get(key).cloned()
                );
                assert_eq!(session.contains_key(key), self.entries.contains_key(key));
            }
        }
        self.check(session);
    }

    /// Compares all that is visible of the session without reading values.
    fn check(&self, session: &Session) {
        assert_eq!(session.is_modified(), self.modified);
        assert_eq!(session.is_permanent(), self.is_permanent());
        assert_eq!(session.user().as_deref(), self.user.as_deref());
        assert_eq!(
            session.keys(),
            self.entries.keys().cloned().collect::<Vec<_>>()
        );
        assert_eq!(
            (session.len(), session.is_empty()),
            (self.entries.len(), self.entries.is_empty())
        );
    }

    /// Asserts that a reopened session holds everything that was written.
    fn check_reopened(&self, session: &Session) {
        assert_eq!(session.rejected(), None);
        self.check(session);
        for (key, value) in &self.entries {
            assert_eq!(session.get::<Value>(key).unwrap().as_ref(), Some(value));
        }
    }
}
