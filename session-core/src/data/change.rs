//! The changes that a request makes to its session, as data.

use std::borrow::Cow;
use std::sync::Arc;

use crate::data::flash::Flash;

/// One change.
///
/// Keys and flashes of a [`Map`](crate::data::map::Map) change only by applying these. So a list of changes can be applied again
/// to a newer map: this is how requests that wrote concurrently are merged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change<'a> {
    /// Sets the key to this JSON text.
    Set {
        key: Cow<'a, str>,
        value: Arc<str>,
    },
    /// As `Set`, where the text was made from the value before.
    Update {
        key: Cow<'a, str>,
        value: Arc<str>,
    },
    Remove {
        key: Cow<'a, str>,
    },
    /// Removes everything, flashes and the user included.
    Clear,
    /// Removes the flashes and all keys but these.
    KeepOnly(Vec<Cow<'a, str>>),
    /// Adds to a counter. A missing one is 0, and one that is a float stays a float.
    Increment {
        key: Cow<'a, str>,
        by: i64,
    },
    /// Appends this JSON text to a list. A missing list is empty.
    Push {
        key: Cow<'a, str>,
        item: Arc<str>,
    },
    Flash(Flash),
    /// Removes the flashes with these numbers: those that the request saw, and no later ones.
    FlashesTaken(Vec<u32>),
}

/// The reason why a change does not fit the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeMismatch {
    /// An increment of a value that is no [counter](crate::data::counter).
    NotACounter,
    /// An increment beyond the range of a counter.
    Overflow,
    /// A push onto a value that is no list.
    NotAList,
}
