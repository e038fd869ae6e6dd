//! Expected and actual replies as text, for failures. The `Debug` of these types hides versions and users, which are secrets
//! of real sessions; those of tests are needed to understand a failure.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::SessionInfo;

pub(crate) trait Describe {
    fn describe(&self) -> String;
}

/// Cuts long texts and bodies to their beginning.
pub(crate) fn short(text: String) -> String {
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}.. ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

impl Describe for RecordKey {
    fn describe(&self) -> String {
        self.to_text()
    }
}

impl Describe for Record {
    fn describe(&self) -> String {
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

impl Describe for Loaded {
    fn describe(&self) -> String {
        match self {
            Self::Live(record) => format!("Live({})", record.describe()),
            Self::Tombstone { .. } | Self::NotFound => format!("{self:?}"),
        }
    }
}

impl Describe for Inserted {
    fn describe(&self) -> String {
        match self {
            Self::Exists(record) => format!("Exists({})", record.describe()),
            Self::Done | Self::Tombstone => format!("{self:?}"),
        }
    }
}

impl Describe for Updated {
    fn describe(&self) -> String {
        match self {
            Self::Conflict(record) => format!("Conflict({})", record.describe()),
            Self::Done | Self::Gone => format!("{self:?}"),
        }
    }
}

impl Describe for SessionInfo {
    fn describe(&self) -> String {
        let Self {
            key,
            created,
            seen,
            expires,
            label,
        } = self;
        let (key, label) = (key.describe(), short(format!("{label:?}")));
        format!(
            "{{ key: {key}, created: {created}, seen: {seen}, expires: {expires}, label: {label} }}"
        )
    }
}

impl<T: Describe> Describe for Vec<T> {
    fn describe(&self) -> String {
        format!(
            "[{}]",
            self.iter()
                .map(Describe::describe)
                .collect::<Vec<_>>()
                .join(", ")
        )
    }
}

macro_rules! by_debug {
    ($($type:ty)*) => { $(impl Describe for $type {
        fn describe(&self) -> String {
            format!("{self:?}")
        }
    })* };
}

by_debug! { Outcome TrimResult bool u64 usize String }
