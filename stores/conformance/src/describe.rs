//! What was wanted and what was answered, for messages. The vocabulary's own `Debug` shows neither versions nor users: those
//! of sessions are nobody's business, those of tests are.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::SessionInfo;

pub(crate) trait Shown {
    fn shown(&self) -> String;
}

/// Long texts and bodies by their beginning.
pub(crate) fn short(text: String) -> String {
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}.. ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

impl Shown for RecordKey {
    fn shown(&self) -> String {
        self.to_text()
    }
}

impl Shown for Record {
    fn shown(&self) -> String {
        let Self {
            version,
            expires,
            created,
            seen,
            user,
            label,
            body,
        } = self;
        let (user, label) = (short(format!("{user:?}")), short(format!("{label:?}")));
        let body = short(format!("{body:?}"));
        format!(
            "{{ version: {version}, expires: {expires}, created: {created}, seen: {seen}, user: {user}, label: {label}, \
             body: {body} }}"
        )
    }
}

impl Shown for Loaded {
    fn shown(&self) -> String {
        match self {
            Self::Live(record) => format!("Live({})", record.shown()),
            Self::Dead { .. } | Self::Absent => format!("{self:?}"),
        }
    }
}

impl Shown for Inserted {
    fn shown(&self) -> String {
        match self {
            Self::Exists(record) => format!("Exists({})", record.shown()),
            Self::Done | Self::Dead => format!("{self:?}"),
        }
    }
}

impl Shown for Updated {
    fn shown(&self) -> String {
        match self {
            Self::Conflict(record) => format!("Conflict({})", record.shown()),
            Self::Done | Self::Gone => format!("{self:?}"),
        }
    }
}

impl Shown for SessionInfo {
    fn shown(&self) -> String {
        let Self {
            key,
            created,
            seen,
            expires,
            label,
        } = self;
        let (key, label) = (key.shown(), short(format!("{label:?}")));
        format!(
            "{{ key: {key}, created: {created}, seen: {seen}, expires: {expires}, label: {label} }}"
        )
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> String {
        format!(
            "[{}]",
            self.iter().map(Shown::shown).collect::<Vec<_>>().join(", ")
        )
    }
}

macro_rules! by_debug {
    ($($type:ty)*) => { $(impl Shown for $type {
        fn shown(&self) -> String {
            format!("{self:?}")
        }
    })* };
}

by_debug! { Outcome TrimResult bool u64 usize String }
