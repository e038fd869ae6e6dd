//! What must be in a record: told from what was executed, in its order, with rules of its own, so that a mistake of the
//! core's merging is not made here as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::record::id::VerifierHash;

/// What a request did to the content.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// Key and JSON text.
    Set(&'static str, String),
    /// The same, made from a value that was loaded.
    Derived(&'static str, String),
    Remove(String),
    Clear,
    /// All but the counter goes.
    KeepOnly,
    Add(&'static str, i64),
    Push(&'static str, String),
    /// Number and message.
    Flash(u32, String),
    Take(Vec<u32>),
}

impl Effect {
    /// The key that another's value is lost for, or no longer counts for.
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
    /// What a session holds that begins with these.
    pub(super) fn of(effects: &[Effect]) -> Self {
        let mut content = Self::default();
        // A value that was made from a loaded one is left out.
        let mut own = effects
            .iter()
            .filter(|effect| !matches!(effect, Effect::Derived(..)));
        assert!(
            own.all(|effect| content.apply(effect)),
            "effects of one's own fit"
        );
        content
    }

    /// Whether it fitted.
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

    /// As a record holds it.
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

/// What a record says of its session besides the content.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Marks {
    pub(super) permanent: bool,
    pub(super) label: Option<&'static str>,
    /// When somebody logged in.
    pub(super) authenticated: Option<u64>,
}

/// A verifier that a record had.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) hash: VerifierHash,
    /// Who was logged in when it was minted.
    pub(super) user: Option<Arc<str>>,
    /// Since then somebody logged in or renewed: it must open nothing.
    pub(super) revoked: bool,
}

/// A record, from its insert on and beyond its end.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) content: Content,
    /// The content before the schedule began.
    pub(super) base: Content,
    pub(super) marks: Marks,
    pub(super) user: Option<Arc<str>>,
    /// How often the store had changed when it got this user.
    pub(super) since: usize,
    pub(super) created: u64,
    pub(super) expires: u64,
    /// Whose write is in it, in the order of their execution.
    pub(super) writers: Vec<usize>,
    /// All that it ever had.
    pub(super) verifiers: Vec<Known>,
    /// It had expired at some second of the schedule. If the clock is set back, or a store_request comes that was asked before
    /// that second, it counts again.
    pub(super) was_expired: bool,
    /// When its last verifier was minted.
    pub(super) verifier_created: Option<u64>,
    /// Until when its tombstone lasts: it was deleted.
    pub(super) tombstone: Option<u64>,
    /// Its tombstone had ended when the store was cleaned: a clock that is set back afterwards finds nothing of it.
    pub(super) collected: bool,
    /// An acknowledged clear or delete_all ended it.
    pub(super) for_good: bool,
}

impl Life {
    pub(super) fn known(&self, hash: &VerifierHash) -> Option<&Known> {
        self.verifiers.iter().find(|known| known.hash == *hash)
    }
}
