//! History variables: what a record must hold, computed from the executed requests in their order.
//! The rules are written a second time here, so that a mistake in the core's merging is not
//! repeated.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::record::id::VerifierHash;

/// A change that a request made to the content.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// A key and its JSON text.
    Set(&'static str, String),
    /// A key and its JSON text, which was made from a loaded value.
    Derived(&'static str, String),
    Remove(String),
    Clear,
    /// Removes all but the counter.
    KeepOnly,
    Add(&'static str, i64),
    Push(&'static str, String),
    /// The flash's number and its message.
    Flash(u32, String),
    Take(Vec<u32>),
}

impl Effect {
    /// Whether this change replaces the value of a key.
    pub(super) fn replaces(&self, wanted: &str) -> bool {
        match self {
            Self::Set(key, _) | Self::Derived(key, _) => *key == wanted,
            Self::Remove(key) => key == wanted,
            Self::Clear => true,
            Self::KeepOnly => wanted != "n",
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Content {
    pub(super) keys: BTreeMap<String, String>,
    pub(super) flashes: Vec<(u32, String)>,
}

impl Content {
    /// Returns the content of a session that begins with these changes.
    pub(super) fn of(effects: &[Effect]) -> Self {
        let mut content = Self::default();
        // A value that was made from a loaded one is left out.
        let mut own = effects
            .iter()
            .filter(|effect| !matches!(effect, Effect::Derived(..)));
        assert!(own.all(|effect| content.apply(effect)), "own changes fit");
        content
    }

    /// Returns whether the change fits.
    pub(super) fn apply(&mut self, effect: &Effect) -> bool {
        match effect {
            Effect::Set(key, text) | Effect::Derived(key, text) => {
                self.keys.insert((*key).to_owned(), text.clone());
            }
            Effect::Remove(key) => drop(self.keys.remove(key)),
            Effect::Clear => *self = Self::default(),
            Effect::KeepOnly => {
                self.keys.retain(|key, _| key == "n");
                self.flashes.clear();
            }
            Effect::Add(key, by) => match self
                .keys
                .get(*key)
                .map_or(Ok(0), |text| text.parse::<i64>())
            {
                Ok(old) => drop(self.keys.insert((*key).to_owned(), (old + by).to_string())),
                Err(_) => return false,
            },
            Effect::Push(key, item) => {
                let list = self
                    .keys
                    .entry((*key).to_owned())
                    .or_insert_with(|| "[]".to_owned());
                match list.strip_suffix(']') {
                    Some("[") => *list = format!("[{item}]"),
                    Some(open) => *list = format!("{open},{item}]"),
                    None => return false,
                }
            }
            Effect::Flash(number, message) => self.flashes.push((*number, message.clone())),
            Effect::Take(numbers) => self.flashes.retain(|(number, _)| !numbers.contains(number)),
        }
        true
    }

    /// Returns the text of the content as a record holds it.
    pub(super) fn text(&self) -> String {
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|(key, text)| format!("\"{key}\":{text}"))
            .collect();
        let map = format!("{{{}}}", keys.join(","));
        if self.flashes.is_empty() {
            return map;
        }
        let flashes: Vec<_> = self
            .flashes
            .iter()
            .map(|(number, text)| format!("[{number},\"info\",\"{text}\"]"))
            .collect();
        format!("[{map},[{}]]", flashes.join(","))
    }
}

/// The fields of a record beside the content.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Marks {
    pub(super) permanent: bool,
    pub(super) label: Option<&'static str>,
    /// When the user logged in.
    pub(super) authenticated: Option<u64>,
}

/// A verifier that a record has had.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) hash: VerifierHash,
    /// The user who was logged in when it was generated.
    pub(super) user: Option<Arc<str>>,
    /// A login or renewal came later: it must open nothing.
    pub(super) revoked: bool,
}

/// The history of a record, from its insert to its end and after it.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) content: Content,
    /// The content before the schedule began.
    pub(super) base: Content,
    pub(super) marks: Marks,
    pub(super) user: Option<Arc<str>>,
    /// The number of changes in the store when the record got this user.
    pub(super) since: usize,
    pub(super) created: u64,
    pub(super) expires: u64,
    /// The requests whose writes are in it, in the order of their execution.
    pub(super) writers: Vec<usize>,
    /// All verifiers that it has had.
    pub(super) verifiers: Vec<Known>,
    /// It had expired at some second of the schedule. It lives again if the clock is set back, or
    /// for a request to the store that was sent before that second.
    pub(super) was_expired: bool,
    /// When its last verifier was generated.
    pub(super) verifier_created: Option<u64>,
    /// The end of its tombstone, if it was deleted.
    pub(super) tombstone: Option<u64>,
    /// Its tombstone had ended when the store deleted what had expired. If the clock is set back
    /// later, it is not found.
    pub(super) collected: bool,
    /// An acknowledged clear or delete_all ended it.
    pub(super) for_good: bool,
}

impl Life {
    pub(super) fn known(&self, hash: &VerifierHash) -> Option<&Known> {
        self.verifiers.iter().find(|known| known.hash == *hash)
    }
}
