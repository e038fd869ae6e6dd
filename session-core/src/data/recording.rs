//! Parts of a change for its recording. A session in a store may have to make its changes again on a newer record.

use std::borrow::Cow;

use crate::data::change::Change;
use crate::data::map::Map;

impl Map {
    /// Returns the map, which records its changes from now on.
    pub(crate) fn recording(mut self) -> Self {
        // A session in a cookie has no list, and copies no key for it.
        self.changes = Some(Vec::new());
        self
    }

    /// Returns the recorded changes, in order.
    pub(crate) fn changes(&self) -> &[Change<'static>] {
        self.changes.as_deref().unwrap_or_default()
    }
}

impl Change<'_> {
    /// Returns the change with keys of its own.
    pub(crate) fn to_static(&self) -> Change<'static> {
        // Texts of values are shared, keys are copied.
        match self {
            Self::Set { key, value } => Change::Set {
                key: own(key),
                value: value.clone(),
            },
            Self::Update { key, value } => Change::Update {
                key: own(key),
                value: value.clone(),
            },
            Self::Remove { key } => Change::Remove { key: own(key) },
            Self::Clear => Change::Clear,
            Self::KeepOnly(keys) => Change::KeepOnly(keys.iter().map(|key| own(key)).collect()),
            Self::Increment { key, by } => Change::Increment {
                key: own(key),
                by: *by,
            },
            Self::Push { key, item } => Change::Push {
                key: own(key),
                item: item.clone(),
            },
            Self::Flash(flash) => Change::Flash(flash.clone()),
            Self::FlashesTaken(numbers) => Change::FlashesTaken(numbers.clone()),
        }
    }

    /// Returns the key that is changed, if it is one.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Set { key, .. }
            | Self::Update { key, .. }
            | Self::Remove { key }
            | Self::Increment { key, .. }
            | Self::Push { key, .. } => Some(key),
            Self::Clear | Self::KeepOnly(_) | Self::Flash(_) | Self::FlashesTaken(_) => None,
        }
    }
}

fn own(key: &str) -> Cow<'static, str> {
    Cow::Owned(key.to_owned())
}
