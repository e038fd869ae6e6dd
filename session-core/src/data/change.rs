//! What a request did to its session, as data.

use std::borrow::Cow;
use std::sync::Arc;

use crate::data::flash::Flash;

/// One change. Applying it is the only way a [`Map`](crate::data::map::Map) changes, so a record of changes, applied again to
/// the same or a newer map, does the same: that is what a store merges when two requests wrote at once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change<'a> {
    /// The key holds this JSON text.
    Set {
        key: Cow<'a, str>,
        value: Arc<str>,
    },
    /// The same, made from the value that was there.
    Update {
        key: Cow<'a, str>,
        value: Arc<str>,
    },
    Remove {
        key: Cow<'a, str>,
    },
    /// Nothing is left, no flash and no user either.
    Clear,
    /// No other keys than these are left, and no flash.
    KeepOnly(Vec<Cow<'a, str>>),
    /// A missing counter is 0, and one that is a float stays a float.
    Increment {
        key: Cow<'a, str>,
        by: i64,
    },
    /// The JSON text joins the end of a list; a missing list is empty.
    Push {
        key: Cow<'a, str>,
        item: Arc<str>,
    },
    Flash(Flash),
    /// The flashes with these numbers were taken: those that the request saw, and no later ones.
    FlashesTaken(Vec<u32>),
}

impl Change<'_> {
    /// The same change, independent of borrowed keys.
    pub(crate) fn to_static(&self) -> Change<'static> {
        let own = |key: &Cow<'_, str>| Cow::Owned(key.clone().into_owned());
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
            Self::KeepOnly(keys) => Change::KeepOnly(keys.iter().map(own).collect()),
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

    /// The key that is changed, if it is one.
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

/// Why a change does not fit the map it was applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeMismatch {
    /// An increment of what is no counter: see [`counter`](crate::data::counter).
    NotACounter,
    /// An increment beyond what a counter holds.
    Overflow,
    /// A push onto what is no list.
    NotAList,
}

impl TypeMismatch {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotACounter => {
                "to be incremented it must be an integer of 64 bits, or a float without a fraction, up to 2^53; any other \
                 number is changed with `update`"
            }
            Self::Overflow => {
                "the sum leaves the range of a counter: i64, or 2^53 if it is a float"
            }
            Self::NotAList => "to be pushed onto it must be a list",
        }
    }
}
